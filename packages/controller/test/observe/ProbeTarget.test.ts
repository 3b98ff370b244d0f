import { assert, describe, it } from "@effect/vitest"
import { nodes } from "@netcup-failover/controller/observe/NodeResource"
import * as ProbeTarget from "@netcup-failover/controller/observe/ProbeTarget"
import { Settings } from "@netcup-failover/controller/Settings"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { settingsOf } from "../TestSettings.ts"
import { type NodeParts, nodeJson } from "./NodeJson.ts"

const decode = Schema.decodeUnknownSync(nodes.schema)
const standard: ProbeTarget.ProbeTargetOptions = { types: ["InternalIP", "ExternalIP"] }
const of = (parts: NodeParts, options = standard) => ProbeTarget.of(decode(nodeJson(parts)), options)

const address = (type: string, address: string) => ({ type, address })
const all = [
  address("Hostname", "node-1"),
  address("ExternalIP", "203.0.113.11"),
  address("InternalIP", "10.0.0.11"),
  address("InternalIP", "fd00::11")
]

describe("where a node is probed", () => {
  for (const [what, parts, options, expected] of [
    ["is its first address of the first type", { addresses: all }, standard, { host: "10.0.0.11", port: 10_250 }],
    [
      "is of the type that is asked for first",
      { addresses: all },
      { types: ["ExternalIP", "InternalIP"] },
      { host: "203.0.113.11", port: 10_250 }
    ],
    [
      "is of another type when it has none of the first",
      { addresses: [address("ExternalIP", "203.0.113.11")] },
      standard,
      { host: "203.0.113.11", port: 10_250 }
    ],
    [
      "may be IPv6",
      { addresses: [address("InternalIP", "2001:db8::11")] },
      standard,
      { host: "2001:db8::11", port: 10_250 }
    ],
    ["is the port of its kubelet", { kubeletPort: 10_260 }, standard, { host: "203.0.113.11", port: 10_260 }],
    [
      "is the standard port while the kubelet has not said",
      { kubeletPort: 0 },
      standard,
      { host: "203.0.113.11", port: 10_250 }
    ],
    [
      "is the standard port when what it says is none",
      { kubeletPort: 70_000 },
      standard,
      { host: "203.0.113.11", port: 10_250 }
    ],
    [
      "is the port that is set for all",
      { kubeletPort: 10_260 },
      { ...standard, port: 22 },
      { host: "203.0.113.11", port: 22 }
    ],
    ["is nowhere without addresses", { addresses: [] }, standard, undefined],
    ["is nowhere when no type fits", { addresses: all }, { types: [] }, undefined],
    [
      "is never a name: it would need DNS",
      { addresses: [address("InternalIP", "node-1.example"), address("InternalIP", "10.0.0.1")] },
      standard,
      { host: "10.0.0.1", port: 10_250 }
    ]
  ] as ReadonlyArray<
    readonly [string, NodeParts, ProbeTarget.ProbeTargetOptions, ProbeTarget.ProbeTarget | undefined]
  >) {
    it(what, () => {
      assert.deepStrictEqual(of(parts, options), expected)
    })
  }

  it("is nowhere before the node has reported", () => {
    const identity = { name: "n", uid: "u", resourceVersion: "1" }
    assert.isUndefined(ProbeTarget.of(decode({ metadata: identity }), standard))
    assert.isUndefined(ProbeTarget.of(decode({ metadata: identity, status: { daemonEndpoints: {} } }), standard))
  })
})

describe("the settings of probes", () => {
  const read = (environment: Readonly<Record<string, string>>) =>
    Effect.result(Effect.provide(Settings, settingsOf(environment)))

  it.effect("have defaults", () =>
    Effect.gen(function* () {
      const settings = yield* Effect.provide(Settings, settingsOf())
      assert.deepStrictEqual(settings.probeAddressTypes, ["InternalIP", "ExternalIP"])
      assert.isTrue(Option.isNone(settings.probePort))
      assert.strictEqual(settings.probes, "On")
    })
  )

  it.effect("take types in any order, with blanks", () =>
    Effect.gen(function* () {
      const settings = yield* Effect.provide(
        Settings,
        settingsOf({ PROBE_ADDRESS_TYPES: "ExternalIP, InternalIP", PROBE_PORT: "22" })
      )
      assert.deepStrictEqual(settings.probeAddressTypes, ["ExternalIP", "InternalIP"])
      assert.deepStrictEqual(settings.probePort, Option.some(22))
    })
  )

  for (const [name, value] of [
    ["PROBE_ADDRESS_TYPES", "Hostname"],
    ["PROBE_ADDRESS_TYPES", "InternalIP,"],
    ["PROBE_PORT", "0"],
    ["PROBE_PORT", "65536"],
    ["PROBE_PORT", "https"],
    ["PROBE_INTERVAL", "0s"],
    ["PROBE_CONCURRENCY", "0"],
    ["PROBES", "Maybe"]
  ] as const) {
    it.effect(`refuse ${name}=${value}, by its name`, () =>
      Effect.gen(function* () {
        const result = yield* read({ [name]: value })
        assert.strictEqual(result._tag, "Failure")
        if (result._tag === "Failure") assert.include(result.failure.message, name)
      })
    )
  }
})
