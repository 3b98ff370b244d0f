/**
 * Faults on the way to the Kubernetes API that a test asks for: rules that match requests, each for a number of them or until
 * it is removed.
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as RequestMatch from "./RequestMatch.ts"

/** `applied`: whether the API server carries the request out all the same before its sender is left in the dark. */
interface Applied {
  readonly applied: boolean
}

/** What the sender gets instead of the true answer. */
export type KubeFault = Data.TaggedEnum<{
  /** That HTTP status with a `Status` of that reason; `retryAfter` in seconds. */
  Refuse: Applied & { readonly status: number; readonly reason: string; readonly retryAfter?: number }
  /** The connection is reset. */
  Reset: Applied
  /** No answer, ever; the connection stays open. */
  Hang: Applied
  /** For watches: accepted, and silent for ever. */
  Stall: {}
  /** For watches: accepted, an event `ERROR` with a `Status` of that code and reason, and the end. */
  ErrorEvent: { readonly status: number; readonly reason: string }
}>
export const KubeFault = Data.taggedEnum<KubeFault>()

/** Of several matching rules the oldest acts. */
export interface KubeRule extends RequestMatch.RequestMatch {
  /** So many matching requests are left alone first. */
  readonly skip?: number
  /** For so many requests; absent: until removed. */
  readonly times?: number
  /** Done when the request has come, before anything is done about it. */
  readonly before?: Effect.Effect<void>
  /** Done when the API server has answered, before anybody is told. */
  readonly after?: Effect.Effect<void>
  /** The request is passed on that much later. Its sender's leaving changes nothing about that. */
  readonly delayBefore?: Duration.Input
  /** The answer (or the fault instead) comes that much after the API server's own. */
  readonly delayAfter?: Duration.Input
  readonly fault?: KubeFault
}

interface Injection {
  /** Ends the rule for requests to come. */
  readonly remove: Effect.Effect<void>
}

export interface KubeInjections {
  readonly inject: (rule: KubeRule) => Effect.Effect<Injection>
  /** The rule for this request, used up by one. */
  readonly take: (head: RequestMatch.RequestHead) => Effect.Effect<KubeRule | undefined>
}

interface Armed {
  readonly rule: KubeRule
  readonly skip: number
  readonly left: number
}

export const make: Effect.Effect<KubeInjections> = Effect.gen(function* () {
  const armed = yield* Ref.make<ReadonlyMap<number, Armed>>(new Map())
  const ids = yield* Ref.make(0)
  return {
    inject: Effect.fn("KubeInjections.inject")(function* (rule: KubeRule) {
      const id = yield* Ref.updateAndGet(ids, (last) => last + 1)
      const { skip = 0, times = Number.POSITIVE_INFINITY } = rule
      yield* Ref.update(armed, (all) => new Map(all).set(id, { rule, skip, left: times }))
      return { remove: Ref.update(armed, (all) => new Map([...all].filter(([other]) => other !== id))) }
    }),
    take: (head) =>
      Ref.modify(armed, (all) => {
        const found = [...all].find(([, { left, rule }]) => left > 0 && RequestMatch.matches(rule, head))
        if (found === undefined) return [undefined, all]
        const [id, { left, rule, skip }] = found
        return skip > 0
          ? [undefined, new Map(all).set(id, { rule, left, skip: skip - 1 })]
          : [rule, new Map(all).set(id, { rule, skip, left: left - 1 })]
      })
  }
})
