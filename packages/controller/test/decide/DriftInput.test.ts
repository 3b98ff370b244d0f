import { assert, describe, it } from "@effect/vitest"
import * as DriftInput from "@netcup-failover/controller/decide/DriftInput"
import * as GroupInput from "@netcup-failover/controller/decide/GroupInput"
import type { Account } from "@netcup-failover/core/Account"
import type { Status } from "@netcup-failover/core/FailoverIpResource"
import { HoldReason } from "@netcup-failover/core/Group"
import { ServerMapping } from "@netcup-failover/core/ServerMapping"
import { fromDeclared } from "@netcup-failover/core/Verdict"
import { address, candidate, node, resource, server } from "../Given.ts"

const [v4, v6] = [address("198.51.100.1/32"), address("2001:db8::2/64")]
const time = "2026-11-22T12:00:00.000Z"
const nodes = [1, 2].map((n) => candidate(n))

const routed = { state: "Routed", server: server(1), node: node(1) } as const
const home: Status = {
  currentNode: node(1),
  addresses: [
    { ip: `${v4}`, ...routed },
    { ip: `${v6}`, ...routed }
  ],
  conditions: [
    {
      type: "Routed",
      status: "True",
      reason: "NodeSelected",
      message: "",
      lastTransitionTime: time,
      observedGeneration: 1
    }
  ]
}
const says = (reason: string) => [
  { type: "Routed", status: "False" as const, reason, message: "", lastTransitionTime: time }
]

const accountAt = (at: number | undefined, more: Partial<Account> = {}): Account => ({
  servers: new Set([server(1), server(2)]),
  routes: new Map(at === undefined ? [] : [[v4.prefix, server(at)]]),
  ...more
})

/** What a look tells of a group's first address. */
const seen = (
  status: Status | undefined,
  account = accountAt(2),
  more: Partial<Parameters<typeof resource>[0]> = {},
  world = nodes
) => {
  const one = resource({ generation: 1, spec: { ips: [`${v4}`, `${v6}`] }, status, ...more })
  const group = { ...GroupInput.make(one, undefined, new Map()), held: undefined }
  return DriftInput.sightings(one, group, account, world)
}

const first = (...options: Parameters<typeof seen>) => seen(...options).find(({ prefix }) => prefix === v4.prefix)

describe("a look at addresses that somebody may have moved", () => {
  it("tells where one is, where it belongs, and that it was there", () => {
    assert.deepInclude(first(home), { prefix: v4.prefix, home: server(1), at: server(2), wasHome: true })
    assert.deepInclude(first(home, accountAt(undefined)), { at: undefined, wasHome: true })
    assert.isTrue(DriftInput.isSuspicious(seen(home)))
  })

  it("tells it of a node that is known by its address, too, and not of one in doubt", () => {
    const unannotated = [candidate(1, { server: undefined }), candidate(2)]
    const mapped = (mapping: ServerMapping) => accountAt(2, { mapping: new Map([[node(1), mapping]]) })
    const known = ServerMapping.Mapped({ server: server(1), by: "address" })
    assert.deepInclude(first(home, mapped(known), {}, unannotated), { home: server(1), at: server(2), wasHome: true })
    assert.deepStrictEqual(seen(home, accountAt(2), {}, unannotated), [])
    const shared = ServerMapping.Shared({ server: server(1), nodes: [node(2)] })
    assert.deepStrictEqual(seen(home, mapped(shared)), [])
  })

  it("takes for at home before only what a status has said to be there", () => {
    const was = (status: Status) => first(status)?.wasHome
    const others = (home.addresses ?? []).slice(1)
    assert.isFalse(was({ ...home, addresses: others }), "added to the spec")
    assert.isFalse(was({ ...home, addresses: [{ ip: `${v4}`, ...routed, state: "Moving" }] }))
    assert.isFalse(was({ ...home, addresses: [{ ip: `${v4}`, ...routed, node: node(2) }] }))
    // The node is another server since.
    assert.isFalse(was({ ...home, addresses: [{ ip: `${v4}`, ...routed, server: server(2) }] }))
    assert.isTrue(was({ ...home, addresses: [{ ip: `${v4}`, state: "Waiting" }], conditions: says("Drifted") }))
    assert.isTrue(was({ ...home, addresses: [{ ip: `${v4}`, state: "Waiting" }], conditions: says("Contested") }))
    assert.isFalse(was({ ...home, addresses: [{ ip: `${v4}`, state: "Waiting" }], conditions: says("RateLimited") }))
  })

  it("believes an older CRD, which keeps no addresses, of the spec that was routed alone", () => {
    const { addresses: _, ...older } = home
    assert.isTrue(first(older)?.wasHome)
    assert.isFalse(first(older, accountAt(2), { generation: 2 })?.wasHome)
  })

  it("tells nothing where the group's node has failed or is gone, nor of a way to elsewhere", () => {
    const ill = candidate(1, { verdict: fromDeclared({ ready: "False", deleting: false }) })
    assert.deepStrictEqual(seen(home, accountAt(2), {}, [ill]), [])
    assert.deepStrictEqual(seen(home, accountAt(2), {}, [candidate(2)]), [])
    assert.deepStrictEqual(seen(undefined), [])
    const attemptedAt = time
    const under: Status = {
      ...home,
      targetNode: node(2),
      moves: [{ at: time, to: node(2), reason: "x" }],
      addresses: [{ ip: `${v4}`, ...routed, attemptedAt }]
    }
    assert.deepStrictEqual(seen(under), [])
  })

  it("tells nothing of an address that may be on a server that netcup does not tell about", () => {
    assert.isUndefined(first(home, accountAt(undefined, { unread: new Set([server(2)]) })))
    assert.isDefined(first(home, accountAt(2, { unread: new Set([server(2)]) })))
  })

  it("has another mark with each act of the operator, and the same without", () => {
    const mark = (more: Parameters<typeof seen>[2]) => first(home, accountAt(2), more)?.mark
    const plain = mark({})
    assert.strictEqual(mark({}), plain)
    const acts = [
      mark({ generation: 2 }),
      mark({ annotations: { "netcup.digilol.net/retry": "1" } }),
      mark({ annotations: { "netcup.digilol.net/retry": "2" } }),
      mark({ annotations: { "netcup.digilol.net/move-to": "node-1" } })
    ]
    assert.strictEqual(new Set([plain, ...acts]).size, 5)
  })
})

describe("what placement is told", () => {
  const group = { ...GroupInput.make(resource({ status: home }), undefined, new Map()), held: undefined }
  const stray = { prefix: v4.prefix, home: server(1), away: 1, returns: [] }
  const told = (one: typeof stray | (typeof stray & { stopped: string })) =>
    DriftInput.informed(group, seen(home), new Map([[v4.prefix, one]])).strayed

  it("is what is away from this home, and whether we have stopped", () => {
    assert.deepStrictEqual(told(stray), { prefixes: [v4.prefix], contested: false })
    assert.deepStrictEqual(told({ ...stray, stopped: "a" }), { prefixes: [v4.prefix], contested: true })
    assert.isUndefined(told({ ...stray, home: server(2) }))
    assert.isUndefined(DriftInput.informed(group, seen(home), new Map()).strayed)
  })

  it("is to wait, before the ledger is read", () => {
    assert.strictEqual(DriftInput.unknown(group).held?.because._tag, HoldReason.AccountUnknown({ message: "" })._tag)
  })
})
