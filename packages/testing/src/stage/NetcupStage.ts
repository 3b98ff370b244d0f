/**
 * netcup as scenarios see it, whichever API answers: one world, the simulator of one API before it, and what a controller has to
 * be told to use it.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as CallInjections from "../netcup/CallInjections.ts"
import type * as CallJournal from "../netcup/CallJournal.ts"
import * as NetcupWorld from "../netcup/NetcupWorld.ts"
import { InjectedFault as RestFault } from "../netcup/RestInjection.ts"
import type * as RestJournal from "../netcup/RestJournal.ts"
import * as RestSimulator from "../netcup/RestSimulator.ts"
import { InjectedFault as SoapFault } from "../netcup/SoapInjection.ts"
import type * as SoapJournal from "../netcup/SoapJournal.ts"
import * as SoapSimulator from "../netcup/SoapSimulator.ts"

/** Which API scenarios are played over. SOAP where nobody says otherwise. */
export const Api = Context.Reference<"soap" | "rest">("@netcup-failover/testing/stage/Api", {
  defaultValue: () => "soap"
})

/** What both APIs' journals tell of a call. */
export type Call = Pick<
  SoapJournal.Call & RestJournal.Call,
  "id" | "receivedAt" | "operation" | "loginName" | "authenticated" | "appliedAt" | "status"
> & {
  readonly routing: { readonly prefix: string | undefined; readonly server: string | undefined } | undefined
}

/** A fault that both APIs can have. */
export type Fault = Extract<SoapFault, { readonly _tag: RestFault["_tag"] }> & RestFault

export type Rule = CallInjections.CallRule<Fault>

/** A simulator, as far as both are alike. */
export interface Simulator {
  readonly journal: Omit<CallJournal.CallJournal<Call>, "awaitCall">
  readonly awaitCall: CallJournal.CallJournal<Call>["awaitCall"]
  readonly inject: (rule: Rule) => Effect.Effect<CallInjections.Injection>
  readonly stop: Effect.Effect<void>
  readonly start: Effect.Effect<void>
}

export interface NetcupOptions {
  /** How long an address rests after a move. REST has no such limit: a short one stands for no limits at all. */
  readonly limitWindow?: Duration.Input
  /** Of REST alone. */
  readonly rest?: RestSimulator.RestSimulatorOptions
}

type Settings = Readonly<Record<string, string>>

/** What is under way counts too, however short a window is: with ten at once hundreds of moves would wait, and log that, all the time. */
const withoutWindows = {
  NETCUP_SHORT_WINDOW: "1ms",
  NETCUP_SHORT_WINDOW_MOVES: "10000",
  NETCUP_LONG_WINDOW: "1ms",
  NETCUP_LONG_WINDOW_MOVES: "10000"
}

/** The ledger holds back what netcup would refuse: it has to know of shorter limits. */
const settingsOf = ({ limitWindow }: NetcupOptions): Settings => {
  if (limitWindow === undefined) return {}
  const millis = Duration.toMillis(Duration.fromInputUnsafe(limitWindow))
  return {
    NETCUP_MOVE_INTERVAL: `${millis + 5}ms`,
    ...(isShort(limitWindow) ? withoutWindows : {})
  }
}

const isShort = (limitWindow: Duration.Input | undefined): boolean =>
  limitWindow !== undefined && Duration.isLessThan(Duration.fromInputUnsafe(limitWindow), Duration.seconds(1))

/** Both simulators over one world; scenarios use one, and may look at the other. */
export const make = Effect.fn("NetcupStage.make")(function* (options: NetcupOptions = {}) {
  const api = yield* Api
  const world = yield* NetcupWorld.make()
  const { limitWindow } = options
  const soap = yield* SoapSimulator.make({ world, ...(limitWindow === undefined ? {} : { limitWindow }) })
  const rest = yield* RestSimulator.make({
    world,
    taskDuration: "50 millis",
    ...(isShort(limitWindow) ? { limits: [] } : {}),
    ...options.rest
  })
  const simulator: Simulator = api === "soap" ? soap : rest

  /** What a Secret holds for an account: of REST the token of a new login. */
  const credentials = Effect.fnUntraced(function* (loginName: string) {
    if (api === "rest") return { refreshToken: Redacted.value(yield* world.login(loginName)) }
    const account = (yield* world.state).find((one) => one.loginName === loginName)
    return { loginName, password: account === undefined ? "" : Redacted.value(account.password) }
  })

  return {
    api,
    world,
    soap,
    rest,
    simulator,
    /** The operations that route an address, list the servers, and look at one. */
    operations:
      api === "soap"
        ? { route: "changeIPRouting", servers: "getVServers", server: "getVServerInformation" }
        : { route: "route", servers: "servers", server: "server" },
    /** Refuses matching routings by netcup's limit, with an end that nobody knows. */
    limit: (rule: Omit<Rule, "fault" | "operation">) =>
      api === "soap"
        ? soap.inject({
            ...rule,
            operation: "changeIPRouting",
            fault: SoapFault.Refuse({ text: "Routing a failover IP is only permitted once every 5 minutes." })
          })
        : rest.inject({ ...rule, operation: "route", fault: RestFault.Status({ status: 429 }) }),
    credentials,
    /** The credentials of an account are refused from now on: another password, or all tokens dead. */
    spoil: (loginName: string) =>
      api === "soap"
        ? world.setPassword(loginName, "changed")
        : Effect.andThen(world.revokeTokens(loginName), world.expireAccessTokens(loginName)),
    environment: {
      NETCUP_SOAP_URL: soap.url,
      NETCUP_REST_URL: rest.url,
      NETCUP_OIDC_ISSUER: rest.issuer,
      ...settingsOf(options)
    }
  }
})
