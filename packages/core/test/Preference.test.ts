import { assert, describe, it } from "@effect/vitest"
import * as Preference from "@netcup-failover/core/Preference"
import * as Arbitrary from "effect/Arbitrary"
import { candidate, newGroup, oneOf } from "./Worlds.ts"

const group = newGroup("g1")
const { andThen, by, indifferent, tiers } = Preference
const letters = (text = "") => text.charCodeAt(0) || 0
const byLabel = (key: string): Preference.Preference => by(key, ({ labels }) => -letters(labels[key]))
/** Prefers the node that the group is on: an order that depends on the group. */
const atHome = by("at home", ({ name }, { current }) => (name === current ? 1 : 0))

const preferences = oneOf(indifferent, byLabel("role"), byLabel("zone"), atHome)
const nodes = oneOf(
  candidate(1),
  candidate(2, { labels: { role: "a" } }),
  candidate(3, { labels: { role: "a", zone: "b" } }),
  candidate(4, { labels: { role: "b", zone: "a" } })
)
const groups = oneOf(
  group,
  newGroup("g2", { current: candidate(2).name }),
  newGroup("g3", { current: candidate(4).name })
)

describe("a preference", () => {
  it.prop(
    "is a monoid: nested as one likes, and indifferent changes nothing",
    [preferences, preferences, preferences, groups, nodes, nodes],
    ([a, b, c, group, x, y]) => {
      const [left, right] = [andThen(andThen(a, b), c), andThen(a, andThen(b, c))]
      assert.strictEqual(left.order(group)(x, y), right.order(group)(x, y))
      assert.strictEqual(left.name, right.name)
      for (const same of [andThen(a, indifferent), andThen(indifferent, a)]) {
        assert.strictEqual(same.order(group)(x, y), a.order(group)(x, y))
        assert.strictEqual(same.name, a.name)
      }
    }
  )

  it.prop(
    "decides alone unless it is indifferent, then the next one does",
    [preferences, preferences, groups, nodes, nodes],
    ([a, b, group, x, y]) => {
      const first = a.order(group)(x, y)
      assert.strictEqual(andThen(a, b).order(group)(x, y), first === 0 ? b.order(group)(x, y) : first)
    }
  )

  it.prop(
    "stays an order when composed: turned around for turned arguments, and transitive",
    [preferences, preferences, groups, nodes, nodes, nodes],
    ([a, b, group, x, y, z]) => {
      const order = andThen(a, b).order(group)
      assert.strictEqual(order(x, y), order(y, x) === 0 ? 0 : -order(y, x))
      assert.strictEqual(order(x, x), 0)
      if (order(x, y) <= 0 && order(y, z) <= 0) assert.isAtMost(order(x, z), 0)
    }
  )

  it.prop("that is indifferent ranks all nodes alike", [groups, nodes, nodes], ([group, x, y]) => {
    assert.strictEqual(indifferent.order(group)(x, y), 0)
  })

  it("names itself by its parts", () => {
    assert.strictEqual(andThen(byLabel("role"), andThen(indifferent, atHome)).name, "role, then at home")
  })

  it.prop("prefers the higher score", [nodes, nodes], ([x, y]) => {
    const length = by("more labels", ({ labels }) => Object.keys(labels).length)
    const [a, b] = [x, y].map(({ labels }) => Object.keys(labels).length)
    assert.strictEqual(length.order(group)(x, y) < 0, (a ?? 0) > (b ?? 0))
  })

  it.prop(
    "has tiers: all nodes, those of one tier as good as each other, and each tier better than the next",
    [preferences, groups, Arbitrary.array(nodes, { maxLength: 6 })],
    ([a, group, drawn]) => {
      const order = a.order(group)
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
