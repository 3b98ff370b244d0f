/**
 * netcup for programs that don't use Effect: {@link FailoverRouting} by promises. In this library promises are in the interfaces of this
 * folder, and nowhere else.
 */
import * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import { ServerName } from "@netcup-failover/core/ServerName"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Result from "effect/Result"
import { type Credentials, SoapCredentials } from "../Credentials.ts"
import { FailoverRouting } from "../FailoverRouting.ts"
import * as FailoverRoutingOf from "../FailoverRoutingOf.ts"
import * as MemoryTokenStore from "../login/MemoryTokenStore.ts"
import * as TokenJson from "../login/TokenJson.ts"
import type { NetcupError } from "../NetcupError.ts"
import type { RestOptions } from "../rest/RestOptions.ts"
import type { SoapOptions } from "../soap/SoapOptions.ts"
import * as FetchClient from "./FetchClient.ts"
import { settle } from "./Outcome.ts"
import * as PromiseTokenStore from "./PromiseTokenStore.ts"

/** How to connect by REST: what works at netcup today. */
export interface RestConnectOptions {
  /** What a login gave: the refresh token, or the whole JSON that it came in. */
  readonly refreshToken: string
  readonly loginName?: undefined
  readonly password?: undefined
  /** Remembers what the token is replaced by. Absent: that is forgotten with the connection, and it may be that nobody can use the login any more. */
  readonly tokenStore?: PromiseTokenStore.PromiseTokenStore | undefined
  /** Where netcup is, and how long to wait for it. */
  readonly rest?: RestOptions | undefined
  /** What to make requests with: the platform's `fetch` when absent. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** How to connect by SOAP, which netcup closed to the public in May 2026. */
export interface SoapConnectOptions {
  /** The SCP customer number. */
  readonly loginName: string
  /** That of the webservice, which is not that of the panel. */
  readonly password: string
  readonly refreshToken?: undefined
  /** Where netcup is, and how long to wait for it. */
  readonly soap?: SoapOptions | undefined
  /** What to make requests with: the platform's `fetch` when absent. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** What goes with every call. */
export interface CallOptions {
  /** Ends the call: its promise is rejected with the signal's reason. What has been sent by then is not taken back. */
  readonly signal?: AbortSignal | undefined
}

/** What goes with a route. */
export interface RouteOptions extends CallOptions {
  /**
   * Is it still wanted? Asked when all else is ready, directly before the change is sent: seconds may have passed since the call.
   * `false`: nothing is sent, and the promise is rejected as `CalledOff`; so it is, with what was thrown, when this throws.
   */
  readonly permitted?: (() => boolean | PromiseLike<boolean>) | undefined
}

/** Where addresses are, as far as netcup told. */
export interface ConnectionRoutes {
  /** The server that each address prefix is routed to; a prefix that is routed nowhere is absent. */
  readonly held: ReadonlyMap<string, string>
  /** The servers that netcup told nothing of, and why: an address that is not in `held` may be on one of them. */
  readonly untold: ReadonlyMap<string, NetcupError>
}

/**
 * One account. All promises are rejected with a `NetcupError`, whose `reason._tag` tells what to do; with the signal's reason if the
 * call was aborted; with a `TypeError` for what is no address or no server name at all, of which netcup is asked nothing; or with
 * an `Error` once the connection is closed.
 */
export interface Connection extends AsyncDisposable {
  /** The names of the account's servers. */
  servers(options?: CallOptions): Promise<ReadonlyArray<string>>
  /**
   * Where the account's failover addresses are; by SOAP, the servers' own addresses are among them. By REST two calls, by SOAP
   * one for each of `among`, which are all servers when absent. Rejected when netcup told of none of them.
   */
  routes(options?: CallOptions & { readonly among?: ReadonlyArray<string> | undefined }): Promise<ConnectionRoutes>
  /**
   * Routes an address (`198.51.100.1/32`, `2001:db8::/64`) to a server. Fulfilled when netcup says that it is done. Repeats nothing
   * that may have been sent: after an `UnknownOutcome`, or an abort, look at {@link routes} first.
   */
  route(address: string, server: string, options?: RouteOptions): Promise<void>
  /** Takes the route of an address away from whichever server holds it. Nothing is sent when none does. */
  unroute(address: string, options?: CallOptions): Promise<void>
  /**
   * Ends all calls under way and what keeps the login alive; until then the process does not end by itself. Waits, for the time
   * of one request at most, until a new refresh token is in the `tokenStore`.
   */
  close(): Promise<void>
}

const text = (what: string, value: unknown): string => {
  if (typeof value !== "string" || value === "") throw new TypeError(`${what} is no text, or an empty one`)
  return value
}

const credentialsOf = (options: RestConnectOptions | SoapConnectOptions): Credentials => {
  const { loginName, password, refreshToken } = options
  if (refreshToken === undefined) {
    return new SoapCredentials({
      loginName: text("loginName", loginName),
      password: Redacted.make(text("password", password), { label: "password" })
    })
  }
  if (loginName !== undefined || password !== undefined) {
    throw new TypeError("give either refreshToken, for REST, or loginName and password, for SOAP")
  }
  return Result.getOrThrowWith(
    TokenJson.toCredentials(Redacted.make(text("refreshToken", refreshToken))),
    (why) => new TypeError(`refreshToken ${why}`)
  )
}

const addressOf = (address: string) =>
  Result.getOrThrowWith(FailoverAddress.parse(text("address", address)), (why) => new TypeError(why))

const serverOf = (server: string) => ServerName.make(text("server", server))

/** What cannot be told to a caller, since none waits for it. Standard output is the program's. */
const logs = Layer.merge(
  Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)]),
  Layer.succeed(References.MinimumLogLevel, "Warn")
)

/**
 * Connects to one account, asking netcup nothing yet. Throws a `TypeError` for options that make no sense. {@link Connection.close} it,
 * or declare it by `await using`.
 */
export const connect = (options: RestConnectOptions | SoapConnectOptions): Connection => {
  const tokens =
    "tokenStore" in options && options.tokenStore !== undefined
      ? PromiseTokenStore.layer(options.tokenStore)
      : MemoryTokenStore.layer
  const runtime = ManagedRuntime.make(
    FailoverRoutingOf.layer(credentialsOf(options), {
      rest: "rest" in options ? options.rest : undefined,
      soap: "soap" in options ? options.soap : undefined
    }).pipe(Layer.provide(tokens), Layer.provide(FetchClient.layer(options.fetch)), Layer.provideMerge(logs))
  )
  const closing = new AbortController()

  const ask = <A>(
    question: (routing: FailoverRouting["Service"]) => Effect.Effect<A, NetcupError>,
    { signal }: CallOptions
  ) =>
    settle(
      (run) => runtime.runPromiseExit(FailoverRouting.use(question), run),
      signal === undefined ? closing.signal : AbortSignal.any([closing.signal, signal])
    )

  const close = () => {
    closing.abort(new Error("this connection to netcup is closed"))
    return runtime.dispose()
  }

  return {
    servers: (options = {}) => ask(({ servers }) => servers, options),
    routes: async ({ among, ...options } = {}) => {
      const asked = among?.map(serverOf)
      return ask(
        ({ routes, servers }) => Effect.flatMap(asked === undefined ? servers : Effect.succeed(asked), routes),
        options
      )
    },
    route: async (address, server, { permitted, ...options } = {}) => {
      const [prefix, to] = [addressOf(address), serverOf(server)]
      const asked = permitted === undefined ? undefined : Effect.promise(async () => permitted())
      return ask(({ route }) => route(prefix, to, asked), options)
    },
    unroute: async (address, options = {}) => {
      const prefix = addressOf(address)
      return ask(({ unroute }) => unroute(prefix), options)
    },
    close,
    [Symbol.asyncDispose]: close
  }
}
