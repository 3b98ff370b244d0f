/**
 * Small worlds for the laws of placement. Node `n3` is server `s3`; `n6` and `s6` never exist, they stand for what is gone.
 * Choices list the plainest value first and shrink towards it, so that a counterexample keeps only what it needs.
 */

import { type Account, AccountKey } from "@netcup-failover/core/Account"
import { type Candidate, NodeName } from "@netcup-failover/core/Candidate"
import { type FailoverAddress, type Prefix, parse } from "@netcup-failover/core/FailoverAddress"
import { type Group, HoldReason, type Target } from "@netcup-failover/core/Group"
import { everything, type LabelSelector, type Labels } from "@netcup-failover/core/LabelSelector"
import type { World } from "@netcup-failover/core/Plan"
import { ServerName } from "@netcup-failover/core/ServerName"
import { type Declared, fromDeclared, renderSign, Sign, type Verdict } from "@netcup-failover/core/Verdict"
import * as Arbitrary from "effect/Arbitrary"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

export const node = (n: number): NodeName => NodeName.make(`n${n}`)
export const server = (n: number): ServerName => ServerName.make(`s${n}`)
export const address = (text: string): FailoverAddress => Result.getOrThrow(parse(text))
export const accountA = AccountKey.make("A")

/** A healthy node without labels, unless told otherwise. */
export const candidate = (n: number, more: Partial<Candidate> = {}): Candidate => ({
  name: node(n),
  server: server(n),
  labels: {},
  verdict: fromDeclared({ ready: "True", deleting: false }),
  ...more
})

/** A new group with one address of its own, unless told otherwise. */
export const newGroup = (name: string, more: Partial<Group> = {}): Group => ({
  name,
  createdAt: 0,
  addresses: [address(`198.51.100.${name.charCodeAt(name.length - 1)}/32`)],
  selector: everything,
  account: accountA,
  current: undefined,
  target: undefined,
  held: undefined,
  ...more
})

const showGroup = (group: Group, account: Account | undefined): string =>
  [
    `${group.name} of ${group.account}, age ${group.createdAt}:`,
    ...group.addresses.map((at) => `${at} at ${account?.routes.get(at.prefix) ?? "-"},`),
    group.current === undefined ? "" : `current ${group.current}`,
    group.target === undefined ? "" : `target ${group.target.node}${group.target.committed ? " (committed)" : ""}`,
    group.selector === everything ? "" : `selector ${JSON.stringify(group.selector)}`,
    group.preferences === undefined ? "" : `prefers ${JSON.stringify(group.preferences)}`,
    group.failback === undefined ? "" : `failback ${group.failback}`,
    group.rebalance === undefined ? "" : `rebalance ${group.rebalance}`,
    group.pin === undefined ? "" : `pinned to ${group.pin}`,
    group.serving === undefined ? "" : `served on ${[...group.serving].join(" ")}`,
    group.held === undefined ? "" : `held: ${group.held.because._tag}`
  ]
    .filter((part) => part !== "")
    .join(" ")

const showNode = ({ name, server, labels, verdict, ...weak }: Candidate): string =>
  `${name} = ${server ?? "-"} ${JSON.stringify(labels)} ${verdict.state}${verdict.guarded ? " (guarded)" : ""} ${verdict.reasons.map(renderSign).join(", ")} ${JSON.stringify(weak)}`

const showAccount = (key: AccountKey, { servers, notRunning = new Set(), offSite = new Map() }: Account): string =>
  [
    `account ${key} lists ${[...servers].join(" ")}`,
    ...(notRunning.size === 0 ? [] : [`off: ${[...notRunning].join(" ")}`]),
    ...[...offSite].map(([prefix, at]) => `${prefix} is apart from ${[...at].join(" ")}`)
  ].join("; ")

/** A world that prints as a few lines. */
export class SmallWorld implements World {
  readonly nodes: World["nodes"]
  readonly groups: World["groups"]
  readonly accounts: World["accounts"]
  readonly now?: number

  constructor({ nodes, groups, accounts, now }: World) {
    this.nodes = nodes
    this.groups = groups
    this.accounts = accounts
    if (now !== undefined) this.now = now
  }

  /** The same world, changed in some parts. */
  with(changes: Partial<World>): SmallWorld {
    const now = changes.now ?? this.now
    return new SmallWorld({
      ...(now === undefined ? {} : { now }),
      nodes: changes.nodes ?? this.nodes,
      groups: changes.groups ?? this.groups,
      accounts: changes.accounts ?? this.accounts
    })
  }

  accountOf({ account }: Group): Account | undefined {
    return account === undefined ? undefined : this.accounts.get(account)
  }

  toString(): string {
    return [
      this.now === undefined ? "" : `at ${this.now}`,
      ...this.nodes.map(showNode),
      ...[...this.accounts].map(([key, account]) => showAccount(key, account)),
      ...this.groups.map((group) => showGroup(group, this.accountOf(group)))
    ].join("\n  ")
  }
}

/** One of the choices; shrinks towards the first. */
export const oneOf = <A>(first: A, ...others: ReadonlyArray<A>): Arbitrary.Arbitrary<A> => {
  // Boxed, since `undefined` is a choice too.
  const start = { value: first }
  const boxes = [start, ...others.map((value) => ({ value }))]
  const index = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: others.length }))
  return Arbitrary.map(Arbitrary.schema(index), (i) => (boxes[i] ?? start).value)
}

/** The first choice in five of six cases. */
export const usually = <A>(first: A, ...others: ReadonlyArray<A>): Arbitrary.Arbitrary<A> =>
  oneOf(first, ...others.flatMap(() => [first, first, first, first, first]), ...others)

const distinct = <A extends { readonly id: number }>(items: ReadonlyArray<A>): ReadonlyArray<A> => [
  ...new Map(items.map((item) => [item.id, item])).values()
]

const some = <A extends { readonly id: number }>(item: Arbitrary.Arbitrary<A>, maxLength: number) =>
  Arbitrary.map(Arbitrary.array(item, { maxLength }), distinct)

const id = oneOf(1, 2, 3, 4, 5)
const place = oneOf(1, 2, 3, 4, 5, 6, undefined)
const stray = oneOf<"home" | number | undefined>("home", "home", "home", 1, 2, 3, 4, 5, 6, undefined)

type Doubt = "none" | "suspect" | "guarded"

const nodeSketch = Arbitrary.all({
  id,
  annotated: usually(true, false),
  ready: usually<Declared["ready"]>("True", "False", "Unknown", undefined),
  deleting: usually(false, false, true),
  /** What is thought of a node that declares nothing bad. */
  doubt: usually<Doubt>("none", "suspect", "guarded"),
  labels: oneOf<Labels>({}, { role: "edge" }, { role: "core" }, { zone: "a" }, { role: "edge", zone: "a" })
})

const groupSketch = Arbitrary.all({
  id,
  createdAt: oneOf(0, 1, 2, 3),
  size: oneOf(1, 2, 3),
  /** Has the address that groups with this flag share, each with host bits of its own. */
  shares: oneOf(false, false, true),
  account: usually("A", "B", "B", "C", undefined),
  selector: usually<LabelSelector>(
    everything,
    { matchLabels: { role: "edge" } },
    { matchExpressions: [{ key: "role", operator: "NotIn", values: ["edge"] }] },
    { matchExpressions: [{ key: "zone", operator: "Exists" }] },
    { matchExpressions: [{ key: "role", operator: "In", values: ["edge", "core"] }] }
  ),
  /** Where the addresses are, or those that do not stray when the group is scattered. */
  home: place,
  scattered: oneOf(false, false, true),
  strays: Arbitrary.all([stray, stray, stray]),
  current: usually<"home" | number | undefined>("home", 1, 2, 3, 4, 5, 6, undefined, undefined),
  target: usually<Target | undefined>(
    undefined,
    ...[1, 2, 3, 4, 5, 6].flatMap((n) => [
      { node: node(n), committed: false },
      { node: node(n), committed: true }
    ])
  ),
  /** Where its workload is ready. */
  served: usually<ReadonlyArray<number> | undefined>(undefined, [], [1], [2, 3], [3, 4, 5, 6]),
  held: usually<Group["held"]>(
    undefined,
    { because: HoldReason.CredentialsError({ message: "refused" }), until: undefined },
    { because: HoldReason.AccountUnknown({ message: "time-out" }), until: 5 },
    { because: HoldReason.InvalidSpec({ message: "no CIDR" }), until: undefined }
  )
})

const everyServer = [1, 2, 3, 4, 5, 6]

/** What came out when netcup was to route: servers that do not run, and for groups' first addresses servers of another site. */
const refusals = Arbitrary.all({
  off: usually<ReadonlyArray<number>>([], [1], [2, 3], everyServer),
  offSite: usually<ReadonlyArray<readonly [group: number, at: ReadonlyArray<number>]>>(
    [],
    [[1, [1, 2]]],
    [
      [2, [2]],
      [3, [1, 3, 5]]
    ],
    [[1, everyServer]]
  )
})

const listed = Arbitrary.all({
  A: usually<ReadonlyArray<number>>(everyServer, [1, 2, 3], [2, 4, 6], [5], []),
  B: oneOf<ReadonlyArray<number> | undefined>(everyServer, [1, 2], undefined)
})

type Sketch<A> = A extends Arbitrary.Arbitrary<infer T> ? T : never

/** A node that has not answered for a while, by itself or with so many others that it may be us. */
export const suspected = (guarded: boolean): Verdict => ({
  state: "Suspect",
  reasons: [Sign.Unanswering({ since: 0 })],
  changesAt: undefined,
  ...(guarded ? { guarded } : {})
})

const toNode = ({ id, annotated, ready, deleting, doubt, labels }: Sketch<typeof nodeSketch>): Candidate => {
  const declared = fromDeclared({ ready, deleting })
  const verdict = doubt === "none" || declared.state === "Failed" ? declared : suspected(doubt === "guarded")
  return candidate(id, { server: annotated ? server(id) : undefined, labels, verdict })
}

const firstOf = (group: number): FailoverAddress => address(`198.51.100.${group}/32`)

const toGroup = (sketch: Sketch<typeof groupSketch>): Group => {
  const own = [`${firstOf(sketch.id)}`, `2001:db8:${sketch.id}::1/64`, `2001:db8:${sketch.id}:1::/64`]
  const current = sketch.current === "home" ? sketch.home : sketch.current
  return newGroup(`g${sketch.id}`, {
    createdAt: sketch.createdAt,
    addresses: [
      ...own.slice(0, sketch.shares ? sketch.size - 1 : sketch.size),
      ...(sketch.shares ? [`2001:db8:ffff::${sketch.id}/64`] : [])
    ].map(address),
    selector: sketch.selector,
    account: sketch.account === undefined ? undefined : AccountKey.make(sketch.account),
    current: current === undefined ? undefined : node(current),
    target: sketch.target,
    ...(sketch.served === undefined ? {} : { serving: new Set(sketch.served.map(node)) }),
    held: sketch.held
  })
}

const toWorld = (sketch: {
  readonly nodes: ReadonlyArray<Sketch<typeof nodeSketch>>
  readonly groups: ReadonlyArray<Sketch<typeof groupSketch>>
  readonly listed: Sketch<typeof listed>
  readonly refusals: Sketch<typeof refusals>
}): SmallWorld => {
  const groups = sketch.groups.map((plain) => ({ sketch: plain, group: toGroup(plain) }))
  const routes = (key: string): ReadonlyMap<Prefix, ServerName> =>
    new Map(
      groups
        .filter(({ group }) => group.account === key)
        .flatMap(({ sketch: { home, scattered, strays }, group }) =>
          group.addresses.flatMap(({ prefix }, i): Array<[Prefix, ServerName]> => {
            const at = !scattered || strays[i] === "home" ? home : strays[i]
            return at === undefined ? [] : [[prefix, server(at)]]
          })
        )
    )
  const { off, offSite } = sketch.refusals
  const refused = {
    ...(off.length === 0 ? {} : { notRunning: new Set(off.map(server)) }),
    ...(offSite.length === 0
      ? {}
      : { offSite: new Map(offSite.map(([n, at]) => [firstOf(n).prefix, new Set(at.map(server))] as const)) })
  }
  const account = (key: string, ids: ReadonlyArray<number> | undefined): Array<[AccountKey, Account]> =>
    ids === undefined
      ? []
      : [[AccountKey.make(key), { servers: new Set(ids.map(server)), routes: routes(key), ...refused }]]
  return new SmallWorld({
    nodes: sketch.nodes.map(toNode),
    groups: groups.map(({ group }) => group),
    accounts: new Map([...account("A", sketch.listed.A), ...account("B", sketch.listed.B)])
  })
}

/** Worlds with everything in them that placement knows of. */
export const worlds: Arbitrary.Arbitrary<SmallWorld> = Arbitrary.map(
  Arbitrary.all({ nodes: some(nodeSketch, 12), groups: some(groupSketch, 7), listed, refusals }),
  toWorld
)

/** Worlds with at least one node where every group may use every node, and none is held or shares an address. */
export const openWorlds: Arbitrary.Arbitrary<SmallWorld> = Arbitrary.map(
  Arbitrary.all({
    nodes: Arbitrary.map(Arbitrary.array(id, { minLength: 1, maxLength: 6 }), (ids) => [...new Set(ids)]),
    world: worlds
  }),
  ({ nodes, world }) =>
    world.with({
      nodes: nodes.map((n) => candidate(n)),
      groups: world.groups.map(({ serving: _, ...group }) => ({
        ...group,
        addresses: [address(`198.51.100.${group.name.slice(1)}/32`)],
        account: accountA,
        selector: everything,
        held: undefined
      })),
      accounts: new Map([
        [
          accountA,
          {
            servers: new Set(everyServer.map(server)),
            routes: world.accounts.get(accountA)?.routes ?? new Map()
          }
        ]
      ])
    })
)
