import { assert, describe, it } from "@effect/vitest"
import * as BegunBefore from "@netcup-failover/controller/decide/BegunBefore"
import type * as Ledger from "@netcup-failover/core/Ledger"
import { ServerMapping } from "@netcup-failover/core/ServerMapping"
import { address, candidate, node, resource, server } from "../Given.ts"

const v4 = address("198.51.100.1/32")
const v6 = address("2001:db8::/64")
const group = (targetNode?: string) =>
  resource({ spec: { ips: [`${v4}`, `${v6}`] }, status: targetNode === undefined ? {} : { targetNode } })

const entry = (id: number, { prefix } = v4, to = 2, state: Ledger.Entry["state"] = { _tag: "Intended" }) =>
  [prefix, { id, prefix, server: server(to), purpose: "Failover", intendedAt: 0, state, recorded: false }] as const

const done = { _tag: "Done", at: 0 } as const
const nodes = [candidate(1), candidate(2), candidate(3)]
const of = (entries: ReadonlyArray<ReturnType<typeof entry>>, targetNode?: string) =>
  BegunBefore.of(group(targetNode), new Map(entries), undefined, nodes)

describe("what leaders before us may have told netcup of a group", () => {
  it("is nothing while the ledger is not read, or has none of its addresses", () => {
    assert.deepStrictEqual(BegunBefore.of(group(), undefined, undefined, nodes), {})
    const other = address("198.51.100.9/32")
    assert.deepStrictEqual(of([entry(1, other)]), { last: undefined, underWay: undefined })
  })

  it("is where its newest move went, whichever address that was of", () => {
    assert.deepStrictEqual(of([entry(4, v4, 3), entry(5, v6, 2)]), { last: node(2), underWay: node(2) })
    assert.deepStrictEqual(of([entry(6, v4, 3), entry(5, v6, 2)]), { last: node(3), underWay: node(3) })
  })

  it("goes on with nothing that is done", () => {
    assert.deepStrictEqual(of([entry(1, v4, 2, done)]), { last: node(2), underWay: undefined })
    assert.deepStrictEqual(of([entry(6, v4, 2, done), entry(5, v6, 3)]), { last: node(2), underWay: node(3) })
  })

  it("is no node where none is that server, and of two that are the one that the status names", () => {
    assert.deepStrictEqual(of([entry(1, v4, 7)]), { last: undefined, underWay: undefined })
    const twins = [candidate(1, { server: server(2) }), candidate(2)]
    const begun = new Map([entry(1)])
    assert.strictEqual(BegunBefore.of(group(), begun, undefined, twins).last, node(1))
    assert.strictEqual(BegunBefore.of(group("node-2"), begun, undefined, twins).last, node(2))
  })

  it("goes by the servers that the account knows nodes to be", () => {
    const unnamed = [candidate(1), candidate(2, { server: undefined })]
    const mapping = new Map([[node(2), ServerMapping.Mapped({ server: server(2), by: "address" })]])
    const account = { servers: new Set([server(1), server(2)]), routes: new Map(), mapping }
    assert.strictEqual(BegunBefore.of(group(), new Map([entry(1)]), account, unnamed).last, node(2))
    assert.isUndefined(BegunBefore.of(group(), new Map([entry(1)]), undefined, unnamed).last)
  })
})
