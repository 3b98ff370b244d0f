import type { ServerResponse } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import * as SoapClient from "@netcup-failover/netcup/soap/SoapClient"
import { changeIPRouting, getVServers } from "@netcup-failover/netcup/soap/WSEndUser"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as Layer from "effect/Layer"
import { answer, credentials, endpoint, fault, http, send } from "./Endpoint.ts"
import { always, outcomes, quick, routing } from "./Outcomes.ts"

describe("SoapClient: no answer", () => {
  for (const [name, reply] of [
    ["a reset before the answer", (response: ServerResponse) => void response.socket?.resetAndDestroy()],
    ["a close before the answer", (response: ServerResponse) => void response.socket?.destroy()],
    [
      "a reset amid the answer",
      (response: ServerResponse) => {
        response.writeHead(200, { "content-length": "100000" })
        response.write(answer("getVServers", "<return>v1</return>"), () => response.socket?.resetAndDestroy())
      }
    ],
    [
      "a close amid the answer",
      (response: ServerResponse) => {
        response.writeHead(200)
        response.write(answer("getVServers", "<return>v1</return>"), () => response.socket?.destroy())
      }
    ]
  ] as const) {
    it.live(`${name}: a read is tried again, a change is not`, () =>
      Effect.gen(function* () {
        const { change, read, requests } = yield* outcomes(reply)
        assert.deepStrictEqual([read, change, requests], ["Unreachable", "UnknownOutcome", [3, 1]])
      })
    )
  }

  it.live("silence: a read is tried again, a change is not", () =>
    Effect.gen(function* () {
      const { change, messages, read, requests } = yield* outcomes(() => {}, {
        readTimeout: "30 millis",
        changeTimeout: "40 millis"
      })
      assert.deepStrictEqual([read, change, requests], ["Unreachable", "UnknownOutcome", [3, 1]])
      assert.deepStrictEqual(messages, ["no answer within 30ms", "no answer within 40ms"])
    })
  )

  it.live("an answer that begins but does not go on is silence too", () =>
    Effect.gen(function* () {
      const { change, read, requests } = yield* outcomes(
        (response) => {
          response.writeHead(200)
          response.write("<S:Envelope")
        },
        { readTimeout: "30 millis", changeTimeout: "30 millis" }
      )
      assert.deepStrictEqual([read, change, requests], ["Unreachable", "UnknownOutcome", [3, 1]])
    })
  )

  it.live("a refused connection has no effect, for a change too", () =>
    Effect.gen(function* () {
      const { close, url } = yield* endpoint(() => {})
      close()
      const { call } = yield* SoapClient.make(credentials, { ...quick, url })
      const read = yield* Effect.flip(call(getVServers, {}))
      const change = yield* Effect.flip(call(changeIPRouting, routing))
      assert.deepStrictEqual([read.reason._tag, change.reason._tag], ["Unreachable", "Unreachable"])
      assert.include(change.message, "ECONNREFUSED")
    }).pipe(Effect.provide(http))
  )

  it.live("a URL that is none has no effect", () =>
    Effect.gen(function* () {
      const { call } = yield* SoapClient.make(credentials, { ...quick, url: "not a url" })
      const change = yield* Effect.flip(call(changeIPRouting, routing))
      assert.strictEqual(change.reason._tag, "Unreachable")
    }).pipe(Effect.provide(http))
  )

  it.live("a read succeeds when a later try does", () =>
    Effect.gen(function* () {
      const { read, requests } = yield* outcomes((response, _, nth) =>
        nth < 2 ? send(response, 502, "") : send(response, 200, answer("getVServers", "<return> v1 </return>"))
      )
      assert.deepStrictEqual<unknown>([read, requests[0]], [["v1"], 3])
    })
  )

  it.live("a fault ends a read's tries", () =>
    Effect.gen(function* () {
      const { read, requests } = yield* outcomes((response, _, nth) =>
        nth < 1 ? send(response, 502, "") : send(response, 500, fault("action not allowed"))
      )
      assert.deepStrictEqual([read, requests[0]], ["Refused", 2])
    })
  )

  for (const [tries, requests] of [
    [1, 1],
    [2, 2],
    [5, 5],
    [0, 1]
  ] as const) {
    it.live(`tries: ${tries} means ${requests} requests`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual((yield* outcomes(always(502, ""), { tries })).requests, [requests, 1])
      })
    )
  }

  /** A transport that fails before any server is involved. */
  const failing = (cause: unknown) => {
    let requests = 0
    const layer = Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request) =>
        Effect.suspend(() => {
          requests++
          return Effect.fail(
            new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })
          )
        })
      )
    )
    return { layer, requests: () => requests }
  }
  const systemError = (code: string, syscall?: string) =>
    Object.assign(new Error(`${syscall} ${code}`), { code, syscall })

  for (const [name, cause, tag] of [
    ["ECONNREFUSED", systemError("ECONNREFUSED", "connect"), "Unreachable"],
    ["a connect that times out", systemError("ETIMEDOUT", "connect"), "Unreachable"],
    ["no route", systemError("EHOSTUNREACH", "connect"), "Unreachable"],
    ["no such host", systemError("ENOTFOUND", "getaddrinfo"), "Unreachable"],
    ["no DNS", systemError("EAI_AGAIN", "getaddrinfo"), "Unreachable"],
    [
      "all addresses refused",
      new AggregateError([systemError("ECONNREFUSED", "connect"), systemError("ENETUNREACH", "connect")]),
      "Unreachable"
    ],
    ["a certificate that expired", systemError("CERT_HAS_EXPIRED"), "Unreachable"],
    ["a certificate for another host", systemError("ERR_TLS_CERT_ALTNAME_INVALID"), "Unreachable"],
    [
      "one address reset",
      new AggregateError([systemError("ECONNREFUSED", "connect"), systemError("ECONNRESET", "read")]),
      "UnknownOutcome"
    ],
    ["an aggregate of nothing", new AggregateError([]), "UnknownOutcome"],
    ["ECONNRESET", systemError("ECONNRESET", "read"), "UnknownOutcome"],
    ["a broken pipe", systemError("EPIPE", "write"), "UnknownOutcome"],
    ["no route while reading", systemError("EHOSTUNREACH", "read"), "UnknownOutcome"],
    ["a TLS protocol error", systemError("EPROTO", "write"), "UnknownOutcome"],
    ["an error of no known form", "boom", "UnknownOutcome"],
    ["no cause", undefined, "UnknownOutcome"]
  ] as const) {
    it.effect(`a change that meets ${name} fails with ${tag}, sent once`, () =>
      Effect.gen(function* () {
        const { layer, requests } = failing(cause)
        const { call } = yield* SoapClient.make(credentials).pipe(Effect.provide(layer))
        const error = yield* Effect.flip(call(changeIPRouting, routing))
        assert.deepStrictEqual([error.reason._tag, requests()], [tag, 1])
        assert.notStrictEqual(error.message, "")
      })
    )
  }
})
