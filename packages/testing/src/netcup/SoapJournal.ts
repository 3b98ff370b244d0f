/**
 * Everything that reached the webservice, in the order of arrival. Passwords are never written down.
 */
import * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { RoutingRequest } from "./SoapRouting.ts"

/** How a call ended, as its sender was told. `Injected` names the fault that was told instead of the truth. */
export type Outcome = Data.TaggedEnum<{
  Pending: {}
  Ok: {}
  Fault: { readonly text: string }
  NotSoap: { readonly text: string }
  Injected: { readonly fault: string }
}>
export const Outcome = Data.taggedEnum<Outcome>()

/** The routing that a call asked for; `prefix` is canonical and absent when the texts are no address. */
export interface JournalRouting extends RoutingRequest {
  readonly prefix: FailoverAddress.Prefix | undefined
}

export interface Call {
  /** 1 for the first call of all. */
  readonly id: number
  /** ms since the epoch, like `appliedAt`. */
  readonly receivedAt: number
  /** `undefined` when the request was not understood that far. */
  readonly operation: string | undefined
  /** As it was received. */
  readonly loginName: string | undefined
  /** Whether login and password were right on arrival. */
  readonly authenticated: boolean
  /** As they were received, without passwords. */
  readonly parameters: Readonly<Record<string, string>>
  readonly routing: JournalRouting | undefined
  /** When a change of routing took effect, whatever its sender was told. */
  readonly appliedAt: number | undefined
  /** HTTP status of the answer; `undefined` while there is none. */
  readonly status: number | undefined
  readonly outcome: Outcome
}

export interface CallQuery {
  readonly operation: string
  /** Which of the matching calls: the first when absent. */
  readonly count?: number
  readonly where?: (call: Call) => boolean
}

export interface SoapJournal {
  readonly calls: Effect.Effect<ReadonlyArray<Call>>
  readonly callsOf: (operation: string) => Effect.Effect<ReadonlyArray<Call>>
  /** Changes of one prefix that took effect, in the order in which they did. Dies when `cidr` is none. */
  readonly changesOf: (cidr: string) => Effect.Effect<ReadonlyArray<Call>>
  /** Waits until so many calls match: with `where`, also until a call that is here comes to match. */
  readonly awaitCall: (query: CallQuery) => Effect.Effect<Call>
}

/** What the simulator writes; `arrive` gives the call's id. */
export interface SoapRecorder extends SoapJournal {
  readonly arrive: (call: Omit<Call, "id" | "appliedAt" | "status" | "outcome">) => Effect.Effect<number>
  readonly update: (id: number, news: Partial<Pick<Call, "appliedAt" | "status" | "outcome">>) => Effect.Effect<void>
}

const byApplication = (a: Call, b: Call) => (a.appliedAt ?? 0) - (b.appliedAt ?? 0)

export const make: Effect.Effect<SoapRecorder> = Effect.gen(function* () {
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
    arrive: (call) =>
      SubscriptionRef.modify(ref, (calls) => {
        const id = calls.length + 1
        const arrived = { ...call, id, appliedAt: undefined, status: undefined, outcome: Outcome.Pending() }
        return [id, [...calls, arrived]]
      }),
    update: (id, news) =>
      SubscriptionRef.update(ref, (calls) => calls.map((call) => (call.id === id ? { ...call, ...news } : call)))
  }
})
