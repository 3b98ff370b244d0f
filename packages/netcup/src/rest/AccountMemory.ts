/**
 * What is known of an account between calls: the ids by which REST calls servers and addresses, and how servers were last seen.
 */
import type { FailoverAddress, Prefix } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import * as Cache from "effect/Cache"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { ServerView } from "../FailoverRouting.ts"
import { AddressNotFound, NetcupError, ServerNotFound, Unreachable } from "../NetcupError.ts"
import type { FailoverIp } from "./FailoverIp.ts"
import type { Family } from "./FailoverIps.ts"
import * as Listing from "./Listing.ts"
import type { RestClient } from "./RestClient.ts"
import { ownAddresses, running } from "./Server.ts"
import type { Site } from "./Site.ts"

/** A server as it was when it was looked at. */
export interface SeenServer {
  readonly id: number
  readonly site: typeof Site.Type | undefined
  readonly view: ServerView
}

/** For how long a server counts as it was seen: it may be switched off, or put into the rescue system, at any time. */
const seenFor = Duration.seconds(60)

/** Nothing that netcup says of it speaks against routing to it. */
export const serves = ({ view: { rescue, routable, running } }: SeenServer): boolean =>
  running !== false && !rescue && routable

const noServer = (name: ServerName) =>
  new NetcupError({ reason: new ServerNotFound({ message: `the account has no server ${name}` }) })

const noAddress = (address: FailoverAddress) =>
  new NetcupError({ reason: new AddressNotFound({ message: `the account has no failover address ${address.prefix}` }) })

/** The memory of one account, empty at first. A look at what is known already takes no longer than `patience`. */
export const make = Effect.fnUntraced(function* (client: RestClient, patience: Duration.Duration) {
  /** Ids by name. */
  const servers = yield* Listing.make(
    Stream.runCollect(client.servers()).pipe(
      Effect.map((listed): ReadonlyMap<ServerName, number> => new Map(listed.map(({ id, name }) => [name, id])))
    )
  )

  const listing = (family: Family) =>
    Listing.make(
      Effect.map(
        client.failoverIps(family),
        (ips): ReadonlyMap<Prefix, FailoverIp> => new Map(ips.map((ip) => [ip.address.prefix, ip]))
      )
    )
  const addresses = { IPv4: yield* listing("IPv4"), IPv6: yield* listing("IPv6") }

  const idOf = Effect.fnUntraced(function* (name: ServerName) {
    const id = yield* servers.find(name)
    return id ?? (yield* noServer(name))
  })

  /** All that were ever seen, however long ago. */
  const lastSeen = yield* Ref.make<ReadonlyMap<ServerName, SeenServer>>(new Map())

  const forgetLast = (name: ServerName) =>
    Ref.update(lastSeen, (before) => new Map([...before].filter(([other]) => other !== name)))

  const see = Effect.fnUntraced(function* (name: ServerName) {
    const server = yield* idOf(name).pipe(
      Effect.flatMap((id) => client.server(id)),
      // The id may be that of a server that was, and its name live on.
      Effect.catchReasons("NetcupError", {
        ServerNotFound: () =>
          servers.fresh.pipe(
            Effect.flatMap((listed) => {
              const id = listed.get(name)
              return id === undefined ? noServer(name) : client.server(id)
            })
          )
      }),
      Effect.tapError(({ reason }) => (reason._tag === "ServerNotFound" ? forgetLast(name) : Effect.void))
    )
    const view: ServerView = {
      name,
      running: running(server),
      word: client.say(server.serverLiveInfo?.state ?? "") || undefined,
      rescue: server.rescueSystemActive ?? false,
      routable: server.disabled !== true,
      site: server.site?.id,
      addresses: ownAddresses(server),
      names: [server.hostname, server.nickname].filter((text) => text !== undefined)
    }
    const now: SeenServer = { id: server.id, site: server.site, view }
    yield* Ref.update(lastSeen, (before) => new Map(before).set(name, now))
    return now
  })

  const seen = yield* Cache.makeWith(see, {
    // An account's servers are few, and each entry is small.
    capacity: Number.POSITIVE_INFINITY,
    timeToLive: (exit) => (Exit.isSuccess(exit) ? seenFor : Duration.zero)
  })

  /** That it was off once does not prove that it still is: then all that is known is that the look failed. */
  const asBefore = (name: ServerName, before: SeenServer, error: NetcupError) =>
    serves(before) ? Effect.as(Cache.set(seen, name, before), before) : Effect.fail(error)

  /** One that can't be looked at counts as it was, for as long as a look would have done: whoever waits has lost time enough. */
  const lookAgain = (name: ServerName, before: SeenServer) =>
    Cache.get(seen, name).pipe(
      Effect.timeoutOrElse({
        duration: patience,
        orElse: () => new NetcupError({ reason: new Unreachable({ message: `nothing is told of ${name}` }) })
      }),
      Effect.catchReasons("NetcupError", {
        Unreachable: (_, error) => asBefore(name, before, error),
        MalformedAnswer: (_, error) => asBefore(name, before, error),
        RateLimited: (_, error) => asBefore(name, before, error)
      })
    )

  return {
    servers,
    addresses,
    /** An address as the last list told of it, asked anew when it didn't. */
    address: Effect.fnUntraced(function* (address: FailoverAddress) {
      return (yield* addresses[address.family].find(address.prefix)) ?? (yield* noAddress(address))
    }),
    /** A server as it was seen in the last minute, or else looks now, and whether it was looked at for this. */
    seen: Effect.fnUntraced(function* (name: ServerName) {
      const recent = yield* Cache.getSuccess(seen, name)
      if (Option.isSome(recent)) return { server: recent.value, fresh: false }
      const before = (yield* Ref.get(lastSeen)).get(name)
      const server = yield* before === undefined ? Cache.get(seen, name) : lookAgain(name, before)
      return { server, fresh: true }
    }),
    /** A server, looked at now; a first look is shared with all who need one. */
    look: Effect.fnUntraced(function* (name: ServerName) {
      if (Option.isNone(yield* Cache.getSuccess(seen, name))) return yield* Cache.get(seen, name)
      const server = yield* see(name).pipe(
        Effect.tapError(({ reason }) => (reason._tag === "ServerNotFound" ? Cache.invalidate(seen, name) : Effect.void))
      )
      yield* Cache.set(seen, name, server)
      return server
    }),
    /** Ids that netcup does not know (any more): whatever was learned with them is in doubt. */
    forget: (name: ServerName, { family }: FailoverAddress) =>
      Effect.all([Cache.invalidate(seen, name), forgetLast(name), servers.forget, addresses[family].forget], {
        discard: true
      })
  }
})
