import { assert, describe, it } from "@effect/vitest"
import {
  type NodeResource,
  nodes,
  toCandidate as toCandidateAfter
} from "@netcup-failover/controller/observe/NodeResource"
import { maintenanceAnnotation } from "@netcup-failover/core/Candidate"
import { type Sign, Sign as Signs } from "@netcup-failover/core/Verdict"
import * as Equal from "effect/Equal"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { between } from "../Choice.ts"
import { type NodeParts, nodeJson } from "./NodeJson.ts"

const decode = Schema.decodeUnknownResult(nodes.schema)
const toCandidate = (resource: NodeResource) => toCandidateAfter(resource, 300_000)
const read = (parts?: NodeParts): NodeResource => Result.getOrThrow(decode(nodeJson(parts)))
const identity = { name: "n", uid: "u", resourceVersion: "1" }

describe("a Node as it is decoded", () => {
  it.prop("is the same while only time goes by", [between(0, 59), between(0, 59)], ([one, other]) => {
    assert.notDeepEqual(nodeJson({ moment: 60 }), nodeJson({ moment: one }))
    assert.isTrue(Equal.equals(read({ moment: one }), read({ moment: other })))
  })

  it("is the same whatever other annotations say", () => {
    const server = { "netcup.digilol.net/server-name": "v1" }
    const other = { ...server, "projectcalico.org/IPv4Address": "203.0.113.11/24", "netcup.digilol.net/server": "v2" }
    assert.isTrue(Equal.equals(read({ annotations: server }), read({ annotations: other })))
  })

  const changes: ReadonlyArray<readonly [string, NodeParts]> = [
    ["its readiness", { ready: "False" }],
    ["its silence", { ready: "Unknown" }],
    ["its deletion", { deletionTimestamp: "2026-11-22T12:00:00Z" }],
    ["its labels", { labels: { role: "edge" } }],
    ["its server", { annotations: { "netcup.digilol.net/server-name": "v2" } }],
    ["its maintenance", { annotations: { "netcup.digilol.net/maintenance": "new disk" } }],
    ["the loss of its annotation", { annotations: {} }],
    ["its name", { name: "node-2" }],
    ["a cordon", { unschedulable: true }],
    ["a taint", { taints: [] }],
    ["its addresses", { addresses: [{ type: "InternalIP", address: "203.0.113.12" }] }],
    ["its provider's id", { providerID: "netcup://v2" }],
    ["pressure", { pressures: ["DiskPressure"] }],
    ["since when it is ready", { readySince: "2026-11-22T12:00:00Z" }],
    ["its address", { addresses: [{ type: "InternalIP", address: "203.0.113.12" }] }],
    ["the port of its kubelet", { kubeletPort: 10_251 }]
  ]
  for (const [what, parts] of changes) {
    it(`tells ${what}`, () => {
      assert.isFalse(Equal.equals(read(), read(parts)))
    })
  }

  it("may lack everything but its identity", () => {
    assert.isTrue(Result.isSuccess(decode({ metadata: identity })))
    assert.isTrue(Result.isSuccess(decode({ metadata: identity, status: {} })))
    const conditions = [{ type: "example.com/Disk", status: "", lastTransitionTime: null }]
    assert.isTrue(Result.isSuccess(decode({ metadata: identity, status: { conditions } })))
  })

  const broken: ReadonlyArray<readonly [string, unknown]> = [
    ["nothing", null],
    ["no metadata", {}],
    ["an empty name", { metadata: { ...identity, name: "" } }],
    ["no version", { metadata: { name: "n", uid: "u" } }],
    ["labels that are no texts", { metadata: { ...identity, labels: { a: 1 } } }],
    [
      "an annotation that is no text",
      { metadata: { ...identity, annotations: { "netcup.digilol.net/server-name": 1 } } }
    ],
    ["a maintenance that is no text", { metadata: { ...identity, annotations: { [maintenanceAnnotation]: true } } }],
    [
      "a condition whose status is no text",
      { metadata: identity, status: { conditions: [{ type: "Ready", status: true }] } }
    ]
  ]
  for (const [what, json] of broken) {
    it(`is refused with ${what}`, () => {
      assert.isTrue(Result.isFailure(decode(json)))
    })
  }
})

describe("a Node as a candidate", () => {
  it("has its name, its server, its labels and is healthy", () => {
    const candidate = toCandidate(read())
    assert.deepStrictEqual<unknown>(candidate, {
      name: "node-1",
      server: "v1",
      labels: { "kubernetes.io/hostname": "node-1", "node-role.kubernetes.io/control-plane": "" },
      verdict: { state: "Healthy", reasons: [], changesAt: undefined },
      names: ["node-1", "v1"],
      addresses: ["203.0.113.11"],
      settledAt: Date.parse("2026-11-20T07:05:00Z")
    })
  })

  it("is called by its name, its host names and what its provider's id names, and has public addresses only", () => {
    const { names, addresses } = toCandidate(
      Result.getOrThrow(
        decode({
          metadata: { ...identity, name: "worker-1" },
          spec: { providerID: "netcup://nuremberg/v2" },
          status: {
            addresses: [
              { type: "InternalIP", address: "10.0.0.2" },
              { type: "InternalIP", address: "2001:0db8:100:2::0010" },
              { type: "ExternalIP", address: "203.0.113.2" },
              { type: "ExternalIP", address: "no address" },
              { type: "Hostname", address: "worker-1" },
              { type: "ExternalDNS", address: "v2.servers.example" }
            ]
          }
        })
      )
    )
    assert.deepStrictEqual(names, ["worker-1", "v2.servers.example", "v2"])
    assert.deepStrictEqual(addresses, ["2001:db8:100:2::10", "203.0.113.2"])
  })

  it("settles for a time after it became ready, as it says itself, if it says that and is", () => {
    const settledAt = (parts: NodeParts) => toCandidateAfter(read(parts), 1_000).settledAt
    assert.strictEqual(settledAt({ readySince: "2026-11-22T12:00:00Z" }), Date.parse("2026-11-22T12:00:01Z"))
    assert.isUndefined(settledAt({ readySince: "lately" }))
    assert.isUndefined(settledAt({ ready: "Unknown" }))
  })

  it("shows what weakly speaks against it", () => {
    const { pressures, cordoned, leaving } = toCandidate(read())
    assert.deepStrictEqual([pressures, cordoned, leaving], [undefined, undefined, undefined])
    assert.isTrue(toCandidate(read({ unschedulable: true })).cordoned)
    assert.isUndefined(toCandidate(read({ unschedulable: false })).cordoned)
    const all = ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"]
    for (const one of all) assert.deepStrictEqual(toCandidate(read({ pressures: [one] })).pressures, [one])
    assert.deepStrictEqual(toCandidate(read({ pressures: all })).pressures, all)
    assert.strictEqual(toCandidate(read({ unschedulable: true, pressures: all })).verdict.state, "Healthy")
  })

  it("is out of service, or about to go, by the taints that say so and by no others", () => {
    for (const taint of ["node.kubernetes.io/out-of-service", "node.cloudprovider.kubernetes.io/shutdown"]) {
      const { state, reasons } = toCandidate(read({ taints: ["x", taint] })).verdict
      assert.deepStrictEqual<unknown>({ state, reasons }, { state: "Failed", reasons: [Signs.OutOfService({ taint })] })
    }
    const going = toCandidate(read({ taints: ["ToBeDeletedByClusterAutoscaler"] }))
    assert.strictEqual(going.verdict.state, "Healthy")
    assert.strictEqual(going.leaving, "ToBeDeletedByClusterAutoscaler")
    const where = [
      "node-role.kubernetes.io/control-plane",
      "node.kubernetes.io/unschedulable",
      "DeletionCandidateOfClusterAutoscaler"
    ]
    assert.deepStrictEqual(toCandidate(read({ taints: where })), toCandidate(read()))
  })

  for (const [text, server] of [
    ["v1234567890123456789", "v1234567890123456789"],
    [" v1\n", "v1"],
    ["", undefined],
    [" \t\n", undefined]
  ] as const) {
    it(`annotated with ${JSON.stringify(text)} is ${server ?? "no server"}`, () => {
      const { server: found } = toCandidate(read({ annotations: { "netcup.digilol.net/server-name": text } }))
      assert.strictEqual<string | undefined>(found, server)
    })
  }

  const long = "🔧".repeat(119)
  for (const [text, note] of [
    ["new disk", "new disk"],
    [" new\n disk\t", "new disk"],
    ["true", "true"],
    [`${long}12`, `${long}…`],
    [`${long}1`, `${long}1`],
    ["", undefined],
    [" \n", undefined],
    [" false ", undefined]
  ] as const) {
    it(`annotated with maintenance ${JSON.stringify(text)} is in ${note === undefined ? "none" : "one"}`, () => {
      const { state, reasons } = toCandidate(read({ annotations: { [maintenanceAnnotation]: text } })).verdict
      const expected = note === undefined ? [] : [Signs.Maintenance({ note })]
      assert.deepStrictEqual(
        { state, reasons },
        { state: note === undefined ? "Healthy" : "Failed", reasons: expected }
      )
    })
  }

  it("without the annotation is no server", () => {
    assert.isUndefined(toCandidate(read({ annotations: {} })).server)
    assert.isUndefined(toCandidate(Result.getOrThrow(decode({ metadata: identity }))).server)
  })

  const verdicts: ReadonlyArray<readonly [string, NodeParts, ReadonlyArray<Sign>]> = [
    ["not ready", { ready: "False" }, [Signs.NotReady()]],
    ["silent", { ready: "Unknown" }, [Signs.Silent()]],
    ["being deleted", { deletionTimestamp: "2026-11-22T12:00:00Z" }, [Signs.Deleting()]],
    [
      "being deleted while silent",
      { ready: "Unknown", deletionTimestamp: "2026-11-22T12:00:00Z" },
      [Signs.Deleting(), Signs.Silent()]
    ]
  ]
  for (const [what, parts, reasons] of verdicts) {
    it(`that is ${what} has failed`, () => {
      assert.deepStrictEqual(toCandidate(read(parts)).verdict, { state: "Failed", reasons, changesAt: undefined })
    })
  }

  for (const status of ["true", "", "Maybe"]) {
    it(`whose readiness is ${JSON.stringify(status)} is silent: anybody may write conditions`, () => {
      const conditions = [
        { type: "Example", status: "fine" },
        { type: "Ready", status }
      ]
      assert.deepStrictEqual(
        toCandidate(Result.getOrThrow(decode({ metadata: identity, status: { conditions } }))).verdict,
        {
          state: "Failed",
          reasons: [Signs.Silent()],
          changesAt: undefined
        }
      )
    })
  }

  it("is judged by its readiness alone, whatever other conditions say", () => {
    const conditions = [
      { type: "Example", status: "broken in a new way" },
      { type: "Ready", status: "True" }
    ]
    assert.strictEqual(
      toCandidate(Result.getOrThrow(decode({ metadata: identity, status: { conditions } }))).verdict.state,
      "Healthy"
    )
  })

  for (const status of [
    undefined,
    {},
    { conditions: [] },
    { conditions: [{ type: "DiskPressure", status: "True" }] }
  ]) {
    it(`that has not reported yet has failed (status ${JSON.stringify(status)})`, () => {
      const candidate = toCandidate(Result.getOrThrow(decode({ metadata: identity, ...(status && { status }) })))
      assert.deepStrictEqual(candidate.verdict.reasons, [Signs.NeverReady()])
      assert.strictEqual(candidate.verdict.state, "Failed")
    })
  }
})
