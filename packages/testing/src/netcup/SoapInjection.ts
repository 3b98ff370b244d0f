/**
 * The faults of the webservice that a test can ask for.
 */
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import * as CallInjections from "./CallInjections.ts"

/** What the sender gets instead of the true answer. */
export type InjectedFault = Data.TaggedEnum<
  CallInjections.Faults & {
    /** HTTP 200 with an envelope of SOAP 1.2. */
    WrongEnvelope: CallInjections.Applied
    /** A fault with that text; the call is not carried out. */
    Refuse: { readonly text: string }
    /** `<return>false</return>`; the call is not carried out. */
    SayFalse: {}
  }
>
export const InjectedFault = Data.taggedEnum<InjectedFault>()

export type InjectionRule = CallInjections.CallRule<InjectedFault>

export type SoapInjections = CallInjections.CallInjections<InjectionRule, CallInjections.Subject>

export const make: Effect.Effect<SoapInjections> = CallInjections.make(() => true)
