/**
 * What the webservice answers to an understood call: a view of the world, and the one operation that changes it.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as NetcupState from "./NetcupState.ts"
import type { NetcupWorld } from "./NetcupWorld.ts"
import type { AnswerNode } from "./SoapAnswer.ts"
import type { SoapCall } from "./SoapRequest.ts"
import * as SoapRouting from "./SoapRouting.ts"

/** netcup said no; `message` is the fault's text. */
export class SoapFault extends Schema.TaggedError<SoapFault>()("SoapFault", { message: Schema.String }) {}

const parameter = (call: SoapCall, name: string) => call.parameters.get(name) ?? ""

/** The routing that a call asks for; `undefined` for other operations. */
export const routingOf = (call: SoapCall): SoapRouting.RoutingRequest | undefined =>
  call.operation === "changeIPRouting"
    ? {
        ip: parameter(call, "routedIP"),
        mask: parameter(call, "routedMask"),
        server: parameter(call, "destinationVserverName"),
        mac: parameter(call, "destinationInterfaceMAC")
      }
    : undefined

const authenticatedAs = (state: NetcupState.NetcupState, call: SoapCall): NetcupState.Account | undefined => {
  const account = NetcupState.findAccount(state, parameter(call, "loginName"))
  const given = call.parameters.get("password") ?? call.parameters.get("oldPassword")
  // `sendPasswordResetRequest` has no password to be wrong.
  const right = account !== undefined && (given === undefined || Redacted.value(account.password) === given)
  return right ? account : undefined
}

/** Whether login and password are right at present. */
export const authenticates = (state: NetcupState.NetcupState, call: SoapCall): boolean =>
  authenticatedAs(state, call) !== undefined

const addressesOf = (account: NetcupState.Account, server: NetcupState.Server): ReadonlyArray<string> => [
  ...server.interfaces.flatMap(({ ipv4, ipv6 }) => [...ipv4, ...ipv6]),
  ...NetcupState.routedTo(account, server.name)
]

const texts = (name: string, values: ReadonlyArray<string>): ReadonlyArray<AnswerNode> =>
  values.map((value) => [name, value] as const)

/** `sparse` leaves out what recorded answers leave out. */
const information = (
  account: NetcupState.Account,
  server: NetcupState.Server,
  sparse: boolean
): ReadonlyArray<AnswerNode> => {
  const traffic: ReadonlyArray<AnswerNode> = [
    ["in", "1024"],
    ["month", "11"],
    ["out", "2048"],
    ["total", "3072"],
    ["year", "2026"]
  ]
  const disk: ReadonlyArray<AnswerNode> = [
    ["capacity", "320"],
    ["driver", "virtio"],
    ["name", "vda"],
    ["optimizationRecommended", "false"],
    ["used", "17"]
  ]
  const interfaces = server.interfaces.map(
    ({ driver, ipv4, ipv6, mac }, at): AnswerNode => [
      "serverInterfaces",
      [
        ["driver", driver],
        ...(sparse ? [] : texts("id", [String(at + 1)])),
        ...texts("ipv4IP", ipv4),
        ...texts("ipv6IP", ipv6),
        ["mac", mac],
        ["trafficThrottled", "false"]
      ]
    ]
  )
  return [
    ["cpuCores", "8"],
    ...(sparse ? [] : [["currentMonth", traffic] as const]),
    ...texts("ips", addressesOf(account, server)),
    ["memory", "16384"],
    ["rebootRecommended", "false"],
    ["rescueEnabled", String(server.rescue)],
    ...(server.rescue ? texts("rescueEnabledMessage", ["the rescue system is active"]) : []),
    ...(sparse ? [] : [["serverDisks", disk] as const]),
    ...interfaces,
    ["status", server.status],
    ...(sparse ? [] : texts("uptime", ["3 days"])),
    ["vServerName", server.name],
    ...texts("vServerNickname", server.nickname === undefined ? [] : [server.nickname])
  ]
}

type Answer = Result.Result<ReadonlyArray<AnswerNode>, string>

const ofServer = (
  account: NetcupState.Account,
  name: string,
  view: (server: NetcupState.Server) => ReadonlyArray<AnswerNode>
): Answer => {
  const server = NetcupState.findServer(account, name)
  return server === undefined ? Result.fail(SoapRouting.serverNotFound(name)) : Result.succeed(view(server))
}

const read = (account: NetcupState.Account, call: SoapCall, sparse: boolean): Answer => {
  switch (call.operation) {
    case "getVServers":
      return Result.succeed(
        texts(
          "return",
          account.servers.map(({ name }) => name)
        )
      )
    case "getVServerIPs":
      return ofServer(account, parameter(call, "vserverName"), (server) =>
        texts("return", addressesOf(account, server))
      )
    case "getVServerState":
      return ofServer(account, parameter(call, "vserverName"), ({ status }) => texts("return", [status]))
    case "getVServerInformation":
      return ofServer(account, parameter(call, "vservername"), (server) => [
        ["return", information(account, server, sparse)]
      ])
    default:
      return Result.fail(`${call.operation} is not simulated`)
  }
}

/**
 * Carries a call out, at once and atomically. A successful `changeIPRouting` answers no nodes: how success is said is the
 * caller's choice.
 */
export const perform = Effect.fn("SoapWebservice.perform")(function* (
  world: NetcupWorld,
  call: SoapCall,
  options: { readonly window: Duration.Duration; readonly sparse: boolean }
) {
  const answer = yield* world.modify<Answer>((state, now) => {
    const account = authenticatedAs(state, call)
    if (account === undefined) return [Result.fail("Invalid credentials."), state]
    const routing = routingOf(call)
    if (routing === undefined) return [read(account, call, options.sparse), state]
    return Result.match(SoapRouting.change(state, account, routing, now, options.window), {
      onFailure: (text) => [Result.fail(text), state],
      onSuccess: (changed) => [Result.succeed([]), changed]
    })
  })
  return yield* Effect.fromResult(Result.mapError(answer, (message) => new SoapFault({ message })))
})
