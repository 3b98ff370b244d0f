/**
 * Faults that a test asks for: rules that match understood calls, each for a number of calls or until it is removed.
 */
import * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"

/** `applied`: whether the call is carried out all the same before its sender is left in the dark. */
export interface Applied {
  readonly applied: boolean
}

/** The faults that the sender of a call of any API may meet, instead of the true answer. */
export type Faults = {
  /** No answer, ever; the connection stays open. */
  readonly Hang: Applied
  /** The connection is reset. */
  readonly Reset: Applied
  /** HTTP 503 with a page of HTML, as a proxy answers. */
  readonly Unavailable: Applied
  /** HTTP 500 without a body. */
  readonly EmptyError: Applied
  /** HTTP 200 with something that is not of the API's format. */
  readonly Garbage: Applied
  /** The status of the true answer with its first half. */
  readonly Truncated: Applied
  /** HTTP 200 with an answer of at least that many bytes, its length not announced. */
  readonly Huge: Applied & { readonly bytes: number }
}

/** Absent conditions match everything. Of several matching rules the oldest acts. */
export interface CallRule<Fault> {
  /** As the journal names it. */
  readonly operation?: string
  /** Whose password or token came along, were it wrong or dead. */
  readonly loginName?: string
  /** The name of the server that a call is about, or of the destination of a routing. */
  readonly server?: string
  /** The address of a routing: any text of the same prefix. */
  readonly cidr?: string
  /** So many matching calls are left alone first. */
  readonly skip?: number
  /** For so many calls; absent: until removed. */
  readonly times?: number
  /** Done when the call has come, before anything is done about it. */
  readonly before?: Effect.Effect<void>
  /** Done when the call was carried out, before anybody is told. */
  readonly after?: Effect.Effect<void>
  /** The call is carried out that much later. Its sender's leaving changes nothing about that. */
  readonly delayBefore?: Duration.Input
  /** The answer (or the fault instead) comes that much after the call was carried out. */
  readonly delayAfter?: Duration.Input
  readonly fault?: Fault
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
  readonly routing: { readonly prefix: FailoverAddress.Prefix | undefined } | undefined
}

export interface CallInjections<Rule, About> {
  /** Dies when `cidr` is none. */
  readonly inject: (rule: Rule) => Effect.Effect<Injection>
  /** The rule for this call, used up by one. */
  readonly take: (subject: About) => Effect.Effect<Rule | undefined>
}

/**
 * No rules yet.
 *
 * @param suits what a rule of one API asks beside what all rules can
 */
export const make = Effect.fnUntraced(function* <Rule extends CallRule<unknown>, About extends Subject>(
  suits: (rule: Rule, subject: About) => boolean
): Effect.fn.Return<CallInjections<Rule, About>> {
  interface Armed {
    readonly id: number
    readonly rule: Rule
    readonly prefix: FailoverAddress.Prefix | undefined
    readonly skip: number
    readonly left: number
  }
  const armed = yield* Ref.make<ReadonlyArray<Armed>>([])
  const ids = yield* Ref.make(0)
  const prefixOf = (cidr: string | undefined) =>
    cidr === undefined
      ? Effect.undefined
      : Effect.fromResult(FailoverAddress.parse(cidr)).pipe(
          Effect.orDie,
          Effect.map(({ prefix }) => prefix)
        )
  const matches = ({ prefix, rule }: Armed, subject: About): boolean =>
    (rule.operation === undefined || rule.operation === subject.operation) &&
    (rule.loginName === undefined || rule.loginName === subject.loginName) &&
    (rule.server === undefined || rule.server === subject.server) &&
    (prefix === undefined || subject.routing?.prefix === prefix) &&
    suits(rule, subject)
  return {
    inject: Effect.fn("CallInjections.inject")(function* (rule: Rule) {
      const prefix = yield* prefixOf(rule.cidr)
      const id = yield* Ref.updateAndGet(ids, (last) => last + 1)
      const { skip = 0, times = Number.POSITIVE_INFINITY } = rule
      yield* Ref.update(armed, (all) => [...all, { id, rule, prefix, skip, left: times }])
      return { remove: Ref.update(armed, (all) => all.filter((one) => one.id !== id)) }
    }),
    take: (subject) =>
      Ref.modify(armed, (all) => {
        const found = all.find((one) => one.left > 0 && matches(one, subject))
        const used = found && (found.skip > 0 ? { skip: found.skip - 1 } : { left: found.left - 1 })
        const next = all.map((one) => (one === found ? { ...one, ...used } : one))
        return [found !== undefined && found.skip > 0 ? undefined : found?.rule, next]
      })
  }
})
