/**
 * The routing of failover addresses by REST: what is asked, whether it may be, and what it changes.
 */
import type * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import * as Result from "effect/Result"
import { isObject, type Json } from "../embedded/JsonValue.ts"
import * as NetcupState from "./NetcupState.ts"
import * as RestReply from "./RestReply.ts"
import type { RestCall } from "./RestRequest.ts"

/** What a PATCH says; `serverId: undefined` unroutes. */
export interface RoutingRequest {
  readonly version: "v4" | "v6"
  readonly addressId: number
  readonly serverId: number | undefined
}

/** A routing that is allowed: no `server` unroutes. */
export interface Routing {
  readonly prefix: FailoverAddress.Prefix
  readonly server: NetcupState.Server | undefined
}

const isInt32 = (value: Json) => typeof value === "number" && Number.isInteger(value) && Math.abs(value) < 2 ** 31

/** `undefined` for other operations. */
export const requestOf = (call: RestCall): RoutingRequest | undefined => {
  if (call.operation !== "route" && call.operation !== "unroute") return undefined
  const serverId = isObject(call.body) ? (call.body.serverId ?? undefined) : undefined
  return {
    version: call.parameters.version === "v6" ? "v6" : "v4",
    addressId: Number(call.parameters.addressId),
    serverId: typeof serverId === "number" ? serverId : undefined
  }
}

/** What is wrong with the body of a PATCH. */
export const objection = (body: Json | undefined): RestReply.RestReply | undefined => {
  if (!isObject(body)) return RestReply.misunderstood(400, "the body is no object")
  if (Object.keys(body).some((key) => key !== "serverId"))
    return RestReply.invalid("body", "has a field that is not known")
  const serverId = body.serverId ?? null
  return serverId === null || isInt32(serverId) ? undefined : RestReply.invalid("serverId", "must be an int32")
}

export const findAddress = (
  account: NetcupState.Account,
  { addressId, version }: RoutingRequest
): NetcupState.OwnedAddress | undefined =>
  account.addresses.find(({ address, id }) => id === addressId && (address.family === "IPv6") === (version === "v6"))

/** Whether it may be, or the refusal. That an address is not editable has no recorded answer: it is 403 here. */
export const check = (
  account: NetcupState.Account,
  request: RoutingRequest
): Result.Result<Routing, RestReply.RestReply> => {
  const owned = findAddress(account, request)
  if (owned === undefined) {
    return Result.fail(
      RestReply.notFound(request.version === "v4" ? "FailoverIPv4" : "FailoverIPv6", request.addressId)
    )
  }
  if (!owned.editable) return Result.fail(RestReply.refused(403, "The failover IP is not editable."))
  const { prefix } = owned.address
  if (request.serverId === undefined) return Result.succeed({ prefix, server: undefined })
  const server = account.servers.find(({ id }) => id === request.serverId)
  if (server === undefined) return Result.fail(RestReply.notFound("Server", request.serverId))
  if (server.site.id !== owned.site.id) {
    return Result.fail(RestReply.refused(400, "The server is not at the site of the failover IP."))
  }
  return Result.succeed({ prefix, server })
}

/** What the task does at its end. The failure is a sentence: the address or the server has gone meanwhile. */
export const apply = (
  state: NetcupState.NetcupState,
  loginName: string,
  prefix: FailoverAddress.Prefix,
  server: string | undefined,
  now: number
): Result.Result<NetcupState.NetcupState, string> => {
  const account = NetcupState.findAccount(state, loginName)
  if (account === undefined || !account.addresses.some(({ address }) => address.prefix === prefix)) {
    return Result.fail("The failover IP is gone.")
  }
  if (server !== undefined && NetcupState.findServer(account, server) === undefined) {
    return Result.fail("The server is gone.")
  }
  return Result.succeed(
    NetcupState.replaceAddress(state, loginName, prefix, (owned) => ({
      ...owned,
      routedTo: server,
      lastRoutedAt: now
    }))
  )
}
