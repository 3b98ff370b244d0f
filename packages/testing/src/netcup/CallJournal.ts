/**
 * Calls that reached a simulator, in the order of arrival: what scenarios count and wait for, whichever API was called.
 */
import * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"

/** What the calls of every API have. */
export interface JournalCall {
  /** 1 for the first call of all. */
  readonly id: number
  /** ms since the epoch, like `appliedAt`. */
  readonly receivedAt: number
  /** `undefined` when the request was not understood that far. */
  readonly operation: string | undefined
  /** The routing that a call asked for; `prefix` is canonical and absent when the texts are no address. */
  readonly routing: { readonly prefix: FailoverAddress.Prefix | undefined } | undefined
  /** When a change took effect, whatever its sender was told. */
  readonly appliedAt: number | undefined
  /** HTTP status of the answer; `undefined` while there is none. */
  readonly status: number | undefined
}

export interface CallQuery<Call> {
  readonly operation: string
  /** Which of the matching calls: the first when absent. */
  readonly count?: number
  readonly where?: (call: Call) => boolean
}

export interface CallJournal<Call> {
  readonly calls: Effect.Effect<ReadonlyArray<Call>>
  readonly callsOf: (operation: string) => Effect.Effect<ReadonlyArray<Call>>
  /** Changes of one prefix that took effect, in the order in which they did. Dies when `cidr` is none. */
  readonly changesOf: (cidr: string) => Effect.Effect<ReadonlyArray<Call>>
  /** Waits until so many calls match: with `where`, also until a call that is here comes to match. */
  readonly awaitCall: (query: CallQuery<Call>) => Effect.Effect<Call>
}

/** What a simulator writes; `arrive` gives the call's id. */
export interface CallRecorder<Call, Arrival, News> extends CallJournal<Call> {
  readonly arrive: (arrival: Arrival) => Effect.Effect<number>
  readonly update: (id: number, news: News) => Effect.Effect<void>
}

const byApplication = (a: JournalCall, b: JournalCall) => (a.appliedAt ?? 0) - (b.appliedAt ?? 0)

/**
 * An empty journal.
 *
 * @param begin a call that has arrived and has no answer yet
 * @param learn a call after news of it
 */
export const make = Effect.fnUntraced(function* <Call extends JournalCall, Arrival, News>(
  begin: (arrival: Arrival, id: number) => Call,
  learn: (call: Call, news: News) => Call
): Effect.fn.Return<CallRecorder<Call, Arrival, News>> {
  const ref = yield* SubscriptionRef.make<ReadonlyArray<Call>>([])
  const select = (matches: (call: Call) => boolean) =>
    Effect.map(SubscriptionRef.get(ref), (calls) => calls.filter(matches))
  return {
    calls: SubscriptionRef.get(ref),
    callsOf: (operation) => select((call) => call.operation === operation),
    changesOf: (cidr) =>
      Effect.fromResult(FailoverAddress.parse(cidr)).pipe(
        Effect.orDie,
        Effect.flatMap(({ prefix }) =>
          select((call) => call.appliedAt !== undefined && call.routing?.prefix === prefix)
        ),
        Effect.map((calls) => calls.toSorted(byApplication))
      ),
    awaitCall: ({ count = 1, operation, where = () => true }) =>
      SubscriptionRef.changes(ref).pipe(
        Stream.filterMap((calls) =>
          Result.fromNullishOr(
            calls.filter((call) => call.operation === operation && where(call)).at(count - 1),
            () => undefined
          )
        ),
        Stream.runHead,
        Effect.flatMap(Effect.fromOption),
        Effect.orDie
      ),
    arrive: (arrival) =>
      SubscriptionRef.modify(ref, (calls) => {
        const call = begin(arrival, calls.length + 1)
        return [call.id, [...calls, call]]
      }),
    update: (id, news) =>
      SubscriptionRef.update(ref, (calls) => calls.map((call) => (call.id === id ? learn(call, news) : call)))
  }
})
