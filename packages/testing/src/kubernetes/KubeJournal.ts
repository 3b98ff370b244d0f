/**
 * Every request that reached the way to the Kubernetes API, in the order of arrival.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as RequestMatch from "./RequestMatch.ts"

/** How a request ended, as its sender was told. */
export type Outcome = Data.TaggedEnum<{
  Pending: {}
  /** The API server's own answer. */
  Answered: {}
  /** That fault instead. */
  Injected: { readonly fault: string }
  /** The API server did not answer: the connection was reset. */
  Lost: {}
}>
export const Outcome = Data.taggedEnum<Outcome>()

export interface JournalRequest extends RequestMatch.RequestHead {
  /** 1 for the first request of all. */
  readonly id: number
  /** ms since the epoch, like `answeredAt`. */
  readonly receivedAt: number
  /** HTTP status of the API server's answer, whatever the sender was told; `undefined` while there is none. */
  readonly truth: number | undefined
  /** HTTP status that the sender was told; `undefined` while or if there is none. */
  readonly status: number | undefined
  /** When the sender was answered; of a watch when it began. */
  readonly answeredAt: number | undefined
  readonly outcome: Outcome
}

interface RequestQuery extends RequestMatch.RequestMatch {
  /** Which of the matching requests: the first when absent. */
  readonly count?: number
  readonly where?: (request: JournalRequest) => boolean
}

export interface KubeJournal {
  /** Those that match so far; all without conditions. */
  readonly requests: (match?: RequestMatch.RequestMatch) => Effect.Effect<ReadonlyArray<JournalRequest>>
  /** Waits until so many requests match: with `where`, also until one that is here comes to match. */
  readonly awaitRequest: (query: RequestQuery) => Effect.Effect<JournalRequest>
}

/** What the proxy writes; `arrive` gives the request's id. */
export interface KubeRecorder extends KubeJournal {
  readonly arrive: (head: RequestMatch.RequestHead, receivedAt: number) => Effect.Effect<number>
  readonly update: (
    id: number,
    news: Partial<Pick<JournalRequest, "truth" | "status" | "answeredAt" | "outcome">>
  ) => Effect.Effect<void>
}

export const make: Effect.Effect<KubeRecorder> = Effect.gen(function* () {
  const ref = yield* SubscriptionRef.make<ReadonlyArray<JournalRequest>>([])
  return {
    requests: (match = {}) =>
      Effect.map(SubscriptionRef.get(ref), (all) => all.filter((one) => RequestMatch.matches(match, one))),
    awaitRequest: ({ count = 1, where = () => true, ...match }) =>
      SubscriptionRef.changes(ref).pipe(
        Stream.filterMap((all) =>
          Result.fromNullishOr(
            all.filter((one) => RequestMatch.matches(match, one) && where(one)).at(count - 1),
            () => undefined
          )
        ),
        Stream.runHead,
        Effect.flatMap(Effect.fromOption),
        Effect.orDie
      ),
    arrive: ({ verb, path, watch }, receivedAt) =>
      SubscriptionRef.modify(ref, (all) => {
        const id = all.length + 1
        const arrived: JournalRequest = {
          ...{ id, receivedAt, verb, path, watch },
          truth: undefined,
          status: undefined,
          answeredAt: undefined,
          outcome: Outcome.Pending()
        }
        return [id, [...all, arrived]]
      }),
    update: (id, news) =>
      SubscriptionRef.update(ref, (all) => all.map((one) => (one.id === id ? { ...one, ...news } : one)))
  }
})
