import { assert, describe, it } from "@effect/vitest"
import { groups } from "@netcup-failover/controller/observe/GroupResource"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const decode = Schema.decodeUnknownResult(groups.schema)
const metadata = {
  name: "primary",
  uid: "u",
  resourceVersion: "7",
  generation: 2,
  creationTimestamp: "2026-11-22T08:00:00Z"
}
const spec = { ips: ["198.51.100.1/32"], credentialsSecret: { name: "s", namespace: "netcup-system" } }

describe("a group as it is decoded", () => {
  it("has the status that it has", () => {
    const status = { currentNode: "node-1", addresses: [{ ip: "198.51.100.1/32", state: "Routed" }] }
    assert.deepStrictEqual<unknown>(Result.getOrThrow(decode({ metadata, spec, status })), { metadata, spec, status })
    assert.deepStrictEqual<unknown>(Result.getOrThrow(decode({ metadata, spec, status: {} })), {
      metadata,
      spec,
      status: {}
    })
  })

  for (const status of [
    null,
    "fine",
    { currentNode: 1 },
    { currentNode: "node-1", addresses: [{ ip: "198.51.100.1/32", state: "Hovering" }] },
    { currentNode: "node-1", conditions: {} }
  ]) {
    it(`is looked after as if it had none with a status of ${JSON.stringify(status)}`, () => {
      assert.deepStrictEqual<unknown>(Result.getOrThrow(decode({ metadata, spec, status })), { metadata, spec })
    })
  }

  for (const [what, json] of [
    ["no spec", { metadata }],
    ["a spec without addresses", { metadata, spec: { credentialsSecret: spec.credentialsSecret } }],
    ["no generation", { metadata: { ...metadata, generation: undefined }, spec }]
  ] as const) {
    it(`is refused with ${what}`, () => {
      assert.isTrue(Result.isFailure(decode(json)))
    })
  }
})
