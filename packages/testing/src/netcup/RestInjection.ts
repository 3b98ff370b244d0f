/**
 * Faults that a test asks for: rules that match understood calls, each for a number of calls or until it is removed.
 */
import * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { Json } from "../embedded/JsonValue.ts"
import type { JournalRouting } from "./RestJournal.ts"
import type { TaskFault } from "./RestTasks.ts"

/** `applied`: whether the call is carried out all the same before its sender is left in the dark. */
interface Applied {
  readonly applied: boolean
}

/** What the sender gets instead of the true answer. */
export type InjectedFault = Data.TaggedEnum<{
  /** No answer, ever; the connection stays open. */
  Hang: Applied
  /** The connection is reset. */
  Reset: Applied
  /** HTTP 503 with a page of HTML, as a proxy answers. */
  Unavailable: Applied
  /** HTTP 500 without a body. */
  EmptyError: Applied
  /** HTTP 200 with something that is no JSON. */
  Garbage: Applied
  /** The true status with the first half of the answer. */
  Truncated: Applied
  /** HTTP 200 with JSON of at least that many bytes, its length not announced. */
  Huge: Applied & { readonly bytes: number }
  /** Any status; without a `body` the API's usual one (of 401: none). The call is not carried out unless `applied`. */
  Status: Partial<Applied> & {
    readonly status: number
    readonly body?: Json
    readonly headers?: Readonly<Record<string, string>>
  }
}>
export const InjectedFault = Data.taggedEnum<InjectedFault>()

/** Absent conditions match everything. Of several matching rules the oldest acts. */
export interface InjectionRule {
  /** As the journal names it. */
  readonly operation?: string
  /** Whose token came along, were it dead. */
  readonly loginName?: string
  /** The name of the server that a call is about, or of the destination of a routing. */
  readonly server?: string
  /** The address of a routing: any text of the same prefix. */
  readonly cidr?: string
  /** For so many calls; absent: until removed. */
  readonly times?: number
  /** The call is carried out that much later. Its sender's leaving changes nothing about that. */
  readonly delayBefore?: Duration.Input
  /** The answer (or the fault instead) comes that much after the call was carried out. */
  readonly delayAfter?: Duration.Input
  readonly fault?: InjectedFault
  /** What becomes of the task: such a rule matches only calls that start one, and is used up by them even if they are refused. */
  readonly task?: TaskFault
}

export interface Injection {
  /** Ends the rule for calls to come. */
  readonly remove: Effect.Effect<void>
}

/** What rules look at. */
export interface Subject {
  readonly operation: string
  readonly loginName: string | undefined
  readonly server: string | undefined
  readonly routing: JournalRouting | undefined
}

export interface RestInjections {
  /** Dies when `cidr` is none. */
  readonly inject: (rule: InjectionRule) => Effect.Effect<Injection>
  /** The rule for this call, used up by one. */
  readonly take: (subject: Subject) => Effect.Effect<InjectionRule | undefined>
}

interface Armed {
  readonly id: number
  readonly rule: InjectionRule
  readonly prefix: FailoverAddress.Prefix | undefined
  readonly left: number
}

const matches = ({ prefix, rule }: Armed, { loginName, operation, routing, server }: Subject): boolean =>
  (rule.operation === undefined || rule.operation === operation) &&
  (rule.loginName === undefined || rule.loginName === loginName) &&
  (rule.server === undefined || rule.server === server) &&
  (prefix === undefined || routing?.prefix === prefix) &&
  (rule.task === undefined || routing !== undefined || operation === "patchServer")

export const make: Effect.Effect<RestInjections> = Effect.gen(function* () {
  const armed = yield* Ref.make<ReadonlyArray<Armed>>([])
  const ids = yield* Ref.make(0)
  const prefixOf = (cidr: string | undefined) =>
    cidr === undefined
      ? Effect.undefined
      : Effect.fromResult(FailoverAddress.parse(cidr)).pipe(
          Effect.orDie,
          Effect.map(({ prefix }) => prefix)
        )
  return {
    inject: Effect.fn("RestInjections.inject")(function* (rule: InjectionRule) {
      const prefix = yield* prefixOf(rule.cidr)
      const id = yield* Ref.updateAndGet(ids, (last) => last + 1)
      const left = rule.times ?? Number.POSITIVE_INFINITY
      yield* Ref.update(armed, (all) => [...all, { id, rule, prefix, left }])
      return { remove: Ref.update(armed, (all) => all.filter((one) => one.id !== id)) }
    }),
    take: (subject) =>
      Ref.modify(armed, (all) => {
        const found = all.find((one) => one.left > 0 && matches(one, subject))
        return [found?.rule, all.map((one) => (one === found ? { ...one, left: one.left - 1 } : one))]
      })
  }
})
