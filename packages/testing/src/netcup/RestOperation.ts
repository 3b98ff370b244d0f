/**
 * What can be asked of the REST API and its login server, by method and path.
 */
import * as Result from "effect/Result"

export interface RestOperation {
  readonly name: string
  readonly method: string
  readonly path: RegExp
  readonly query: ReadonlyArray<string>
  /** Media types that a body may have; empty: the call has none. */
  readonly body: ReadonlyArray<string>
}

const form = ["application/x-www-form-urlencoded"]
const patch = ["application/merge-patch+json"]
const routing = ["application/json", ...patch]

const api = (
  method: string,
  path: string,
  name: string,
  query: ReadonlyArray<string> = [],
  body: ReadonlyArray<string> = []
) => ({
  name,
  method,
  path: new RegExp(`^/scp-core/api${path}$`, "u"),
  query,
  body
})

const openId = (method: string, path: string, name: string, body: ReadonlyArray<string> = []): RestOperation => ({
  name,
  method,
  path: new RegExp(`^/realms/scp${path}$`, "u"),
  query: [],
  body
})

const id = (name: string) => `(?<${name}>[0-9]{1,10})`
const addresses = `/v1/users/${id("userId")}/failoverips`

/** Token requests are told apart by their grant: `token.refresh`, `token.device`; a PATCH without a server is an `unroute`. */
const operations: ReadonlyArray<RestOperation> = [
  api("GET", "/ping", "ping"),
  api("GET", "/v1/servers", "servers", ["limit", "offset", "name", "ip", "q", "sort"]),
  api("GET", `/v1/servers/${id("serverId")}`, "server", ["loadServerLiveInfo"]),
  api("PATCH", `/v1/servers/${id("serverId")}`, "patchServer", ["stateOption"], patch),
  api("GET", `/v1/servers/${id("serverId")}/interfaces`, "interfaces", ["loadRdns"]),
  api("GET", `/v1/users/${id("userId")}`, "user"),
  api("GET", `${addresses}/v4`, "failoverIpsV4", ["ip", "serverId"]),
  api("GET", `${addresses}/v6`, "failoverIpsV6", ["ip", "serverId"]),
  api("PATCH", `${addresses}/(?<version>v4|v6)/${id("addressId")}`, "route", [], routing),
  api("GET", "/v1/tasks", "tasks", ["limit", "offset", "q", "serverId", "state"]),
  api("GET", "/v1/tasks/(?<uuid>[^/:]+)", "task"),
  api("PUT", "/v1/tasks/(?<uuid>[^/:]+):cancel", "cancelTask"),
  openId("GET", "/\\.well-known/openid-configuration", "openidConfiguration"),
  openId("POST", "/protocol/openid-connect/auth/device", "device", form),
  openId("POST", "/protocol/openid-connect/token", "token", form),
  openId("POST", "/protocol/openid-connect/revoke", "revoke", form),
  openId("GET", "/protocol/openid-connect/userinfo", "userinfo")
]

/** Calls of the login server: they answer as OAuth 2.0 does. */
export const loginOperations: ReadonlyArray<string> = [
  "openidConfiguration",
  "device",
  "token",
  "token.refresh",
  "token.device",
  "revoke",
  "userinfo"
]

export interface FoundOperation {
  readonly operation: RestOperation
  /** What the path says, by name. */
  readonly parameters: Readonly<Record<string, string>>
}

/** The failure is the status: 404 when nothing is at that path, 405 when something is, for other methods. */
export const find = (method: string, path: string): Result.Result<FoundOperation, 404 | 405> => {
  const decoded = Result.getOrElse(
    Result.try(() => decodeURIComponent(path)),
    () => ""
  )
  const there = operations.flatMap((operation) => {
    const match = operation.path.exec(decoded)
    return match === null ? [] : [{ operation, parameters: { ...match.groups } }]
  })
  const found = there.find(({ operation }) => operation.method === method)
  if (found !== undefined) return Result.succeed(found)
  return Result.fail(there.length > 0 ? 405 : 404)
}
