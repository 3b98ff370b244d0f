/**
 * {@link FailoverRouting} for whichever credentials there are.
 */
import type * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Credentials } from "./Credentials.ts"
import { FailoverRouting } from "./FailoverRouting.ts"
import * as FailoverRoutingRest from "./rest/FailoverRoutingRest.ts"
import type { RestOptions } from "./rest/RestOptions.ts"
import * as FailoverRoutingSoap from "./soap/FailoverRoutingSoap.ts"
import type { SoapOptions } from "./soap/SoapOptions.ts"
import type { TokenStore } from "./TokenStore.ts"

/** How calls are made, for each API. */
export interface RoutingOptions {
  readonly soap?: SoapOptions | undefined
  readonly rest?: RestOptions | undefined
}

/** The service over the API that the credentials are for. */
export const make = (
  credentials: Credentials,
  { rest = {}, soap = {} }: RoutingOptions = {}
): Effect.Effect<FailoverRouting["Service"], never, HttpClient.HttpClient | TokenStore | Scope.Scope> =>
  credentials._tag === "Soap"
    ? FailoverRoutingSoap.make(credentials, soap)
    : FailoverRoutingRest.make(credentials, rest)

/** The service as a layer. */
export const layer = (credentials: Credentials, options: RoutingOptions = {}) =>
  Layer.effect(FailoverRouting, make(credentials, options))
