import { assert, describe, it } from "@effect/vitest"
import { nodes } from "@netcup-failover/controller/observe/NodeResource"
import * as ProbeTarget from "@netcup-failover/controller/observe/ProbeTarget"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type NodeParts, nodeJson } from "./NodeJson.ts"

const decode = Schema.decodeUnknownSync(nodes.schema)
type Options = Parameters<typeof ProbeTarget.of>[1]

const standard: Options = { probeAddressTypes: ["InternalIP", "ExternalIP"], probePort: Option.none() }
const of = (parts: NodeParts, options = standard) => ProbeTarget.of(decode(nodeJson(parts)), options)

const address = (type: string, address: string) => ({ type, address })
const all = [
  address("Hostname", "node-1"),
  address("ExternalIP", "203.0.113.11"),
  address("InternalIP", "10.0.0.11"),
  address("InternalIP", "fd00::11")
]

describe("where nodes are probed", () => {
  it("is told of those that have an address", () => {
    const one = decode(nodeJson({ name: "one" }))
    const none = decode(nodeJson({ name: "none", addresses: [] }))
    assert.deepStrictEqual<unknown>(
      [...ProbeTarget.all([one, none], standard)],
      [["one", { host: "203.0.113.11", port: 10_250 }]]
    )
  })
})

describe("where a node is probed", () => {
  for (const [what, parts, options, expected] of [
    ["is its first address of the first type", { addresses: all }, standard, { host: "10.0.0.11", port: 10_250 }],
    [
      "is of the type that is asked for first",
      { addresses: all },
      { ...standard, probeAddressTypes: ["ExternalIP", "InternalIP"] },
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
      { ...standard, probePort: Option.some(22) },
      { host: "203.0.113.11", port: 22 }
    ],
    ["is nowhere without addresses", { addresses: [] }, standard, undefined],
    ["is nowhere when no type fits", { addresses: all }, { ...standard, probeAddressTypes: [] }, undefined],
    [
      "is never a name: it would need DNS",
      { addresses: [address("InternalIP", "node-1.example"), address("InternalIP", "10.0.0.1")] },
      standard,
      { host: "10.0.0.1", port: 10_250 }
    ]
  ] as ReadonlyArray<readonly [string, NodeParts, Options, ProbeTarget.ProbeTarget | undefined]>) {
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
