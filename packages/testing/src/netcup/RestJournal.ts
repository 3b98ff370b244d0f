/**
 * Everything that reached the REST API and its login server, in the order of arrival. No token is ever written down.
 */
import * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"

/**
 * How a call ended, as its sender was told. `Refused`: understood, and the answer was no. `Misunderstood`: what a correct client
 * never sends. `Injected` names the fault that was told instead of the truth.
 */
export type Outcome = Data.TaggedEnum<{
  Pending: {}
  Ok: {}
  Refused: { readonly text: string }
  Misunderstood: { readonly text: string }
  Injected: { readonly fault: string }
}>
export const Outcome = Data.taggedEnum<Outcome>()

/** The routing that a PATCH asked for. What nobody has is `undefined`, and so is the server of an unroute. */
export interface JournalRouting {
  readonly prefix: FailoverAddress.Prefix | undefined
  readonly server: string | undefined
}

export interface Call {
  /** 1 for the first call of all. */
  readonly id: number
  /** ms since the epoch, like `appliedAt`. */
  readonly receivedAt: number
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** `undefined` when nothing is at that path. */
  readonly operation: string | undefined
  /** Whose token came along, were it dead by now. */
  readonly loginName: string | undefined
  /** Whether the token was good on arrival. */
  readonly authenticated: boolean
  /** Documented query parameters, as they were received; the last of several. */
  readonly query: Readonly<Record<string, string>>
  /** The server that a call is about, or the destination of a routing. */
  readonly server: string | undefined
  readonly routing: JournalRouting | undefined
  /** The task that the call has started. */
  readonly taskId: string | undefined
  /** When a change took effect, whatever its sender was told: of a routing when its task has finished. */
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

export interface RestJournal {
  readonly calls: Effect.Effect<ReadonlyArray<Call>>
  readonly callsOf: (operation: string) => Effect.Effect<ReadonlyArray<Call>>
  /** Changes of one prefix that took effect, in the order in which they did. Dies when `cidr` is none. */
  readonly changesOf: (cidr: string) => Effect.Effect<ReadonlyArray<Call>>
  /** Waits until so many calls match: with `where`, also until a call that is here comes to match. */
  readonly awaitCall: (query: CallQuery) => Effect.Effect<Call>
}

type News = Partial<Pick<Call, "taskId" | "appliedAt" | "status" | "outcome">>

/** What the simulator writes; `arrive` gives the call's id. */
export interface RestRecorder extends RestJournal {
  readonly arrive: (call: Omit<Call, "id" | "taskId" | "appliedAt" | "status" | "outcome">) => Effect.Effect<number>
  readonly update: (id: number, news: News) => Effect.Effect<void>
}

const byApplication = (a: Call, b: Call) => (a.appliedAt ?? 0) - (b.appliedAt ?? 0)

export const make: Effect.Effect<RestRecorder> = Effect.gen(function* () {
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
        const nothingYet = { taskId: undefined, appliedAt: undefined, status: undefined }
        return [id, [...calls, { ...call, ...nothingYet, id, outcome: Outcome.Pending() }]]
      }),
    update: (id, news) =>
      SubscriptionRef.update(ref, (calls) => calls.map((call) => (call.id === id ? { ...call, ...news } : call)))
  }
})
