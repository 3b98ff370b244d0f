import { assert, describe, it } from "@effect/vitest"
import type { Candidate } from "@netcup-failover/core/Candidate"
import * as Preference from "@netcup-failover/core/Preference"
import * as Arbitrary from "effect/Arbitrary"
import { candidate, newGroup, oneOf } from "./Worlds.ts"

const now = 1_000
const group = newGroup("g1")
const groupWithWeights = newGroup("g4", {
  preferences: [
    { weight: 2, nodeSelector: { matchLabels: { role: "a" } } },
    { weight: 3, nodeSelector: { matchLabels: { zone: "a" } } },
    { weight: 1, nodeSelector: { matchLabels: { zone: "b" } } }
  ]
})
const { andThen, by, indifferent, tiers } = Preference
const letters = (text = "") => text.charCodeAt(0) || 0
const byLabel = (key: string): Preference.Preference => by(key, ({ labels }) => -letters(labels[key]))
/** Prefers the node that the group is on: an order that depends on the group. */
const atHome = by("at home", ({ name }, { current }) => (name === current ? 1 : 0))

const preferences = oneOf(
  indifferent,
  byLabel("role"),
  byLabel("zone"),
  atHome,
  Preference.settled,
  Preference.unpressed,
  Preference.uncordoned,
  Preference.weighted
)
const nodes = oneOf(
  candidate(1),
  candidate(2, { labels: { role: "a" } }),
  candidate(3, { labels: { role: "a", zone: "b" } }),
  candidate(4, { labels: { role: "b", zone: "a" } }),
  candidate(5, { labels: { role: "a" }, cordoned: true, settledAt: now + 1 }),
  candidate(6, { pressures: ["DiskPressure"], settledAt: now })
)
const groups = oneOf(
  group,
  newGroup("g2", { current: candidate(2).name }),
  newGroup("g3", { current: candidate(4).name }),
  groupWithWeights
)

describe("a preference", () => {
  it.prop(
    "is a monoid: nested as one likes, and indifferent changes nothing",
    [preferences, preferences, preferences, groups, nodes, nodes],
    ([a, b, c, group, x, y]) => {
      const [left, right] = [andThen(andThen(a, b), c), andThen(a, andThen(b, c))]
      assert.strictEqual(left.order(group, now)(x, y), right.order(group, now)(x, y))
      assert.strictEqual(left.name, right.name)
      for (const same of [andThen(a, indifferent), andThen(indifferent, a)]) {
        assert.strictEqual(same.order(group, now)(x, y), a.order(group, now)(x, y))
        assert.strictEqual(same.name, a.name)
      }
    }
  )

  it.prop(
    "decides alone unless it is indifferent, then the next one does",
    [preferences, preferences, groups, nodes, nodes],
    ([a, b, group, x, y]) => {
      const first = a.order(group, now)(x, y)
      assert.strictEqual(andThen(a, b).order(group, now)(x, y), first === 0 ? b.order(group, now)(x, y) : first)
    }
  )

  it.prop(
    "stays an order when composed: turned around for turned arguments, and transitive",
    [preferences, preferences, groups, nodes, nodes, nodes],
    ([a, b, group, x, y, z]) => {
      const order = andThen(a, b).order(group, now)
      assert.strictEqual(order(x, y), order(y, x) === 0 ? 0 : -order(y, x))
      assert.strictEqual(order(x, x), 0)
      if (order(x, y) <= 0 && order(y, z) <= 0) assert.isAtMost(order(x, z), 0)
    }
  )

  it.prop(
    "names the part by which a node is less preferred: the first that tells the two apart",
    [preferences, preferences, groups, nodes, nodes],
    ([a, b, group, x, y]) => {
      const by = [a, b].find((one) => one.order(group, now)(x, y) !== 0)
      const expected = by !== undefined && by.order(group, now)(x, y) > 0 ? by.name : undefined
      assert.strictEqual(Preference.against(andThen(a, b), group, now, x, y), expected)
    }
  )

  it.prop("that is indifferent ranks all nodes alike", [groups, nodes, nodes], ([group, x, y]) => {
    assert.strictEqual(indifferent.order(group, now)(x, y), 0)
  })

  const best = (preference: Preference.Preference, ...among: ReadonlyArray<Candidate>) =>
    [...among].sort(preference.order(groupWithWeights, now)).map(({ name }) => name)
  const [one, two] = [candidate(1), candidate(2)]

  it("for settled nodes turns when their time has come, and needs to know the time", () => {
    const late = candidate(1, { settledAt: now + 1 })
    assert.deepStrictEqual(best(Preference.settled, late, two), [two.name, late.name])
    assert.deepStrictEqual(best(Preference.settled, candidate(1, { settledAt: now }), two), [one.name, two.name])
    assert.strictEqual(Preference.settled.order(group, undefined)(late, two), 0)
  })

  it("for nodes without pressure and cordon puts the others last", () => {
    const pressed = candidate(1, { pressures: ["MemoryPressure"] })
    assert.deepStrictEqual(best(Preference.unpressed, pressed, two), [two.name, one.name])
    assert.strictEqual(Preference.unpressed.order(group, now)(candidate(1, { pressures: [] }), two), 0)
    assert.deepStrictEqual(best(Preference.uncordoned, candidate(1, { cordoned: true }), two), [two.name, one.name])
    assert.strictEqual(Preference.uncordoned.order(group, now)(candidate(1, { cordoned: false }), two), 0)
  })

  it("of the user adds up the weights of what matches, and more is better", () => {
    const role = candidate(3, { labels: { role: "a" } })
    const zone = candidate(4, { labels: { zone: "a" } })
    const both = candidate(5, { labels: { role: "a", zone: "b" } })
    assert.deepStrictEqual(
      best(Preference.weighted, one, role, both, zone),
      [both, zone, role, one].map(({ name }) => name)
    )
    assert.strictEqual(Preference.weighted.order(groupWithWeights, now)(zone, both), 0)
  })

  it("names itself by its parts", () => {
    assert.strictEqual(andThen(byLabel("role"), andThen(indifferent, atHome)).name, "role, then at home")
  })

  it.prop("prefers the higher score", [nodes, nodes], ([x, y]) => {
    const length = by("more labels", ({ labels }) => Object.keys(labels).length)
    const [a, b] = [x, y].map(({ labels }) => Object.keys(labels).length)
    assert.strictEqual(length.order(group, now)(x, y) < 0, (a ?? 0) > (b ?? 0))
  })

  it.prop(
    "has tiers: all nodes, those of one tier as good as each other, and each tier better than the next",
    [preferences, groups, Arbitrary.array(nodes, { maxLength: 6 })],
    ([a, group, drawn]) => {
      const order = a.order(group, now)
      const all = [...new Set(drawn)]
      const found = tiers(order, all)
      assert.deepStrictEqual(found.flat().toSorted(), all.map(({ name }) => name).toSorted())
      const tierOf = (one: (typeof all)[number]) => found.findIndex((tier) => tier.includes(one.name))
      for (const x of all)
        for (const y of all) assert.strictEqual(Math.sign(tierOf(x) - tierOf(y)), order(x, y), `${x.name} ${y.name}`)
      assert.isTrue(found.every((tier) => tier.length > 0))
    }
  )
})
