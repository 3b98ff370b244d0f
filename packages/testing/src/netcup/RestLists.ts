/**
 * Lists of the REST API: filtered, sorted, cut to a page.
 */
import * as Result from "effect/Result"
import type { Json } from "../embedded/JsonValue.ts"
import * as NetcupState from "./NetcupState.ts"
import * as RestReply from "./RestReply.ts"
import type { RestCall } from "./RestRequest.ts"
import * as RestTask from "./RestTask.ts"
import * as RestViews from "./RestViews.ts"

/** How long a page is. Absent: as long as the list, and as long as asked for. */
export interface PageSize {
  /** Without `limit`. */
  readonly default?: number
  /** A longer `limit` is cut to this. */
  readonly most?: number
}

type Query = Readonly<Record<string, string>>

const page = <A>(items: ReadonlyArray<A>, { limit, offset }: Query, size: PageSize): ReadonlyArray<A> => {
  const from = Number(offset ?? 0)
  const wanted = limit === undefined ? (size.default ?? items.length) : Number(limit)
  return items.slice(from, from + Math.min(wanted, size.most ?? wanted))
}

const has = (text: string | undefined, part: string) => (text ?? "").toLowerCase().includes(part.toLowerCase())

const ownIps = ({ interfaces }: NetcupState.Server) => interfaces.flatMap(({ ipv4, ipv6 }) => [...ipv4, ...ipv6])

const inOrder =
  (sort: ReadonlyArray<string>) =>
  (a: NetcupState.Server, b: NetcupState.Server): number => {
    for (const field of sort) {
      const key = field.endsWith("nickname") ? "nickname" : "name"
      const order = (a[key] ?? "").localeCompare(b[key] ?? "")
      if (order !== 0) return field.startsWith("-") ? -order : order
    }
    return 0
  }

/** `name` filters exactly, `q` by a part of name, nickname or IPv4 address, `ip` by an address of the server's own. */
export const servers = (account: NetcupState.Account, { query, sort }: RestCall, size: PageSize): Json => {
  const { ip, name, q } = query
  const found = account.servers
    .filter((server) => name === undefined || server.name === name)
    .filter((server) => ip === undefined || ownIps(server).map(RestViews.bare).includes(RestViews.bare(ip)))
    .filter((server) => {
      const ipv4 = server.interfaces.flatMap((one) => one.ipv4)
      return q === undefined || [server.name, server.nickname, ...ipv4].some((text) => has(text, q))
    })
    .toSorted(inOrder(sort))
  return page(found, query, size).map(RestViews.serverMinimal)
}

const newestFirst = (a: RestTask.RestTask, b: RestTask.RestTask) => b.startedAt - a.startedAt

export const tasks = (
  account: NetcupState.Account,
  all: ReadonlyArray<RestTask.RestTask>,
  { query }: RestCall,
  size: PageSize
): Result.Result<Json, RestReply.RestReply> => {
  const { q, serverId, state } = query
  if (state === "ROLLBACK") return Result.fail(RestReply.misunderstood(400, "The state ROLLBACK is no filter."))
  if (state !== undefined && !RestTask.taskStates.includes(state)) {
    return Result.fail(RestReply.misunderstood(400, "The state is none of a task."))
  }
  const server = account.servers.find(({ id }) => String(id) === serverId)
  const found = all
    // Of those that were started together the later one comes first, too: the sort keeps their order.
    .toReversed()
    .toSorted(newestFirst)
    .filter((task) => task.loginName === account.loginName)
    .filter((task) => state === undefined || task.state === state)
    .filter((task) => serverId === undefined || (server !== undefined && task.server === server.name))
    .filter((task) => {
      const about = task.server === undefined ? undefined : NetcupState.findServer(account, task.server)
      return q === undefined || [task.name, task.uuid, about?.name, about?.nickname].some((text) => has(text, q))
    })
  return Result.succeed(page(found, query, size).map((task) => RestTask.minimal(task, RestViews.userMinimal(account))))
}
