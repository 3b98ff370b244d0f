/**
 * What `changeIPRouting` allows: pure, the time is an argument.
 */
import * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as NetcupState from "./NetcupState.ts"

/** A routing as it was asked for, texts untouched. */
export interface RoutingRequest {
  readonly ip: string
  readonly mask: string
  readonly server: string
  readonly mac: string
}

/** Asks for the route to be removed. */
const unroutingMac = "00:00:00:00:00:00"

export const limitFault = "Routing a failover IP is only permitted once every 5 minutes."

export const serverNotFound = (name: string) => `Server not found for name '${name}'`

/** The canonical prefix that a request means; `undefined` when it is no address. */
export const prefixOf = (request: RoutingRequest): FailoverAddress.Prefix | undefined =>
  Result.match(FailoverAddress.parse(`${request.ip}/${request.mask}`), {
    onFailure: () => undefined,
    onSuccess: ({ prefix }) => prefix
  })

const hasMac = (server: NetcupState.Server, mac: string) =>
  server.interfaces.some((one) => one.mac.toLowerCase() === mac.toLowerCase())

/**
 * The state after an accepted change, or the text of the fault. Only an accepted change starts the address's window; one more
 * is allowed as soon as `window` has gone by. A wrong mask has no recorded fault: it is `action not allowed` here.
 */
export const change = (
  state: NetcupState.NetcupState,
  account: NetcupState.Account,
  request: RoutingRequest,
  now: number,
  window: Duration.Duration
): Result.Result<NetcupState.NetcupState, string> => {
  const owned = NetcupState.findAddress(account, request.ip)
  if (owned === undefined) {
    return Result.fail(`Could not find failover IP: ${request.ip} for User: ${account.loginName}`)
  }
  const server = NetcupState.findServer(account, request.server)
  if (server === undefined) return Result.fail(serverNotFound(request.server))
  const unroutes = request.mac === unroutingMac
  const fits = unroutes ? owned.routedTo === server.name : hasMac(server, request.mac)
  if (request.mask !== String(owned.address.prefixLength) || !fits) return Result.fail("action not allowed")
  if (owned.lastRoutedAt !== undefined && now - owned.lastRoutedAt < Duration.toMillis(window)) {
    return Result.fail(limitFault)
  }
  return Result.succeed(
    NetcupState.replaceAddress(state, account.loginName, owned.address.prefix, (found) => ({
      ...found,
      routedTo: unroutes ? undefined : server.name,
      lastRoutedAt: now
    }))
  )
}
