/**
 * {@link FailoverRouting} over netcup's SOAP webservice. Which interface a server is reached by stays in here.
 */
import { AccountKey } from "@netcup-failover/core/Account"
import { type FailoverAddress, type Prefix, parse } from "@netcup-failover/core/FailoverAddress"
import { ServerName } from "@netcup-failover/core/ServerName"
import * as Array from "effect/Array"
import * as Cache from "effect/Cache"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { SoapCredentials } from "../Credentials.ts"
import { FailoverRouting, type Routes, type ServerView, type UnrouteOptions } from "../FailoverRouting.ts"
import { NetcupError, NoInterface, Refused } from "../NetcupError.ts"
import * as SoapClient from "./SoapClient.ts"
import type { SoapOptions } from "./SoapOptions.ts"
import * as WSEndUser from "./WSEndUser.ts"
import { list, object, one } from "./XsdShape.ts"
import * as Xsd from "./XsdType.ts"

/** How many servers are asked at a time: enough to be quick, few enough not to be taken for an attack. */
const concurrency = 4

/** Stands for no interface: takes a route away. */
const noInterface = "00:00:00:00:00:00"

/** Of a server's information only what routing needs: an odd number elsewhere in it must not keep an address from moving. */
const getVServerInformation = {
  ...WSEndUser.getVServerInformation,
  returns: one(
    object("vServerInformationObject", {
      rescueEnabled: Xsd.Boolean,
      serverInterfaces: list(
        object("serverInterface", { ipv4IP: list(Xsd.Token), ipv6IP: list(Xsd.Token), mac: Xsd.Token })
      ),
      status: Xsd.Token,
      vServerNickname: Schema.String
    })
  )
}

/** A server's own addresses come without a length, and stand for themselves alone. */
const parseListed = (text: string) => parse(text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`)

/**
 * The service for one account. Best over connections that are not kept alive: a change on one that netcup closed meanwhile
 * ends as `UnknownOutcome`, and with a call a minute there is nothing to gain.
 */
export const make = Effect.fnUntraced(function* (credentials: SoapCredentials, options: SoapOptions = {}) {
  const { call, say } = yield* SoapClient.make(credentials, options)

  /** A server's view, and the MAC of the interface that holds its IPv4 addresses: the one that is routed to. */
  const look = Effect.fnUntraced(function* (server: ServerName) {
    const information = yield* call(getVServerInformation, { vservername: server })
    const primary = information?.serverInterfaces?.find(({ ipv4IP, mac }) => mac && ipv4IP?.some((ip) => ip !== ""))
    const texts = (information?.serverInterfaces ?? []).flatMap(({ ipv4IP = [], ipv6IP = [] }) => [
      ...ipv4IP,
      ...ipv6IP
    ])
    const [addresses] = Array.separate(texts.map(parseListed))
    const nickname = information?.vServerNickname
    const view: ServerView = {
      name: server,
      running: information?.status === "online" ? true : information?.status === "offline" ? false : undefined,
      word: say(information?.status ?? "") || undefined,
      rescue: information?.rescueEnabled ?? false,
      routable: primary !== undefined,
      site: undefined,
      addresses: addresses.map(({ prefix }) => prefix),
      names: nickname === undefined ? [] : [nickname]
    }
    return { view, mac: primary?.mac }
  })

  const looks = yield* Cache.makeWith(look, {
    // An account's servers are few, and each entry is small.
    capacity: Number.POSITIVE_INFINITY,
    timeToLive: (exit) => (Exit.isSuccess(exit) && exit.value.mac !== undefined ? Duration.infinity : Duration.zero)
  })

  const macOf = Effect.fnUntraced(function* (server: ServerName) {
    const { mac } = yield* Cache.get(looks, server)
    if (mac !== undefined) return mac
    const message = `${server} has no interface with an IPv4 address to route to`
    return yield* new NetcupError({ reason: new NoInterface({ message }) })
  })

  const servers = Effect.suspend(() => call(WSEndUser.getVServers, {})).pipe(
    Effect.map((names) => names.filter(Schema.is(ServerName))),
    Effect.withSpan("FailoverRoutingSoap.servers")
  )

  const addressesOf = Effect.fnUntraced(function* (server: ServerName) {
    const texts = yield* call(WSEndUser.getVServerIPs, { vserverName: server })
    const [addresses, unreadable] = Array.separate(texts.map(parseListed))
    if (unreadable.length > 0) yield* Effect.logDebug(`skipped of the addresses of ${server}`, unreadable.map(say))
    return addresses.map(({ prefix }): readonly [Prefix, ServerName] => [prefix, server])
  })

  const routes = Effect.fn("FailoverRoutingSoap.routes")(function* (among: ReadonlyArray<ServerName>) {
    const answers = yield* Effect.forEach(
      Array.dedupe(among),
      (server) => Effect.map(Effect.result(addressesOf(server)), (answer) => ({ server, answer })),
      { concurrency }
    )
    const held = new Map<Prefix, ServerName>()
    const untold = new Map<ServerName, NetcupError>()
    for (const { server, answer } of answers) {
      if (Result.isSuccess(answer)) for (const [prefix] of answer.success) held.set(prefix, server)
      else untold.set(server, answer.failure)
    }
    const [error] = untold.values()
    // One server that cannot be told about must not keep the caller from all the others.
    if (error !== undefined && untold.size === answers.length) return yield* error
    return { held, untold } satisfies Routes
  })

  const inspect = Effect.fn("FailoverRoutingSoap.inspect")(function* (server: ServerName) {
    // The first look is shared with a route that needs it at the same time.
    if (Option.isNone(yield* Cache.getSuccess(looks, server))) return (yield* Cache.get(looks, server)).view
    const fresh = yield* look(server)
    yield* fresh.mac === undefined ? Cache.invalidate(looks, server) : Cache.set(looks, server, fresh)
    return fresh.view
  })

  const prepare = Effect.fn("FailoverRoutingSoap.prepare")(function* (server: ServerName) {
    yield* macOf(server)
  })

  const change = (address: FailoverAddress, server: ServerName, mac: string, permitted?: Effect.Effect<boolean>) =>
    call(
      WSEndUser.changeIPRouting,
      {
        routedIP: address.host,
        routedMask: address.prefixLength,
        destinationVserverName: server,
        destinationInterfaceMAC: mac
      },
      permitted
    ).pipe(
      Effect.filterOrFail(
        (done) => done !== false,
        () => new NetcupError({ reason: new Refused({ message: "netcup refused the routing and gave no reason" }) })
      )
    )

  const route = Effect.fn("FailoverRoutingSoap.route")(function* (
    address: FailoverAddress,
    to: ServerName,
    permitted?: Effect.Effect<boolean>
  ) {
    const mac = yield* macOf(to)
    yield* change(address, to, mac, permitted).pipe(
      // A server that was reinstalled or replaced has another interface: look again before the next change.
      Effect.tapError(({ reason }) =>
        reason._tag === "ServerNotFound" || reason._tag === "Refused" ? Cache.invalidate(looks, to) : Effect.void
      )
    )
  })

  const unroute = Effect.fn("FailoverRoutingSoap.unroute")(function* (
    address: FailoverAddress,
    { from, permitted }: UnrouteOptions = {}
  ) {
    const listed = from === undefined ? yield* servers : [from]
    if (listed.length === 0) return
    const { held, untold } = yield* routes(listed)
    const holder = held.get(address.prefix)
    if (holder !== undefined) return yield* Effect.asVoid(change(address, holder, noInterface, permitted))
    // It may be on the one server that netcup does not tell of.
    const [error] = untold.values()
    if (error !== undefined) return yield* error
  })

  return FailoverRouting.of({
    identity: Effect.succeed(AccountKey.make(`soap:${credentials.loginName}`)),
    servers,
    routes,
    settled: Effect.void,
    recentChanges: Effect.succeed([]),
    notices: Effect.succeed([]),
    loginExpiresAt: Effect.succeed(undefined),
    prepare,
    inspect,
    route,
    unroute
  })
})

/** The service as a layer. */
export const layer = (credentials: SoapCredentials, options: SoapOptions = {}) =>
  Layer.effect(FailoverRouting, make(credentials, options))
