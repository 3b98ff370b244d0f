/**
 * {@link Account} over netcup's REST API.
 */
import type { FailoverAddress } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import type { RestCredentials } from "@netcup-failover/netcup/Credentials"
import {
  AddressNotFound,
  NetcupError,
  NoInterface,
  Refused,
  ServerNotFound,
  ServerNotRunning,
  WrongSite
} from "@netcup-failover/netcup/NetcupError"
import type { FailoverIp } from "@netcup-failover/netcup/rest/FailoverIp"
import * as RestClient from "@netcup-failover/netcup/rest/RestClient"
import type { RestOptions } from "@netcup-failover/netcup/rest/RestOptions"
import { running, type Server } from "@netcup-failover/netcup/rest/Server"
import { isRouting, type Task } from "@netcup-failover/netcup/rest/Task"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Login } from "../credentials/Login.ts"
import { type Account, type AddressRow, type Change, concurrency, type ServerRow } from "./Account.ts"

/** In the order of a task's life: one that goes on while we ask for one after the other is not missed. */
const underWay = ["PENDING", "RUNNING", "WAITING_FOR_CANCEL"] as const

type Site = FailoverIp["site"]
const siteName = (site: Site) => (site === undefined ? undefined : (site.city ?? `site ${site.id}`))

const stateOf = (server: Server): ServerRow["state"] => {
  if (server.rescueSystemActive === true) return "rescue"
  const runs = running(server)
  return runs === undefined ? undefined : runs ? "running" : "off"
}

const no = (reason: NetcupError["reason"]) => Effect.fail(new NetcupError({ reason }))

/** Lives as long as its scope. Logs in at once. */
export const make = Effect.fnUntraced(function* (
  credentials: RestCredentials,
  options: RestOptions,
  alone: Login["alone"]
) {
  const client = yield* RestClient.make(credentials, options)
  const userId = yield* alone(client.userId)

  const serverIds = Stream.runCollect(client.servers())

  const find = Effect.fnUntraced(function* (address: FailoverAddress) {
    const ips = yield* client.failoverIps(address.family)
    const found = ips.find(({ address: { prefix } }) => prefix === address.prefix)
    return (
      found ?? (yield* no(new AddressNotFound({ message: `the account has no failover address ${address.prefix}` })))
    )
  })

  const findServer = Effect.fnUntraced(function* (name: ServerName) {
    const listed = (yield* serverIds).find((server) => server.name === name)
    if (listed === undefined) return yield* no(new ServerNotFound({ message: `the account has no server ${name}` }))
    return yield* client.server(listed.id)
  })

  /** Lists show where addresses were before the tasks that are under way. */
  const inMotion = Stream.fromIterable(underWay).pipe(
    Stream.flatMap((state) => client.tasks({ state })),
    Stream.filter(isRouting),
    Stream.runHead,
    Effect.map(({ _tag }) => _tag === "Some")
  )

  const editable = (ip: FailoverIp) =>
    ip.editable
      ? Effect.void
      : no(new Refused({ message: `netcup says that this login cannot route ${ip.address.prefix}` }))

  const objection = (ip: FailoverIp, server: Server) => {
    const [from, to] = [ip.site, server.site]
    // Only what netcup has said counts: a site that it didn't tell may be any.
    if (from !== undefined && to !== undefined && from.id !== to.id) {
      const message = `${ip.address.prefix} is at ${siteName(from)}, and ${server.name} at ${siteName(to)}: choose a server there`
      return no(new WrongSite({ message }))
    }
    const state = stateOf(server)
    if (state === "rescue") return no(new ServerNotRunning({ message: `${server.name} is in the rescue system` }))
    if (state === "off") return no(new ServerNotRunning({ message: `${server.name} is off` }))
    return editable(ip)
  }

  const change = (
    ip: FailoverIp,
    to: Server | undefined,
    needed: boolean,
    sent: Effect.Effect<Task, NetcupError>
  ): Change => {
    const version = ip.address.family === "IPv4" ? "v4" : "v6"
    const body = to === undefined ? "{}" : JSON.stringify({ serverId: to.id })
    return {
      address: ip.address.prefix,
      from: ip.server?.name,
      to: to?.name,
      needed,
      request: `PATCH /api/v1/users/${userId}/failoverips/${version}/${ip.id} ${body}`,
      send: (began) =>
        sent.pipe(
          Effect.tap(({ uuid }) => began(uuid)),
          Effect.flatMap(client.awaitTask),
          Effect.asVoid
        )
    }
  }

  const servers = Effect.gen(function* () {
    return yield* Effect.forEach(
      yield* serverIds,
      ({ id, name, nickname }) =>
        client.server(id).pipe(
          Effect.map((server): ServerRow => ({ name, nickname, site: siteName(server.site), state: stateOf(server) })),
          // One that netcup does not tell of must not hide the others.
          Effect.catchReasons("NetcupError", {
            Unreachable: ({ message }) =>
              Effect.as(Effect.logWarning(`nothing more is told of ${name}: ${message}`), undefined),
            MalformedAnswer: ({ message }) =>
              Effect.as(Effect.logWarning(`nothing more is told of ${name}: ${message}`), undefined),
            ServerNotFound: () => Effect.undefined
          }),
          Effect.map((row): ServerRow => row ?? { name, nickname, site: undefined, state: undefined })
        ),
      { concurrency }
    )
  })

  const account: Account = {
    servers,
    addresses: Effect.map(
      Effect.all([client.failoverIps("IPv4"), client.failoverIps("IPv6")], { concurrency: 2 }),
      (families) =>
        families.flat().map(
          ({ address, editable, server, site }): AddressRow => ({
            address: address.prefix,
            server: server?.name,
            site: siteName(site),
            editable
          })
        )
    ),
    network: Effect.fnUntraced(function* (name) {
      const { id, ipv4Addresses = [], ipv6Addresses = [] } = yield* findServer(name)
      const own = new Set(ipv4Addresses.map(({ ip }) => ip))
      const interfaces = yield* client.interfaces(id, { rdns: false })
      const primary = interfaces.find(({ ipv4Addresses = [] }) => ipv4Addresses.some(({ ip }) => own.has(ip)))
      if (primary === undefined) {
        return yield* no(new NoInterface({ message: `${name} has no interface with an IPv4 address of its own` }))
      }
      return {
        mac: primary.mac,
        ipv4: ipv4Addresses[0]?.ip,
        ipv6: ipv6Addresses.map(
          ({ networkPrefix, networkPrefixLength = 64 }) => `${networkPrefix}/${networkPrefixLength}`
        )
      }
    }),
    route: Effect.fnUntraced(function* (address, to) {
      const [ip, server] = yield* Effect.all([find(address), findServer(to)], { concurrency: 2 })
      yield* objection(ip, server)
      const needed = ip.server?.id !== server.id || (yield* inMotion)
      return change(ip, server, needed, client.route(ip, server.id))
    }),
    unroute: Effect.fnUntraced(function* (address) {
      const ip = yield* find(address)
      yield* editable(ip)
      const needed = ip.server !== undefined || (yield* inMotion)
      return change(ip, undefined, needed, client.unroute(ip))
    })
  }
  return account
})
