/**
 * What REST tells of failover addresses, and how it routes them.
 */
import type { FailoverAddress } from "@netcup-failover/core/FailoverAddress"
import * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { AddressNotFound, NetcupError, type NetcupErrorReason, ServerNotFound, WrongSite } from "../NetcupError.ts"
import * as FailoverIp from "./FailoverIp.ts"
import { json } from "./RestCall.ts"
import type { RestTransport } from "./RestTransport.ts"
import type { Servers } from "./Servers.ts"
import { Task } from "./Task.ts"

/** netcup keeps a list for each. */
export type Family = FailoverAddress["family"]

/** Which of the addresses; absent: all. */
export interface FailoverIpFilter {
  readonly ip?: string
  readonly serverId?: number
}

/** What has to be known of an address to route it. */
export type Routed = Pick<FailoverIp.FailoverIp, "id" | "address">

/** The calls about failover addresses. */
export interface FailoverIps {
  /** The account's addresses of one family, in one call. While a task routes one, this tells where it was before. */
  readonly failoverIps: (
    family: Family,
    filter?: FailoverIpFilter
  ) => Effect.Effect<ReadonlyArray<FailoverIp.FailoverIp>, NetcupError>
  /**
   * Begins to route an address: it is there when the task has finished. Sent once. `permitted` is asked directly before it is sent;
   * `false`: nothing is, and it fails with `CalledOff`.
   */
  readonly route: (ip: Routed, serverId: number, permitted?: Effect.Effect<boolean>) => Effect.Effect<Task, NetcupError>
  /** Begins to take the route of an address away. Sent once. */
  readonly unroute: (ip: Routed, permitted?: Effect.Effect<boolean>) => Effect.Effect<Task, NetcupError>
}

const version = (family: Family) => (family === "IPv4" ? "v4" : "v6")

/** Of which of the two netcup says that there is none; both or neither: it can't be told from the words. */
const missing = (words: string): "address" | "server" | undefined => {
  const address = /failover|\bip|address/i.test(words)
  const server = /server/i.test(words)
  return address === server ? undefined : address ? "address" : "server"
}

const refusal = (status: number, message: string): NetcupErrorReason | undefined => {
  // There are other reasons for a 400, such as a body that is not understood.
  if (status === 400) return /\bsites?\b|standort/i.test(message) ? new WrongSite({ message }) : undefined
  if (status !== 404) return undefined
  return missing(message) === "server" ? new ServerNotFound({ message }) : new AddressNotFound({ message })
}

/** The calls over one transport. */
export const make = ({ call, say }: RestTransport, { server }: Servers): FailoverIps => {
  const lists = {
    IPv4: json(Schema.Array(FailoverIp.FailoverIpv4)),
    IPv6: json(Schema.Array(FailoverIp.FailoverIpv6))
  }
  const task = json(Task)

  const change = (
    operation: string,
    { address: { family }, id }: Routed,
    body: { readonly serverId?: number },
    permitted?: Effect.Effect<boolean>
  ) =>
    call(
      {
        operation: `${operation}${family}`,
        kind: "change",
        method: "PATCH",
        path: (userId) => `/api/v1/users/${userId}/failoverips/${version(family)}/${id}`,
        body,
        decode: task,
        refusal
      },
      permitted
    )

  return {
    failoverIps: Effect.fnUntraced(function* (family, { ip, serverId } = {}) {
      const told = yield* call<
        ReadonlyArray<typeof FailoverIp.FailoverIpv4.Type | typeof FailoverIp.FailoverIpv6.Type>
      >({
        operation: `failoverIps${family}`,
        kind: "read",
        method: "GET",
        path: (userId) => `/api/v1/users/${userId}/failoverips/${version(family)}`,
        query: { ip, serverId },
        decode: lists[family]
      })
      const [ips, unreadable] = Array.partition(told, FailoverIp.of)
      if (unreadable.length > 0) yield* Effect.logDebug("skipped of the failover addresses", unreadable.map(say))
      return ips
    }),
    route: (ip, serverId, permitted) =>
      change("route", ip, { serverId }, permitted).pipe(
        Effect.catchReasons("NetcupError", {
          AddressNotFound: (reason, error) =>
            missing(reason.message) === "address"
              ? Effect.fail(error)
              : server(serverId, { liveInfo: false }).pipe(
                  Effect.catchReasons("NetcupError", {
                    ServerNotFound: () => new NetcupError({ reason: new ServerNotFound({ message: reason.message }) })
                  }),
                  // A look that fails takes nothing back of what netcup said.
                  Effect.catch((other) => (other.reason._tag === "ServerNotFound" ? Effect.fail(other) : Effect.void)),
                  Effect.andThen(error)
                )
        })
      ),
    unroute: (ip, permitted) => change("unroute", ip, {}, permitted)
  }
}
