/**
 * What the webservice answers to an understood call: who may make it, and what it tells or does.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as NetcupState from "./NetcupState.ts"
import type { NetcupWorld } from "./NetcupWorld.ts"
import type { AnswerNode } from "./SoapAnswer.ts"
import * as SoapChanges from "./SoapChanges.ts"
import { parameter, type SoapCall } from "./SoapRequest.ts"
import * as SoapRouting from "./SoapRouting.ts"
import * as SoapViews from "./SoapViews.ts"

/** netcup said no; `message` is the fault's text. */
export class SoapFault extends Schema.TaggedError<SoapFault>()("SoapFault", { message: Schema.String }) {}

/** The routing that a call asks for; `undefined` for other operations. */
export const routingOf = (call: SoapCall): SoapRouting.RoutingRequest | undefined =>
  call.operation === "changeIPRouting"
    ? {
        ip: parameter(call, "routedIP"),
        mask: parameter(call, "routedMask"),
        server: parameter(call, "destinationVserverName"),
        mac: parameter(call, "destinationInterfaceMAC")
      }
    : undefined

const authenticatedAs = (state: NetcupState.NetcupState, call: SoapCall): NetcupState.Account | undefined => {
  const account = NetcupState.findAccount(state, parameter(call, "loginName"))
  const given = call.parameters.get("password") ?? call.parameters.get("oldPassword")
  // `sendPasswordResetRequest` has no password to be wrong.
  const right = account !== undefined && (given === undefined || Redacted.value(account.password) === given)
  return right ? account : undefined
}

/** Whether login and password are right at present. */
export const authenticates = (state: NetcupState.NetcupState, call: SoapCall): boolean =>
  authenticatedAs(state, call) !== undefined

/**
 * Carries a call out, at once and atomically. A successful `changeIPRouting` answers no nodes: how success is said is the
 * caller's choice.
 */
export const perform = Effect.fn("SoapWebservice.perform")(function* (
  world: NetcupWorld,
  call: SoapCall,
  options: { readonly window: Duration.Duration; readonly sparse: boolean }
) {
  const answer = yield* world.modify<Result.Result<ReadonlyArray<AnswerNode>, string>>((state, now) => {
    const account = authenticatedAs(state, call)
    if (account === undefined) return [Result.fail("Invalid credentials."), state]
    const routing = routingOf(call)
    const changed =
      routing === undefined
        ? SoapChanges.perform(state, account, call)
        : Result.map(SoapRouting.change(state, account, routing, now, options.window), (next) => [[], next] as const)
    if (changed === undefined) return [SoapViews.read(account, call, options.sparse), state]
    return Result.match(changed, {
      onFailure: (text) => [Result.fail(text), state],
      onSuccess: ([nodes, next]) => [Result.succeed(nodes), next]
    })
  })
  return yield* Effect.fromResult(Result.mapError(answer, (message) => new SoapFault({ message })))
})
