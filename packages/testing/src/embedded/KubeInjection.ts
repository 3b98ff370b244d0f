/**
 * Faults that a test asks for: rules that match requests, each for a number of them or until it is removed.
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { Verb } from "./Verb.ts"

/** `applied`: whether the request is carried out all the same before its sender is left in the dark. */
interface Applied {
  readonly applied: boolean
}

/** What the sender gets instead of the true answer. */
export type KubeFault = Data.TaggedEnum<{
  /** A `Status` of that code, such as 410, 429 or 500. Nothing is carried out. */
  Refuse: {
    readonly code: number
    readonly reason?: string
    readonly message?: string
    /** For the header `Retry-After`, in whole seconds. */
    readonly retryAfter?: Duration.Input
  }
  /** 409, as if somebody had written meanwhile. Nothing is carried out. */
  Conflict: {}
  /** The connection is broken. */
  Reset: Applied
  /** No answer, ever; the connection stays open. */
  Hang: Applied
  /** Of a watch: it opens, and is silent; the connection stays open. */
  Stall: {}
  /** Of a watch: the connection is broken after so many lines. */
  Cut: { readonly lines: number }
  /** Of a watch: it opens with an `ERROR` of that code, 410 by default, and ends. */
  WatchError: { readonly code?: number }
}>
export const KubeFault = Data.taggedEnum<KubeFault>()

/** Absent conditions match everything. Of several matching rules the oldest acts. */
export interface InjectionRule {
  readonly verb?: Verb
  /** The whole path without its query, or a pattern that it matches. */
  readonly path?: string | RegExp
  /** Who asks, as {@link KubeCluster} names clients. */
  readonly user?: string
  /** For so many requests; absent: until removed. */
  readonly times?: number
  /** The request is carried out that much later. */
  readonly delay?: Duration.Input
  readonly fault?: KubeFault
}

/** What rules look at. */
export interface Asked {
  readonly verb: Verb
  readonly path: string
  readonly user: string
}

export interface Injection {
  /** Ends the rule for requests to come. */
  readonly remove: Effect.Effect<void>
}

interface KubeInjections {
  readonly inject: (rule: InjectionRule) => Effect.Effect<Injection>
  /** The rule for this request, used up by one. */
  readonly take: (asked: Asked) => Effect.Effect<InjectionRule | undefined>
}

interface Armed {
  readonly id: number
  readonly rule: InjectionRule
  readonly left: number
}

/** Whether conditions of a rule or a query hold. */
export const matches = ({ path, user, verb }: Pick<InjectionRule, "verb" | "path" | "user">, asked: Asked): boolean =>
  (verb === undefined || verb === asked.verb) &&
  (user === undefined || user === asked.user) &&
  (path === undefined || (typeof path === "string" ? path === asked.path : asked.path.search(path) >= 0))

export const make: Effect.Effect<KubeInjections> = Effect.gen(function* () {
  const armed = yield* Ref.make<ReadonlyArray<Armed>>([])
  const ids = yield* Ref.make(0)
  return {
    inject: Effect.fn("KubeInjections.inject")(function* (rule: InjectionRule) {
      const id = yield* Ref.updateAndGet(ids, (last) => last + 1)
      yield* Ref.update(armed, (all) => [...all, { id, rule, left: rule.times ?? Number.POSITIVE_INFINITY }])
      return { remove: Ref.update(armed, (all) => all.filter((one) => one.id !== id)) }
    }),
    take: (asked) =>
      Ref.modify(armed, (all) => {
        const found = all.find(({ left, rule }) => left > 0 && matches(rule, asked))
        return [found?.rule, all.map((one) => (one === found ? { ...one, left: one.left - 1 } : one))]
      })
  }
})
