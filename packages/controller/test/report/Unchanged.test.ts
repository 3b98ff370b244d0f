import { assert, describe, it } from "@effect/vitest"
import * as Unchanged from "@netcup-failover/controller/report/Unchanged"
import type { Account } from "@netcup-failover/core/Account"
import { Decision } from "@netcup-failover/core/Plan"
import { ServerMapping } from "@netcup-failover/core/ServerMapping"
import { fromDeclared } from "@netcup-failover/core/Verdict"
import { address, candidate, node, resource, server } from "../Given.ts"

const one = address("198.51.100.1/32")
const on = (n: number): Account => ({
  servers: new Set([server(1), server(2)]),
  routes: new Map([[one.prefix, server(n)]])
})
const status = { currentNode: "node-1", observedGeneration: 1 }
const notices: ReadonlyArray<string> = []

const heldNode = candidate(1, { verdict: { ...fromDeclared({ ready: "Unknown", deleting: false }), guarded: true } })

const situation = {
  resource: resource({ status }),
  addresses: [one],
  decision: Decision.Stay({ node: node(1) }),
  attempts: new Map(),
  account: on(1),
  nodes: [candidate(1), candidate(2)],
  notices,
  now: 0
}

const noted = (of = situation, stored: object = status) => {
  const unchanged = Unchanged.make()
  unchanged.note(of, { ...status, ...stored })
  return unchanged
}

describe("a group that stays and whose status is stored", () => {
  it("has nothing to report while all that its status is made from is the same", () => {
    const unchanged = noted()
    assert.isTrue(unchanged.is(situation))
    assert.isTrue(unchanged.is({ ...situation, account: { ...on(1) } }))
  })

  const changes = {
    "its resource": { resource: resource({ status }) },
    "where it stays": { decision: Decision.Stay({ node: node(2) }) },
    "what is decided": { decision: Decision.Move({ to: node(2), because: { _tag: "Pinned" } }) },
    "what is set aside": { decision: Decision.Stay({ node: node(1), setAside: ["spread"] }) },
    "where its addresses are": { account: on(2) },
    "what is known of its account": { account: undefined },
    "what an operator should know": { notices: ["the password is old"] },
    "its workload": { workload: { _tag: "Unreadable", message: "pods is forbidden" } as const },
    "the guard's holding of its node": { nodes: [heldNode, candidate(2)] },
    "which server a node is": { nodes: [candidate(1), { ...candidate(2), server: server(3) }] },
    "what a node's addresses say of its server": {
      account: { ...on(1), mapping: new Map([[node(2), ServerMapping.Unmapped()]]) }
    },
    "the minute": { now: 60_000 }
  }
  for (const [what, change] of Object.entries(changes)) {
    it(`has something to report when ${what} has changed`, () => {
      assert.isFalse(noted().is({ ...situation, ...change }))
    })
  }

  it("has something to report when it is forgotten", () => {
    const unchanged = noted()
    unchanged.retain(new Set())
    assert.isFalse(unchanged.is(situation))
  })

  it("has something to report as long as another status is stored", () => {
    assert.isFalse(noted(situation, { currentNode: "node-2" }).is(situation))
  })
})
