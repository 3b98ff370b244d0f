/**
 * What REST tells of servers, and what it changes about them.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import { type NetcupError, type NetcupErrorReason, Refused, ServerNotFound } from "../NetcupError.ts"
import * as Paging from "./Paging.ts"
import { type Accepted, json, type RestCall } from "./RestCall.ts"
import type { RestTransport } from "./RestTransport.ts"
import { Server, ServerSummary } from "./Server.ts"
import { ServerInterface } from "./ServerInterface.ts"
import { Task } from "./Task.ts"

/** What to make of a server's power, and how, if not gently. */
export type Power =
  | { readonly state: "ON"; readonly option?: "POWERCYCLE" | "RESET" }
  | { readonly state: "OFF"; readonly option?: "POWEROFF" }
  | { readonly state: "SUSPENDED" }

/** Which of the servers; absent: all. */
export interface ServerFilter {
  readonly name?: string
  readonly ip?: string
  /** Found in the name, the nickname or an IPv4 address. */
  readonly q?: string
}

/** The calls about servers. */
export interface Servers {
  /** The account's servers by name; an id that was told is good until the server is gone. */
  readonly servers: (filter?: ServerFilter) => Stream.Stream<ServerSummary, NetcupError>
  /** One server with what its hypervisor says now, which takes longer and can be left out. */
  readonly server: (id: number, options?: { readonly liveInfo?: boolean }) => Effect.Effect<Server, NetcupError>
  /** Its interfaces with all addresses, routed ones included. Reverse names take longer and can be left out. */
  readonly interfaces: (
    id: number,
    options?: { readonly rdns?: boolean }
  ) => Effect.Effect<ReadonlyArray<ServerInterface>, NetcupError>
  /** Gives the task that does it; `undefined`: it is done. `Refused` while its host is in maintenance. The same for the names. */
  readonly setPower: (id: number, power: Power) => Effect.Effect<Task | undefined, NetcupError>
  readonly setHostname: (id: number, hostname: string) => Effect.Effect<Task | undefined, NetcupError>
  readonly setNickname: (id: number, nickname: string) => Effect.Effect<Task | undefined, NetcupError>
}

/** 404: no such server. 503: its host is in maintenance, and nothing was begun. */
const refusal = (status: number, message: string): NetcupErrorReason | undefined =>
  status === 404 ? new ServerNotFound({ message }) : undefined

const changeRefusal = (status: number, message: string): NetcupErrorReason | undefined =>
  status === 503 ? new Refused({ message }) : refusal(status, message)

const readTask = json(Task)

/** 202 comes with a task; any other status of success says that all is done. */
const taskOrDone = (answer: Accepted): Result.Result<Task | undefined, string> =>
  answer.status === 202 ? readTask(answer) : Result.succeed(undefined)

/** The calls over one transport. */
export const make = Effect.fnUntraced(function* ({ call, settings }: RestTransport) {
  const pages = yield* Paging.make(settings.pageSize)
  const list = json(Schema.Array(ServerSummary))
  const one = json(Server)
  const allInterfaces = json(Schema.Array(ServerInterface))

  const change = (id: number, attribute: Pick<RestCall<never>, "body" | "query">) =>
    call({
      operation: "changeServer",
      kind: "change",
      method: "PATCH",
      path: () => `/api/v1/servers/${id}`,
      ...attribute,
      decode: taskOrDone,
      refusal: changeRefusal
    })

  return {
    servers: ({ ip, name, q } = {}) =>
      pages.all(
        ({ id }) => id,
        (limits) =>
          call({
            operation: "servers",
            kind: "read",
            method: "GET",
            path: () => "/api/v1/servers",
            // Without an order, pages would mean nothing.
            query: { ...limits, sort: "name", name, ip, q },
            decode: list
          })
      ),
    server: (id, { liveInfo } = {}) =>
      call({
        operation: "server",
        kind: "read",
        method: "GET",
        path: () => `/api/v1/servers/${id}`,
        query: { loadServerLiveInfo: liveInfo },
        decode: one,
        refusal
      }),
    interfaces: (id, { rdns } = {}) =>
      call({
        operation: "interfaces",
        kind: "read",
        method: "GET",
        path: () => `/api/v1/servers/${id}/interfaces`,
        query: { loadRdns: rdns },
        decode: allInterfaces,
        refusal
      }),
    setPower: (id, power) =>
      change(id, {
        query: { stateOption: "option" in power ? power.option : undefined },
        body: { state: power.state }
      }),
    setHostname: (id, hostname) => change(id, { body: { hostname } }),
    setNickname: (id, nickname) => change(id, { body: { nickname } })
  } satisfies Servers
})
