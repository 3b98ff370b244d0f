/**
 * Situations that a status is made from, as they can come about: a node that is decided for is healthy, a settled group has all
 * its addresses there, and a status is one that composing gave before.
 */
import type { Attempt } from "@netcup-failover/controller/act/Mover"
import * as GroupStatus from "@netcup-failover/controller/report/GroupStatus"
import type { Account } from "@netcup-failover/core/Account"
import type { FailoverAddress, Prefix } from "@netcup-failover/core/FailoverAddress"
import type { Status } from "@netcup-failover/core/FailoverIpResource"
import { HoldReason } from "@netcup-failover/core/Group"
import { Ineligibility } from "@netcup-failover/core/Ineligibility"
import { Decision, MoveReason } from "@netcup-failover/core/Plan"
import type { ServerName } from "@netcup-failover/core/ServerName"
import { fromDeclared, Sign } from "@netcup-failover/core/Verdict"
import * as NetcupError from "@netcup-failover/netcup/NetcupError"
import * as Arbitrary from "effect/Arbitrary"
import { between, oneOf } from "../Choice.ts"
import { address, account as anAccount, candidate, node, resource, server } from "../Given.ts"

/** When the first of a run of situations is; each is a minute after the one before. */
const start = Date.parse("2026-11-22T12:00:00Z")
export const minute = 60_000

const netcup = anAccount()
const every = [1, 2, 3, 4]
const three = ["198.51.100.1/32", "2001:db8::2/64", "198.51.100.3/32"].map(address)

interface Sketch {
  readonly size: number
  readonly decision: "Stay" | "Move" | "Hold" | "Unplaceable"
  /** The node that is decided for. */
  readonly to: number
  /** How many of the addresses are there already, for a move. */
  readonly there: number
  /** Where the others are. */
  readonly elsewhere: number | undefined
  readonly why: number
  readonly until: number | undefined
  readonly attempts: ReadonlyArray<Attempt["state"] | undefined>
  readonly ill: number | undefined
  readonly accountKnown: boolean
}

const message = "netcup says no"
const reason = oneOf<NetcupError.NetcupErrorReason>(
  new NetcupError.RateLimited({ message }),
  new NetcupError.Unreachable({ message }),
  new NetcupError.UnknownOutcome({ message }),
  new NetcupError.AddressNotFound({ message })
)
const attempt: Arbitrary.Arbitrary<Attempt["state"] | undefined> = Arbitrary.map(
  Arbitrary.all({
    kind: oneOf<"None" | Attempt["state"]["_tag"]>("None", "Running", "Done", "Failed"),
    reason,
    wait: between(1, 600)
  }),
  ({ kind, reason, wait }) => {
    if (kind === "None") return undefined
    if (kind === "Failed") return { _tag: kind, reason, retryAt: start + wait * 1_000 }
    return kind === "Running" ? { _tag: kind, entry: { id: 1, epoch: 1 } } : { _tag: kind }
  }
)

const sketch: Arbitrary.Arbitrary<Sketch> = Arbitrary.all({
  size: between(1, 3),
  decision: oneOf<Sketch["decision"]>("Stay", "Move", "Move", "Hold", "Hold", "Unplaceable"),
  to: between(1, 4),
  there: between(0, 2),
  elsewhere: oneOf(undefined, 1, 2, 3, 4, 9),
  // Of six reasons to move, or to hold.
  why: between(0, 5),
  until: oneOf(undefined, start + 90_000),
  attempts: Arbitrary.all([attempt, attempt, attempt]),
  ill: oneOf(undefined, 1, 2, 3, 4),
  accountKnown: oneOf(true, false)
})

const pick = <A>(all: ReadonlyArray<A>, n: number, otherwise: A): A => all[n % all.length] ?? otherwise

const decisionOf = ({ decision, to, why, until }: Sketch, addresses: ReadonlyArray<FailoverAddress>): Decision => {
  const missing = addresses.map(({ prefix }) => prefix)
  switch (decision) {
    case "Stay":
      return Decision.Stay({ node: node(to) })
    case "Move": {
      const first = MoveReason.FirstPlacement()
      const left = MoveReason.LeftNode({ from: node(5), reasons: [] })
      return Decision.Move({
        to: node(to),
        because: pick<MoveReason>(
          [
            first,
            left,
            MoveReason.Incomplete({ missing }),
            MoveReason.Drifted({ missing }),
            MoveReason.Begun(),
            MoveReason.Preferred({ over: node(5) })
          ],
          why,
          first
        )
      })
    }
    case "Hold": {
      const unknown = HoldReason.AccountUnknown({ message })
      const because = pick<HoldReason>(
        [
          unknown,
          HoldReason.CredentialsError({ message }),
          HoldReason.InvalidSpec({ message }),
          HoldReason.Conflict({ prefix: "198.51.100.1/32", holder: "older" }),
          HoldReason.ServerUnknown({ server: server(4) }),
          HoldReason.Paused({})
        ],
        why,
        unknown
      )
      return Decision.Hold({ until, because })
    }
    case "Unplaceable":
      return Decision.Unplaceable({
        reasons: new Map([[node(to), [Ineligibility.Failed({ signs: [Sign.Silent()] })]]])
      })
  }
}

/** All of a situation but the resource, which has the status, and the time. */
type Circumstances = Omit<GroupStatus.Situation, "resource" | "now">

const toCircumstances = (plan: Sketch): Circumstances => {
  const addresses = three.slice(0, plan.size)
  const decision = decisionOf(plan, addresses)
  const there =
    decision._tag === "Stay" ? plan.size : decision._tag === "Move" ? Math.min(plan.there, plan.size - 1) : 0
  const elsewhere = decision._tag === "Move" && plan.elsewhere === plan.to ? undefined : plan.elsewhere
  const routes = new Map<Prefix, ServerName>()
  for (const [i, { prefix }] of addresses.entries()) {
    const at = i < there ? plan.to : elsewhere
    if (at !== undefined) routes.set(prefix, server(at))
  }
  const account: Account | undefined =
    plan.accountKnown || decision._tag !== "Hold" ? { servers: new Set(every.map(server)), routes } : undefined
  const decidedFor = decision._tag === "Stay" || decision._tag === "Move" ? plan.to : undefined
  const attempts = addresses.flatMap(({ prefix }, i): Array<readonly [Prefix, Attempt]> => {
    const state = plan.attempts[i]
    return state === undefined
      ? []
      : [
          [
            prefix,
            {
              to: node(plan.to),
              server: server(plan.to),
              account: netcup,
              startedAt: start - 1_000,
              state,
              failures: 1,
              isCostly: false
            }
          ]
        ]
  })
  return {
    addresses,
    decision,
    attempts: new Map(attempts),
    account,
    notices: [],
    nodes: every.map((n) =>
      candidate(n, {
        verdict: fromDeclared({ ready: n !== plan.ill || n === decidedFor ? "True" : "False", deleting: false })
      })
    )
  }
}

/** What a group may go through, one thing after the other. */
export const lives: Arbitrary.Arbitrary<ReadonlyArray<Circumstances>> = Arbitrary.array(
  Arbitrary.map(sketch, toCircumstances),
  { minLength: 1, maxLength: 16 }
)

export interface Step {
  readonly circumstances: Circumstances
  readonly now: number
  readonly before: Status | undefined
  readonly after: Status
}

/** The status that circumstances give to a group that has `status`. */
export const compose = (
  circumstances: Circumstances,
  status: Status | undefined,
  now: number,
  generation = 1
): Status => GroupStatus.compose({ ...circumstances, now, resource: resource({ status, generation }) })

/** A life with the status that each part of it finds and leaves. */
export const live = (life: ReadonlyArray<Circumstances>): ReadonlyArray<Step> => {
  const steps: Array<Step> = []
  for (const [i, circumstances] of life.entries()) {
    const before = steps.at(-1)?.after
    const now = start + i * minute
    steps.push({ circumstances, now, before, after: compose(circumstances, before, now) })
  }
  return steps
}
