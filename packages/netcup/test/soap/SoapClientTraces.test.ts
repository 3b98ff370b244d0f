import { assert, describe, it } from "@effect/vitest"
import * as SoapClient from "@netcup-failover/netcup/soap/SoapClient"
import { getVServerIPs } from "@netcup-failover/netcup/soap/WSEndUser"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import { answer, credentials, endpoint, http, send } from "./Endpoint.ts"
import { quick, server } from "./Outcomes.ts"

describe("SoapClient: traces", () => {
  it.live("a call is one span, whatever its tries, and names its operation only", () =>
    Effect.gen(function* () {
      const spans: Array<Tracer.Span> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      const { url } = yield* endpoint((response, _, nth) =>
        nth < 1 ? send(response, 502, "") : send(response, 200, answer("getVServerIPs", ""))
      )
      const { call } = yield* SoapClient.make(credentials, { ...quick, url })
      yield* call(getVServerIPs, { vserverName: server }).pipe(Effect.withTracer(tracer))
      assert.deepStrictEqual(
        spans.filter(({ name }) => name === "netcup.soap.getVServerIPs").map(({ attributes }) => [...attributes]),
        [[["netcup.outcome", "ok"]]]
      )
      for (const { attributes, name } of spans) {
        assert.notInclude(JSON.stringify([name, ...attributes]), "12345")
      }
    }).pipe(Effect.provide(http))
  )
})
