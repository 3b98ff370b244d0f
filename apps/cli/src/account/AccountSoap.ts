/**
 * {@link Account} over netcup's SOAP webservice, which tells less: neither sites nor rights, and no address that is routed nowhere.
 */
import { type FailoverAddress, type Prefix, parse } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import type { SoapCredentials } from "@netcup-failover/netcup/Credentials"
import { NetcupError, NoInterface, ServerNotRunning } from "@netcup-failover/netcup/NetcupError"
import * as FailoverRoutingSoap from "@netcup-failover/netcup/soap/FailoverRoutingSoap"
import * as SoapClient from "@netcup-failover/netcup/soap/SoapClient"
import type { SoapOptions } from "@netcup-failover/netcup/soap/SoapOptions"
import * as WSEndUser from "@netcup-failover/netcup/soap/WSEndUser"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { type Account, type AddressRow, type Change, concurrency, type ServerRow } from "./Account.ts"

type Information = (typeof WSEndUser.getVServerInformation)["returns"]["Type"]

const stateOf = (information: Information): ServerRow["state"] => {
  if (information?.rescueEnabled === true) return "rescue"
  return information?.status === "online" ? "running" : information?.status === "offline" ? "off" : undefined
}

/** A server's own addresses come without a length, and stand for themselves alone. */
const prefixOf = (text: string): Option.Option<Prefix> =>
  Option.map(
    Result.getSuccess(parse(text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`)),
    ({ prefix }) => prefix
  )

const owned = (information: Information): ReadonlyArray<Prefix> =>
  (information?.serverInterfaces ?? []).flatMap(({ ipv4IP = [], ipv6IP = [] }) =>
    [...ipv4IP, ...ipv6IP].flatMap((text) => Option.toArray(prefixOf(text)))
  )

const no = (reason: NetcupError["reason"]) => Effect.fail(new NetcupError({ reason }))

export const make = Effect.fnUntraced(function* (credentials: SoapCredentials, options: SoapOptions) {
  const { call } = yield* SoapClient.make(credentials, options)
  const routing = yield* FailoverRoutingSoap.make(credentials, options)

  const look = (vservername: ServerName) => call(WSEndUser.getVServerInformation, { vservername })

  /** What is told of each server. One that netcup does not tell of must not hide the others. */
  const looked = Effect.flatMap(routing.servers, (names) =>
    Effect.forEach(
      names,
      (name) =>
        look(name).pipe(
          Effect.map((information) => ({ name, information })),
          Effect.catchReasons("NetcupError", {
            Unreachable: ({ message }) =>
              Effect.as(Effect.logWarning(`nothing more is told of ${name}: ${message}`), { name }),
            MalformedAnswer: ({ message }) =>
              Effect.as(Effect.logWarning(`nothing more is told of ${name}: ${message}`), { name }),
            ServerNotFound: () => Effect.succeed({ name })
          }),
          Effect.map((told): { readonly name: ServerName; readonly information?: Information } => told)
        ),
      { concurrency }
    )
  )

  /** The interface that addresses are routed to; a VLAN's has no address. */
  const primaryOf = (information: Information) =>
    information?.serverInterfaces?.find(({ ipv4IP, mac }) => mac && ipv4IP?.some((ip) => ip !== ""))

  const held = Effect.fnUntraced(function* (among: ReadonlyArray<ServerName>) {
    if (among.length === 0) return new Map<Prefix, ServerName>()
    const told = yield* routing.routes(among)
    for (const [name, { message }] of told.untold)
      yield* Effect.logWarning(`${name} does not tell its addresses: ${message}`)
    return told.held
  })

  const request = (address: FailoverAddress, server: ServerName | undefined, mac: string) =>
    `changeIPRouting routedIP=${address.host} routedMask=${address.prefixLength} destinationVserverName=${server ?? "-"} destinationInterfaceMAC=${mac}`

  const account: Account = {
    servers: Effect.map(looked, (all) =>
      all.map(
        ({ information, name }): ServerRow => ({
          name,
          nickname: information?.vServerNickname,
          site: undefined,
          state: stateOf(information)
        })
      )
    ),
    addresses: Effect.gen(function* () {
      const all = yield* looked
      const own = new Set(all.flatMap(({ information }) => owned(information)))
      // Of a server that doesn't tell which addresses are its own, all would look like failover addresses.
      const told = all.flatMap(({ information, name }) => (information === undefined ? [] : [name]))
      const rows = Array.from(yield* held(told)).flatMap(
        ([address, server]): ReadonlyArray<AddressRow> =>
          own.has(address) ? [] : [{ address, server, site: undefined, editable: undefined }]
      )
      yield* Effect.logInfo(
        "SOAP tells neither of addresses that are routed nowhere, nor of sites: log in to REST for all of them"
      )
      return rows.toSorted((a, b) => (a.address < b.address ? -1 : 1))
    }),
    network: Effect.fnUntraced(function* (name) {
      const { ipv4IP = [], ipv6IP = [], mac } = primaryOf(yield* look(name)) ?? {}
      if (mac === undefined) {
        return yield* no(new NoInterface({ message: `${name} has no interface with an IPv4 address of its own` }))
      }
      return {
        mac,
        ipv4: ipv4IP.find((ip) => ip !== ""),
        ipv6: ipv6IP.filter((text) => text.includes("/"))
      }
    }),
    route: Effect.fnUntraced(function* (address, to) {
      const information = yield* look(to)
      const state = stateOf(information)
      if (state === "rescue") return yield* no(new ServerNotRunning({ message: `${to} is in the rescue system` }))
      if (state === "off") return yield* no(new ServerNotRunning({ message: `${to} is off` }))
      const primary = primaryOf(information)
      if (primary?.mac === undefined) {
        return yield* no(new NoInterface({ message: `${to} has no interface with an IPv4 address to route to` }))
      }
      const from = (yield* held(yield* routing.servers)).get(address.prefix)
      return {
        address: address.prefix,
        from,
        to,
        needed: from !== to,
        request: request(address, to, primary.mac),
        send: () => routing.route(address, to)
      } satisfies Change
    }),
    unroute: Effect.fnUntraced(function* (address) {
      const names = yield* routing.servers
      const told = names.length === 0 ? undefined : yield* routing.routes(names)
      const from = told?.held.get(address.prefix)
      // It may be on the one server that netcup does not tell of.
      const [error] = from === undefined ? (told?.untold.values() ?? []) : []
      if (error !== undefined) return yield* error
      return {
        address: address.prefix,
        from,
        to: undefined,
        needed: from !== undefined,
        request: request(address, from, "00:00:00:00:00:00"),
        send: () => routing.unroute(address)
      } satisfies Change
    })
  }
  return account
})
