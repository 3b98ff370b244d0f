/**
 * The faults of the webservice that a test can ask for.
 */
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import * as CallInjections from "./CallInjections.ts"

/** What the sender gets instead of the true answer. */
export type InjectedFault = Data.TaggedEnum<{
  /** No answer, ever; the connection stays open. */
  Hang: CallInjections.Applied
  /** The connection is reset. */
  Reset: CallInjections.Applied
  /** HTTP 503 with a page of HTML, as a proxy answers. */
  Unavailable: CallInjections.Applied
  /** HTTP 500 without a body. */
  EmptyError: CallInjections.Applied
  /** HTTP 200 with something that is no XML. */
  Garbage: CallInjections.Applied
  /** HTTP 200 with the first half of an answer. */
  Truncated: CallInjections.Applied
  /** HTTP 200 with an answer of at least that many bytes, its length not announced. */
  Huge: CallInjections.Applied & { readonly bytes: number }
  /** HTTP 200 with an envelope of SOAP 1.2. */
  WrongEnvelope: CallInjections.Applied
  /** A fault with that text; the call is not carried out. */
  Refuse: { readonly text: string }
  /** `<return>false</return>`; the call is not carried out. */
  SayFalse: {}
}>
export const InjectedFault = Data.taggedEnum<InjectedFault>()

export type InjectionRule = CallInjections.CallRule<InjectedFault>

export type SoapInjections = CallInjections.CallInjections<InjectionRule, CallInjections.Subject>

export const make: Effect.Effect<SoapInjections> = CallInjections.make(() => true)
