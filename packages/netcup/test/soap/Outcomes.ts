/**
 * What becomes of calls: both kinds of operation against an endpoint that a test lets behave in some way.
 */
import { ServerName } from "@netcup-failover/core/ServerName"
import * as SoapClient from "@netcup-failover/netcup/soap/SoapClient"
import type { SoapOptions } from "@netcup-failover/netcup/soap/SoapOptions"
import { changeIPRouting, getVServers } from "@netcup-failover/netcup/soap/WSEndUser"
import * as Effect from "effect/Effect"
import { credentials, endpoint, http, type Reply, send } from "./Endpoint.ts"

/** Waits long for an answer, as no test is about that, and hardly between tries. */
export const quick: SoapOptions = { readTimeout: "5 seconds", changeTimeout: "5 seconds", retryDelay: "1 millis" }

export const server = ServerName.make("v1")
export const routing = {
  routedIP: "198.51.100.4",
  routedMask: 32,
  destinationVserverName: server,
  destinationInterfaceMAC: "aa:bb:cc:dd:ee:ff"
}

/** Calls both kinds of operation against an endpoint of the given behaviour: how each ended, after how many requests. */
export const outcomes = (reply: Reply, options: SoapOptions = {}) =>
  Effect.gen(function* () {
    const readEnd = yield* endpoint(reply)
    const changeEnd = yield* endpoint(reply)
    const reading = yield* SoapClient.make(credentials, { ...quick, ...options, url: readEnd.url })
    const changing = yield* SoapClient.make(credentials, { ...quick, ...options, url: changeEnd.url })
    const read = yield* Effect.result(reading.call(getVServers, {}))
    const change = yield* Effect.result(changing.call(changeIPRouting, routing))
    return {
      read: read._tag === "Success" ? read.success : read.failure.reason._tag,
      change: change._tag === "Success" ? change.success : change.failure.reason._tag,
      messages: [read, change].map((result) => (result._tag === "Failure" ? result.failure.message : "")),
      requests: [readEnd.received.length, changeEnd.received.length]
    }
  }).pipe(Effect.provide(http))

/** Answers every request by the same. */
export const always =
  (status: number, body: string, type?: string): Reply =>
  (response) =>
    send(response, status, body, type)
