import { assert, describe, it } from "@effect/vitest"
import { AccountKey } from "@netcup-failover/core/Account"
import type { Candidate } from "@netcup-failover/core/Candidate"
import { DetectionKey } from "@netcup-failover/core/detect/DetectionChoice"
import type { Group } from "@netcup-failover/core/Group"
import { plan } from "@netcup-failover/core/Plan"
import type { Verdict } from "@netcup-failover/core/Verdict"
import { destination } from "./PlanReading.ts"
import { accountA, address, candidate, newGroup, node, oneOf, type SmallWorld, server, worlds } from "./Worlds.ts"

const often = { arbitrary: { runs: 500 } }

const prefixesOf = (group: Group) => new Set(group.addresses.map(({ prefix }) => prefix))

/** The other groups of the same account with which a group has an address in common. */
const rivals = (world: SmallWorld, group: Group): ReadonlyArray<Group> =>
  world.groups.filter(
    (other) =>
      other !== group &&
      other.account === group.account &&
      [...prefixesOf(other)].some((prefix) => prefixesOf(group).has(prefix))
  )

/** The groups whose account is not known and that once had an address of this one: it may be theirs still. */
const absentees = (world: SmallWorld, group: Group): ReadonlyArray<Group> =>
  world.groups.filter(
    (other) =>
      other.account === undefined &&
      other.current !== undefined &&
      [...prefixesOf(other)].some((prefix) => prefixesOf(group).has(prefix))
  )

const twoOf = (first: Partial<Group>, second: Partial<Group>, ...texts: ReadonlyArray<string>) => {
  const [a, b] = texts
  return [
    newGroup("first", { addresses: a === undefined ? [] : [address(a)], ...first }),
    newGroup("second", { addresses: b === undefined ? [] : [address(b)], ...second })
  ]
}

const decide = (groups: ReadonlyArray<Group>) => {
  const account = { servers: new Set([server(1), server(2)]), routes: new Map() }
  const accounts = new Map([
    [accountA, account],
    [AccountKey.make("B"), account]
  ])
  return plan({ nodes: [candidate(1), candidate(2)], groups, accounts })
}

const tags = (groups: ReadonlyArray<Group>) => {
  const decisions = decide(groups)
  return groups.map(({ name }) => {
    const decision = decisions.get(name)
    return decision?._tag === "Hold" ? decision.because._tag : decision?._tag
  })
}

const own = DetectionKey.make("own")

describe("plan, groups that are held", () => {
  it.prop(
    "holds a group that is held, with its reason and until then",
    [worlds],
    ([world]) => {
      const decisions = plan(world)
      for (const { name, held } of world.groups)
        if (held !== undefined) assert.deepStrictEqual(decisions.get(name), { _tag: "Hold", ...held } as unknown, name)
    },
    often
  )

  it.prop(
    "holds a group of an account that netcup has not told about, and no other without a reason",
    [worlds],
    ([world]) => {
      const decisions = plan(world)
      for (const group of world.groups) {
        if (group.held !== undefined || rivals(world, group).length > 0 || absentees(world, group).length > 0) continue
        const decision = decisions.get(group.name)
        const because = decision?._tag === "Hold" ? decision.because._tag : undefined
        assert.strictEqual(because, world.accountOf(group) === undefined ? "AccountUnknown" : undefined, group.name)
      }
    },
    often
  )

  it.prop(
    "holds all groups of an account that have the same address, save the oldest",
    [worlds],
    ([world]) => {
      const decisions = plan(world)
      for (const group of world.groups) {
        const others = rivals(world, group)
        const all = [group, ...others]
        // Left open here: whether a resource that is invalid as written claims its addresses.
        if (others.length === 0 || group.account === undefined) continue
        if (all.some(({ held }) => held?.because._tag === "InvalidSpec")) continue
        if (all.some((one) => absentees(world, one).length > 0)) continue
        const conflictOf = ({ name }: Group) => {
          const decision = decisions.get(name)
          return decision?._tag === "Hold" && decision.because._tag === "Conflict" ? decision.because : undefined
        }
        const oldest = Math.min(...all.map(({ createdAt }) => createdAt))
        const winners = all.filter((one) => conflictOf(one) === undefined && one.held === undefined)
        assert.isAtMost(winners.length, 1)
        for (const { createdAt } of winners) assert.strictEqual(createdAt, oldest)
        const eldest = all.filter(({ createdAt }) => createdAt === oldest)
        if (eldest.length === 1) for (const one of eldest) assert.isUndefined(conflictOf(one))
        for (const conflict of all.map(conflictOf)) {
          if (conflict === undefined) continue
          const holder = eldest.find(({ name }) => name === conflict.holder)
          assert.isTrue(holder !== undefined && conflictOf(holder) === undefined)
          assert.strictEqual(conflict.prefix, "2001:db8:ffff::/64")
        }
      }
    },
    often
  )

  it.prop(
    "gives the address to the younger group once the older is gone",
    [oneOf(0, 1, 2), oneOf(0, 1, 2)],
    ([a, b]) => {
      const groups = twoOf({ createdAt: a }, { createdAt: b }, "198.51.100.1/32", "198.51.100.1/32")
      const [older, younger] = a <= b ? groups : [...groups].reverse()
      if (older === undefined || younger === undefined) return
      const both = decide(groups)
      assert.strictEqual(both.get(older.name)?._tag, "Move")
      assert.deepStrictEqual(both.get(younger.name), {
        _tag: "Hold",
        until: undefined,
        because: { _tag: "Conflict", prefix: "198.51.100.1/32", holder: older.name }
      } as unknown)
      assert.strictEqual(decide([younger]).get(younger.name)?._tag, "Move")
    }
  )

  it("sees that texts with other host bits are the same prefix", () => {
    assert.deepStrictEqual(tags(twoOf({}, { createdAt: 1 }, "2001:db8::1/64", "2001:DB8:0::2/64")), [
      "Move",
      "Conflict"
    ])
  })

  it("tells prefixes of another length or network apart", () => {
    assert.deepStrictEqual(tags(twoOf({}, {}, "2001:db8::/64", "2001:db8:0:1::/64")), ["Move", "Move"])
    assert.deepStrictEqual(tags(twoOf({}, {}, "2001:db8::1/128", "2001:db8::2/128")), ["Move", "Move"])
  })

  it("lets groups of two accounts have the same address", () => {
    const groups = twoOf({}, { account: AccountKey.make("B") }, "198.51.100.1/32", "198.51.100.1/32")
    assert.deepStrictEqual(tags(groups), ["Move", "Move"])
  })

  it("does not take two unknown accounts for the same", () => {
    const groups = twoOf({ account: undefined }, { account: undefined }, "198.51.100.1/32", "198.51.100.1/32")
    assert.deepStrictEqual(tags(groups), ["AccountUnknown", "AccountUnknown"])
  })

  it("lets an older group keep its addresses while it is held for its credentials", () => {
    const held: Group["held"] = { because: { _tag: "CredentialsError", message: "refused" }, until: undefined }
    const groups = twoOf({ held }, { createdAt: 1 }, "198.51.100.1/32", "198.51.100.1/32")
    assert.deepStrictEqual(tags(groups), ["CredentialsError", "Conflict"])
  })

  it("lets an older group keep what it had while its account is not known, and a group that never had it has no claim", () => {
    const absent = (current: Group["current"]) =>
      twoOf({ account: undefined, current }, { createdAt: 1 }, "198.51.100.1/32", "198.51.100.1/32")
    assert.deepStrictEqual(tags(absent(node(1))), ["AccountUnknown", "Conflict"])
    assert.deepStrictEqual(tags(absent(undefined)), ["AccountUnknown", "Move"])
  })

  it("holds a group whose address may be on a server that netcup does not tell about, and only such a group", () => {
    const [lost, found] = twoOf({}, {}, "198.51.100.1/32", "198.51.100.2/32")
    if (lost === undefined || found === undefined) return assert.fail("no groups")
    const routes = new Map(found.addresses.map(({ prefix }) => [prefix, server(2)] as const))
    const decideWith = (nodes: ReadonlyArray<Candidate>) => {
      const account = { servers: new Set([server(1), server(2)]), routes, unread: new Set([server(1)]) }
      return plan({ nodes, groups: [lost, found], accounts: new Map([[accountA, account]]) })
    }
    const both = decideWith([candidate(1), candidate(2)])
    assert.deepStrictEqual(both.get("first"), {
      _tag: "Hold",
      until: undefined,
      because: { _tag: "ServerUnknown", server: server(1) }
    })
    assert.strictEqual(both.get("second")?._tag, "Stay")
    // On a node that may not keep it, the address may be as it will: it moves.
    const failed = { ...candidate(1), verdict: { state: "Failed", reasons: [], changesAt: undefined } as const }
    assert.strictEqual(destination(decideWith([failed, candidate(2)]).get("first")), node(2))
  })

  it("moves nothing for a doubt about a node of which netcup tells nothing, whoever has that doubt", () => {
    const [lost] = twoOf({ detection: own }, {}, "198.51.100.1/32", "198.51.100.2/32")
    if (lost === undefined) return assert.fail("no groups")
    const suspect: Verdict = { state: "Suspect", reasons: [], changesAt: undefined }
    const account = { servers: new Set([server(1), server(2)]), routes: new Map(), unread: new Set([server(1)]) }
    const nodes = [candidate(1, { verdicts: new Map([[own, suspect]]) }), candidate(2)]
    const decision = plan({ nodes, groups: [lost], accounts: new Map([[accountA, account]]) }).get("first")
    assert.strictEqual(decision?._tag, "Hold")
  })

  it("does not find a group in conflict with itself", () => {
    const twice = newGroup("twice", { addresses: [address("2001:db8::1/64"), address("2001:db8::2/64")] })
    assert.isDefined(destination(decide([twice]).get("twice")))
  })

  it("spreads as if a group in conflict were nowhere", () => {
    const groups = twoOf(
      { createdAt: 0, current: node(2) },
      { createdAt: 1, current: node(1) },
      "198.51.100.1/32",
      "198.51.100.1/32"
    )
    const decisions = decide([...groups, newGroup("g1")])
    assert.strictEqual(destination(decisions.get("g1")), node(1))
  })
})
