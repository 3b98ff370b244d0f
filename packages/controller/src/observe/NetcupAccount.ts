/**
 * One netcup account while groups use it: what netcup said of it last, kept fresh, and the one way to route its addresses.
 */
import type { Account, AccountKey } from "@netcup-failover/core/Account"
import type { FailoverAddress } from "@netcup-failover/core/FailoverAddress"
import type { ServerIdentity } from "@netcup-failover/core/ServerMapping"
import type { ServerName } from "@netcup-failover/core/ServerName"
import type { Credentials } from "@netcup-failover/netcup/Credentials"
import type { ServerView } from "@netcup-failover/netcup/FailoverRouting"
import * as FailoverRoutingOf from "@netcup-failover/netcup/FailoverRoutingOf"
import type { NetcupError } from "@netcup-failover/netcup/NetcupError"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { Settings } from "../Settings.ts"
import * as AccountHealth from "./AccountHealth.ts"
import * as AccountReading from "./AccountReading.ts"
import * as AccountRouting from "./AccountRouting.ts"
import type * as NodeMapping from "./NodeMapping.ts"
import type * as RouteMemory from "./RouteMemory.ts"

export interface AccountState {
  /** Absent before netcup accepted these credentials: known before all else, so that others can prepare for the account. */
  readonly key: AccountKey | undefined
  /** Absent before it was read by these credentials. */
  readonly account: Account | undefined
  /** How netcup knows its servers, as far as they were looked at. */
  readonly identities?: ReadonlyMap<ServerName, ServerIdentity> | undefined
  readonly first: AccountHealth.FirstReading | undefined
  /** What an operator should know of the account before it matters, as sentences. */
  readonly notices: ReadonlyArray<string>
  readonly trouble: AccountHealth.Trouble | undefined
}

export interface NetcupAccount {
  readonly state: Effect.Effect<AccountState>
  /** When netcup lets the login die unless it is used before, in ms since the epoch; `undefined` where nobody knows. */
  readonly loginExpiresAt: Effect.Effect<number | undefined>
  /** Whether an address is on a server, as far as is known at this moment. */
  readonly holds: RouteMemory.RouteMemory["holds"]
  /** Names the servers that our nodes are: what is routed to them is read ahead. */
  readonly watchServers: (servers: ReadonlySet<ServerName>, seekers?: NodeMapping.Seekers) => Effect.Effect<void>
  /** What netcup says of a server now. */
  readonly inspect: (server: ServerName) => Effect.Effect<ServerView, NetcupError>
  /**
   * Routes an address, and looks where it is when the answer was lost. `permitted` is asked directly before the change is sent,
   * since it may have had to wait.
   */
  readonly route: (
    address: FailoverAddress,
    to: ServerName,
    permitted: Effect.Effect<boolean>
  ) => Effect.Effect<void, NetcupError | AccountRouting.CalledOff>
  /** Takes the route of an address away, unless netcup has it elsewhere than `from` by now. `permitted` as of {@link route}. */
  readonly unroute: (
    address: FailoverAddress,
    from: ServerName,
    permitted: Effect.Effect<boolean>
  ) => Effect.Effect<void, NetcupError | AccountRouting.CalledOff>
}

/** A routing task takes about a second. One that takes longer than this must not keep dead addresses from being moved. */
const longestSettling = "15 seconds"

const identified = (identities: AccountState["identities"]): Pick<AccountState, "identities"> =>
  identities === undefined || identities.size === 0 ? {} : { identities }

/** Opens an account: reads it now, and again at each refresh interval, until the scope ends. */
export const open = Effect.fnUntraced(function* (
  credentials: Credentials,
  servers: ReadonlySet<ServerName>,
  memoryOf: (account: AccountKey) => RouteMemory.RouteMemory,
  seekers?: NodeMapping.Seekers
) {
  const settings = yield* Settings
  const timeouts = { readTimeout: settings.readTimeout, changeTimeout: settings.routeTimeout }
  const routing = yield* FailoverRoutingOf.make(credentials, {
    soap: { url: settings.soapUrl.href, ...timeouts },
    rest: {
      url: settings.restUrl.href,
      taskTimeout: settings.taskTimeout,
      login: { issuer: settings.oidcIssuer.href },
      ...timeouts
    }
  })
  const api = credentials._tag === "Soap" ? "soap" : "rest"
  const health = yield* AccountHealth.make(api)

  /**
   * Waits until netcup routes nothing any more that could change what it tells of addresses. `false`: nobody knows whether it does;
   * then what it tells of where addresses are is the best there is.
   */
  const settle = routing.settled.pipe(
    Effect.timeout(longestSettling),
    Effect.as(true),
    Effect.catch((error) =>
      Effect.as(Effect.logWarning("nobody knows what netcup is doing just now", { error: error.message }), false)
    )
  )

  const shared = { api, routing, health, settle } as const
  const { route, unroute } = yield* AccountRouting.make(shared)
  const { inspect, watchServers } = yield* AccountReading.start({ ...shared, memoryOf, servers, seekers })
  const account: NetcupAccount = {
    state: Effect.map(Ref.get(health.ref), ({ key, known, first, notices, trouble }) => ({
      key,
      account: known?.memory.account(),
      ...identified(known?.memory.identities()),
      first,
      notices,
      trouble
    })),
    loginExpiresAt: routing.loginExpiresAt,
    holds: (prefix, server) => Ref.getUnsafe(health.ref).known?.memory.holds(prefix, server) === true,
    watchServers,
    inspect,
    route,
    unroute
  }
  return account
})
