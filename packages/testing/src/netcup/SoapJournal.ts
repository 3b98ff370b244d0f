/**
 * Everything that reached the webservice, in the order of arrival. Passwords are never written down.
 */
import type { Prefix } from "@netcup-failover/core/FailoverAddress"
import * as Data from "effect/Data"
import * as CallJournal from "./CallJournal.ts"
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
  readonly prefix: Prefix | undefined
}

export interface Call extends CallJournal.JournalCall {
  /** As it was received. */
  readonly loginName: string | undefined
  /** Whether login and password were right on arrival. */
  readonly authenticated: boolean
  /** As they were received, without passwords. */
  readonly parameters: Readonly<Record<string, string>>
  readonly routing: JournalRouting | undefined
  readonly outcome: Outcome
}

export type SoapJournal = CallJournal.CallJournal<Call>

type News = Partial<Pick<Call, "appliedAt" | "status" | "outcome">>
type Arrival = Omit<Call, "id" | "appliedAt" | "status" | "outcome">

export const make = CallJournal.make(
  (arrival: Arrival, id): Call => ({
    ...arrival,
    id,
    appliedAt: undefined,
    status: undefined,
    outcome: Outcome.Pending()
  }),
  (call, news: News): Call => ({ ...call, ...news })
)
