/**
 * Everything that reached the REST API and its login server, in the order of arrival. No token is ever written down.
 */
import type { Prefix } from "@netcup-failover/core/FailoverAddress"
import * as Data from "effect/Data"
import * as CallJournal from "./CallJournal.ts"

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
  readonly prefix: Prefix | undefined
  readonly server: string | undefined
}

export interface Call extends CallJournal.JournalCall {
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
  readonly outcome: Outcome
}

export type RestJournal = CallJournal.CallJournal<Call>

type News = Partial<Pick<Call, "taskId" | "appliedAt" | "status" | "outcome">>
type Arrival = Omit<Call, "id" | "taskId" | "appliedAt" | "status" | "outcome">

export const make = CallJournal.make(
  (arrival: Arrival, id): Call => ({
    ...arrival,
    id,
    taskId: undefined,
    appliedAt: undefined,
    status: undefined,
    outcome: Outcome.Pending()
  }),
  (call, news: News): Call => ({ ...call, ...news })
)
