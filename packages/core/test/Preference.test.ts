import { assert, describe, it } from "@effect/vitest"
import * as Preference from "@netcup-failover/core/Preference"
import * as Order from "effect/Order"
import { candidate, newGroup, oneOf } from "./Worlds.ts"

const group = newGroup("g1")
const byLabel =
  (key: string): Preference.Preference =>
  () =>
    Order.mapInput(Order.String, ({ labels }) => labels[key] ?? "")
/** Prefers the node that the group is on: an order that depends on the group. */
const atHome: Preference.Preference = ({ current }) => Order.mapInput(Order.Boolean, ({ name }) => name !== current)

const preferences = oneOf(Preference.indifferent, byLabel("role"), byLabel("zone"), atHome)
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
const { andThen, indifferent } = Preference

describe("a preference", () => {
  it.prop(
    "is a monoid: nested as one likes, and indifferent changes nothing",
    [preferences, preferences, preferences, groups, nodes, nodes],
    ([a, b, c, group, x, y]) => {
      assert.strictEqual(andThen(andThen(a, b), c)(group)(x, y), andThen(a, andThen(b, c))(group)(x, y))
      assert.strictEqual(andThen(a, indifferent)(group)(x, y), a(group)(x, y))
      assert.strictEqual(andThen(indifferent, a)(group)(x, y), a(group)(x, y))
    }
  )

  it.prop(
    "decides alone unless it is indifferent, then the next one does",
    [preferences, preferences, groups, nodes, nodes],
    ([a, b, group, x, y]) => {
      const first = a(group)(x, y)
      assert.strictEqual(andThen(a, b)(group)(x, y), first === 0 ? b(group)(x, y) : first)
    }
  )

  it.prop(
    "stays an order when composed: turned around for turned arguments, and transitive",
    [preferences, preferences, groups, nodes, nodes, nodes],
    ([a, b, group, x, y, z]) => {
      const order = andThen(a, b)(group)
      assert.strictEqual(order(x, y), order(y, x) === 0 ? 0 : -order(y, x))
      assert.strictEqual(order(x, x), 0)
      if (order(x, y) <= 0 && order(y, z) <= 0) assert.isAtMost(order(x, z), 0)
    }
  )

  it.prop("that is indifferent ranks all nodes alike", [groups, nodes, nodes], ([group, x, y]) => {
    assert.strictEqual(indifferent(group)(x, y), 0)
  })
})
