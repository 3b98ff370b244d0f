import { assert, describe, it } from "@effect/vitest"
import { type FailoverAddress, parse } from "@netcup-failover/core/FailoverAddress"
import * as FailoverRoutingSoap from "@netcup-failover/netcup/soap/FailoverRoutingSoap"
import * as SoapClient from "@netcup-failover/netcup/soap/SoapClient"
import { getVServerInformation } from "@netcup-failover/netcup/soap/WSEndUser"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { answer, credentials, endpoint, http, operationOf, send } from "./Endpoint.ts"
import { quick, server } from "./Outcomes.ts"

const address: FailoverAddress = Result.getOrThrow(parse("198.51.100.4/32"))

describe("FailoverRoutingSoap: information with fields that are not as they should be", () => {
  it.live("routes all the same, as long as state and interfaces are", () =>
    Effect.gen(function* () {
      const odd =
        "<cpuCores>eight</cpuCores><memory>16 GB</memory><currentMonth>none</currentMonth><uptime><days>3</days></uptime>" +
        "<serverDisks>vda</serverDisks><rebootRecommended>maybe</rebootRecommended>"
      const { received, url } = yield* endpoint((response, request) => {
        const operation = operationOf(request)
        const returns = `<return>${odd}<serverInterfaces><id><a/></id><ipv4IP>198.51.100.1</ipv4IP><mac>aa:bb:cc:dd:ee:ff</mac><trafficThrottled>?</trafficThrottled></serverInterfaces><status>online</status></return>`
        send(response, 200, answer(operation, operation === "getVServerInformation" ? returns : ""))
      })
      const routing = yield* FailoverRoutingSoap.make(credentials, { ...quick, url })
      assert.deepInclude(yield* routing.inspect(server), {
        name: server,
        running: true,
        word: "online",
        rescue: false
      })
      yield* routing.route(address, server)
      assert.deepStrictEqual(received.map(operationOf), ["getVServerInformation", "changeIPRouting"])
      const { call } = yield* SoapClient.make(credentials, { ...quick, url })
      const { reason } = yield* Effect.flip(call(getVServerInformation, { vservername: server }))
      assert.strictEqual(reason._tag, "MalformedAnswer")
    }).pipe(Effect.provide(http))
  )
})
