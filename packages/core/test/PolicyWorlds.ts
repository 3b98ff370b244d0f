/**
 * Small worlds whose groups have policies and pins, and whose nodes show weak signs, at the time {@link now}.
 */
import type { Candidate } from "@netcup-failover/core/Candidate"
import type { Group, WeightedSelector } from "@netcup-failover/core/Group"
import * as Arbitrary from "effect/Arbitrary"
import { accountA, node, oneOf, openWorlds, type SmallWorld, server, usually, worlds } from "./Worlds.ts"

export const now = 1_000_000

const weights = (...edgeCoreZone: ReadonlyArray<number>): ReadonlyArray<WeightedSelector> =>
  [{ role: "edge" }, { role: "core" }, { zone: "a" }].flatMap((matchLabels, i) => {
    const weight = edgeCoreZone[i] ?? 0
    return weight === 0 ? [] : [{ weight, nodeSelector: { matchLabels } }]
  })

const choices = oneOf<ReadonlyArray<WeightedSelector> | undefined>(
  undefined,
  weights(10),
  weights(0, 10),
  weights(5, 0, 1),
  weights(1, 1, 2)
)

/** The part of a group that its user chooses: plain, or not. */
export const wishes = Arbitrary.map(
  Arbitrary.all({
    preferences: choices,
    failback: oneOf<Group["failback"]>(undefined, "WhenPreferred", "WhenPreferred", "Never"),
    rebalance: oneOf<Group["rebalance"]>(undefined, "WhenUneven", "WhenUneven", "Never"),
    pin: usually(undefined, 1, 2, 6)
  }),
  ({ preferences, failback, rebalance, pin }): Partial<Group> => ({
    ...(preferences === undefined ? {} : { preferences }),
    ...(failback === undefined ? {} : { failback }),
    ...(rebalance === undefined ? {} : { rebalance }),
    ...(pin === undefined ? {} : { pin: node(pin) })
  })
)

/** What may speak against a node, weakly. */
export const weaknesses = Arbitrary.map(
  Arbitrary.all({
    settledAt: usually(undefined, now - 1, now, now + 1, now + 2),
    pressures: usually<ReadonlyArray<string> | undefined>(undefined, ["MemoryPressure"], []),
    cordoned: usually(undefined, true, false),
    leaving: usually(undefined, undefined, "about-to-go")
  }),
  ({ settledAt, pressures, cordoned, leaving }): Partial<Candidate> => ({
    ...(leaving === undefined ? {} : { leaving }),
    ...(settledAt === undefined ? {} : { settledAt }),
    ...(pressures === undefined ? {} : { pressures }),
    ...(cordoned === undefined ? {} : { cordoned })
  })
)

const extras = Arbitrary.all({
  wishes: Arbitrary.array(wishes, { minLength: 7, maxLength: 7 }),
  weaknesses: Arbitrary.array(weaknesses, { minLength: 12, maxLength: 12 }),
  labels: Arbitrary.array(oneOf({}, { role: "edge" }, { role: "core" }, { zone: "a" }, { role: "edge", zone: "a" }), {
    minLength: 12,
    maxLength: 12
  })
})

const withExtras = (plain: Arbitrary.Arbitrary<SmallWorld>) =>
  Arbitrary.map(Arbitrary.all({ world: plain, extras }), ({ world, extras }) =>
    world.with({
      now,
      nodes: world.nodes.map((one, i) => ({ ...one, labels: extras.labels[i] ?? {}, ...extras.weaknesses[i] })),
      groups: world.groups.map((group, i) => ({ ...group, ...extras.wishes[i] }))
    })
  )

/** With everything in them that placement knows of. */
export const policyWorlds = withExtras(worlds)

/** Where every group may use every node. */
export const openPolicyWorlds = withExtras(openWorlds)

/** Where every group is well placed, on few of the nodes. */
export const crowdedWorlds = Arbitrary.map(
  Arbitrary.all({ world: openPolicyWorlds, on: oneOf(1, 2, 3) }),
  ({ world, on }) => {
    const at = (i: number) => world.nodes[i % Math.min(on, world.nodes.length)]?.name ?? node(1)
    const groups = world.groups.map((group, i) => ({ ...group, current: at(i), target: undefined }))
    const serverAt = (i: number) => world.nodes.find(({ name }) => name === at(i))?.server ?? server(1)
    const routes = new Map(
      groups.flatMap(({ addresses }, i) => addresses.map(({ prefix }) => [prefix, serverAt(i)] as const))
    )
    const account = world.accounts.get(accountA)
    return world.with({
      groups,
      accounts: new Map(account === undefined ? [] : [[accountA, { ...account, routes }]])
    })
  }
)
