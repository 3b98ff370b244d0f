/**
 * {@link FailoverRouting} over netcup's REST API. Ids and tasks stay in here.
 */
import { AccountKey } from "@netcup-failover/core/Account"
import type { FailoverAddress, Prefix } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { RestCredentials } from "../Credentials.ts"
import { FailoverRouting, type Routes, type UnrouteOptions } from "../FailoverRouting.ts"
import { NetcupError, Refused, ServerNotRunning, Unreachable, WrongSite } from "../NetcupError.ts"
import * as AccountMemory from "./AccountMemory.ts"
import type { FailoverIp } from "./FailoverIp.ts"
import { ofPreparation } from "./Refusal.ts"
import * as RestClient from "./RestClient.ts"
import { type RestOptions, withDefaults } from "./RestOptions.ts"
import * as Task from "./Task.ts"

/** In the order of a task's life: a task that goes on while we ask for one after the other is not missed. */
const underWay = ["PENDING", "RUNNING", "WAITING_FOR_CANCEL"] as const

/** For how long netcup's limits look back. */
const recently = Duration.toMillis("1 hour")

type SeenServer = AccountMemory.SeenServer

/** Only what netcup has said counts: a site that it didn't tell may be any. */
const apart = ({ site: from }: FailoverIp, { site: to }: SeenServer): boolean =>
  from !== undefined && to !== undefined && from.id !== to.id

const siteName = (site: SeenServer["site"]): string => site?.city ?? `site ${site?.id}`

const wrongSite = (ip: FailoverIp, server: SeenServer) =>
  new NetcupError({
    reason: new WrongSite({
      message: `${ip.address.prefix} is at ${siteName(ip.site)}, and ${server.view.name} at ${siteName(server.site)}`
    })
  })

const notRunning = ({ view: { name, rescue, routable } }: SeenServer) =>
  new NetcupError({
    reason: new ServerNotRunning({
      message: rescue ? `${name} is in the rescue system` : routable ? `${name} is off` : `${name} is disabled`
    })
  })

const notEditable = ({ address }: FailoverIp) =>
  new NetcupError({ reason: new Refused({ message: `netcup says that this login can't route ${address.prefix}` }) })

/** What has to be known before a change. */
const prepared = Effect.mapError(({ reason }: NetcupError) => new NetcupError({ reason: ofPreparation(reason) }))

/** The service for one login. It lives as long as its scope. */
export const make = Effect.fnUntraced(function* (credentials: RestCredentials, options: RestOptions = {}) {
  const client = yield* RestClient.make(credentials, options)
  const { firstTaskPoll, longestTaskPoll, readTimeout, taskTimeout } = withDefaults(options)
  const memory = yield* AccountMemory.make(client, readTimeout)

  /** For what is good to know and not worth to wait for. */
  const atOnce = <A>(asked: Effect.Effect<A, NetcupError>) =>
    Effect.timeoutOrElse(asked, {
      duration: readTimeout,
      orElse: () =>
        new NetcupError({ reason: new Unreachable({ message: `no answer within ${Duration.format(readTimeout)}` }) })
    })

  const routes = Effect.fn("FailoverRoutingRest.routes")(function* (among: ReadonlyArray<ServerName>) {
    const asked = new Set(among)
    const answers = yield* Effect.all(
      [Effect.result(memory.addresses.IPv4.fresh), Effect.result(memory.addresses.IPv6.fresh)],
      { concurrency: 2 }
    )
    const held = new Map<Prefix, ServerName>()
    const sites = new Map<Prefix, number>()
    const locked = new Set<Prefix>()
    const errors: Array<NetcupError> = []
    for (const answer of answers) {
      if (Result.isFailure(answer)) errors.push(answer.failure)
      else {
        for (const [prefix, { editable, server, site }] of answer.success) {
          if (site !== undefined) sites.set(prefix, site.id)
          if (!editable) locked.add(prefix)
          if (server !== undefined && asked.has(server.name)) held.set(prefix, server.name)
        }
      }
    }
    const [error] = errors
    if (error !== undefined && errors.length === answers.length) return yield* error
    // With one family told: an address that is nowhere to be seen may be on any of the servers.
    const untold = new Map(error === undefined ? [] : among.map((server) => [server, error] as const))
    return { held, untold, sites, locked } satisfies Routes
  })

  const anyUnderWay = Effect.gen(function* () {
    for (const state of underWay) {
      const routing = yield* client
        .tasks({ state })
        .pipe(Stream.filter(Task.isRouting), Stream.take(1), Stream.runCollect)
      if (routing.length > 0) return true
    }
    return false
  })

  const settled = anyUnderWay.pipe(
    Effect.repeat({
      while: (busy) => busy,
      schedule: Schedule.min([Schedule.exponential(firstTaskPoll), Schedule.spaced(longestTaskPoll)]).pipe(
        Schedule.jittered
      )
    }),
    Effect.asVoid,
    Effect.timeoutOrElse({
      duration: taskTimeout,
      // There is nothing more to be learned by waiting.
      orElse: () => Effect.logWarning(`netcup has been routing addresses for more than ${Duration.format(taskTimeout)}`)
    }),
    Effect.withSpan("FailoverRoutingRest.settled")
  )

  const recentChanges = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const since = now - recently
    const recent = yield* client.tasks().pipe(
      // One that netcup has not begun is as recent as can be.
      Stream.takeWhile(({ startedAt }) => (startedAt ?? now) > since),
      Stream.filter(Task.isRouting),
      Stream.runCollect
    )
    return recent.map(({ startedAt }) => startedAt ?? now)
  }).pipe(atOnce, Effect.withSpan("FailoverRoutingRest.recentChanges"))

  const notices = client.userOnce.pipe(
    Effect.map(({ apiIpLoginRestrictions }) => {
      const only = client.say(apiIpLoginRestrictions ?? "")
      return only === ""
        ? []
        : [
            `netcup lets the API be used from ${only} only: a controller on a node with another address is locked out. Add the addresses of all nodes that it may run on to the API login restrictions in the panel, or remove them.`
          ]
    }),
    atOnce,
    Effect.withSpan("FailoverRoutingRest.notices")
  )

  const known = Effect.all([memory.addresses.IPv4.last, memory.addresses.IPv6.last], { concurrency: 2, discard: true })

  const prepare = Effect.fn("FailoverRoutingRest.prepare")(function* (server: ServerName) {
    yield* Effect.all([memory.seen(server), known], { concurrency: 2, discard: true })
  })

  const inspect = Effect.fn("FailoverRoutingRest.inspect")(function* (server: ServerName) {
    // That the addresses can't be learned is for a route to say.
    const [{ view }] = yield* Effect.all([memory.look(server), Effect.ignore(known)], { concurrency: 2 })
    return view
  })

  /**
   * Where the address may go to, as far as is known; what speaks against it is asked once more, unless it never changes, and so is a
   * server that nobody has looked at for a while.
   */
  const proven = Effect.fnUntraced(function* (address: FailoverAddress, to: ServerName) {
    const [told, { fresh, server: before }] = yield* Effect.all([memory.address(address), memory.seen(to)], {
      concurrency: 2
    })
    if (apart(told, before)) return yield* wrongSite(told, before)
    const server = fresh || AccountMemory.serves(before) ? before : yield* memory.look(to)
    if (!AccountMemory.serves(server)) return yield* notRunning(server)
    if (told.editable) return { ip: told, server }
    const ip = (yield* memory.addresses[address.family].fresh).get(address.prefix)
    if (ip?.editable === false) return yield* notEditable(ip)
    return { ip: ip ?? told, server }
  })

  const route = Effect.fn("FailoverRoutingRest.route")(function* (
    address: FailoverAddress,
    to: ServerName,
    permitted?: Effect.Effect<boolean>
  ) {
    const { ip, server } = yield* prepared(proven(address, to))
    const task = yield* client
      .route(ip, server.id, permitted)
      .pipe(
        Effect.tapError(({ reason }) =>
          reason._tag === "AddressNotFound" || reason._tag === "ServerNotFound" || reason._tag === "WrongSite"
            ? memory.forget(to, address)
            : Effect.void
        )
      )
    yield* client.awaitTask(task)
  })

  const unroute = Effect.fn("FailoverRoutingRest.unroute")(function* (
    address: FailoverAddress,
    { from, permitted }: UnrouteOptions = {}
  ) {
    const ip = (yield* prepared(memory.addresses[address.family].fresh)).get(address.prefix)
    if (ip?.server === undefined || (from !== undefined && ip.server.name !== from)) return
    yield* client.awaitTask(yield* client.unroute(ip, permitted))
  })

  return FailoverRouting.of({
    identity: Effect.map(client.userId, (id) => AccountKey.make(`rest:${id}`)),
    servers: Effect.map(memory.servers.fresh, (ids) => Array.from(ids.keys())),
    routes,
    settled,
    recentChanges,
    notices,
    loginExpiresAt: client.loginExpiresAt,
    prepare,
    inspect,
    route,
    unroute
  })
})

/** The service as a layer. */
export const layer = (credentials: RestCredentials, options: RestOptions = {}) =>
  Layer.effect(FailoverRouting, make(credentials, options))
