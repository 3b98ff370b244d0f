import type { ServerResponse } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import * as SoapClient from "@netcup-failover/netcup/soap/SoapClient"
import { getVServers } from "@netcup-failover/netcup/soap/WSEndUser"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import { answer, credentials, envelope, fault, type Reply } from "./Endpoint.ts"
import { always, outcomes } from "./Outcomes.ts"

describe("SoapClient: answers", () => {
  for (const status of [200, 500]) {
    it.live(`a fault with HTTP ${status} is netcup's no: asked once`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* outcomes(always(status, fault("Invalid credentials."))), {
          read: "InvalidCredentials",
          change: "InvalidCredentials",
          messages: ["Invalid credentials.", "Invalid credentials."],
          requests: [1, 1]
        })
      })
    )
  }

  it.live("a limit is a fault like others", () =>
    Effect.gen(function* () {
      const text = "Routing a failover IP is only permitted once every 5 minutes."
      const { change, messages, requests } = yield* outcomes(always(500, fault(text)))
      assert.deepStrictEqual([change, messages[1], requests], ["RateLimited", text, [1, 1]])
    })
  )

  for (const [name, returns, expected] of [
    ["true", "<return>true</return>", true],
    ["1 with white space", "<return> 1 </return>", true],
    ["no return", "", undefined],
    ["a nil return", '<return xmlns:i="x" i:nil="true"/>', undefined],
    ["false", "<return>false</return>", false],
    ["an empty return", "<return/>", "UnknownOutcome"],
    ["another word", "<return>yes</return>", "UnknownOutcome"],
    ["two returns", "<return>true</return><return>true</return>", "UnknownOutcome"]
  ] as const) {
    it.live(`a routing change answered by ${name} gives ${JSON.stringify(expected)}`, () =>
      Effect.gen(function* () {
        const { change } = yield* outcomes(always(200, answer("changeIPRouting", returns)))
        assert.deepStrictEqual<unknown>(change, expected)
      })
    )
  }

  for (const [name, reply, read, change, requests] of [
    ["text", always(200, "It works!", "text/plain"), "MalformedAnswer", "UnknownOutcome", [3, 1]],
    [
      "an HTML page",
      always(200, "<!DOCTYPE html><html><body>hi</body></html>", "text/html"),
      "MalformedAnswer",
      "UnknownOutcome",
      [3, 1]
    ],
    ["nothing", always(200, ""), "MalformedAnswer", "UnknownOutcome", [3, 1]],
    [
      "a cut envelope",
      always(200, answer("getVServers", "<return>v1</return>").slice(0, -9)),
      "MalformedAnswer",
      "UnknownOutcome",
      [3, 1]
    ],
    ["another operation's answer", always(200, answer("getUserData", "")), "MalformedAnswer", "UnknownOutcome", [3, 1]],
    [
      "an answer of another shape",
      always(200, envelope("<getVServersResponse><return><a>1</a></return></getVServersResponse>")),
      "MalformedAnswer",
      "UnknownOutcome",
      [3, 1]
    ],
    ["HTTP 500 without a fault", always(500, "Internal Server Error"), "Unreachable", "UnknownOutcome", [3, 1]],
    [
      "HTTP 500 with a success",
      always(500, answer("getVServers", "<return>v1</return>")),
      "Unreachable",
      "UnknownOutcome",
      [3, 1]
    ],
    [
      "HTTP 503 with a page",
      always(503, "<html><body>later</body></html>", "text/html"),
      "Unreachable",
      "UnknownOutcome",
      [3, 1]
    ],
    ["HTTP 401", always(401, "no"), "MalformedAnswer", "UnknownOutcome", [1, 1]],
    ["HTTP 403", always(403, "no"), "MalformedAnswer", "UnknownOutcome", [1, 1]],
    ["HTTP 404", always(404, "no"), "MalformedAnswer", "UnknownOutcome", [1, 1]],
    [
      "HTTP 301",
      (response: ServerResponse) => void response.writeHead(301, { location: "/" }).end(),
      "MalformedAnswer",
      "UnknownOutcome",
      [1, 1]
    ]
  ] as const) {
    it.live(`${name}: a read fails with ${read} after ${requests[0]} tries, a change is sent once`, () =>
      Effect.gen(function* () {
        const result = yield* outcomes(reply)
        assert.deepStrictEqual([result.read, result.change, result.requests], [read, change, [...requests]])
      })
    )
  }

  it.live("a status that is no success is told", () =>
    Effect.gen(function* () {
      const { messages } = yield* outcomes(always(403, "no"))
      assert.deepStrictEqual(messages, ["HTTP 403 without a fault", "HTTP 403 without a fault"])
    })
  )

  it.effect("reads UTF-8 that is split anywhere", () =>
    Effect.gen(function* () {
      const bytes = Array.from(Buffer.from(answer("getVServers", "<return>vä€😀</return>")), (byte) =>
        Uint8Array.of(byte)
      )
      const bytewise = HttpClient.make((request) =>
        Effect.succeed(HttpClientResponse.fromWeb(request, new Response(ReadableStream.from(bytes))))
      )
      const { call } = yield* SoapClient.make(credentials).pipe(Effect.provideService(HttpClient.HttpClient, bytewise))
      assert.deepStrictEqual(yield* call(getVServers, {}), ["vä€😀"])
    })
  )

  it.live("stops reading an answer that does not end", () =>
    Effect.gen(function* () {
      const cut: Array<Promise<number>> = []
      const endless: Reply = (response) => {
        let written = 0
        const pump = () => {
          while (!response.destroyed && response.write("x".repeat(65_536))) written += 65_536
          written += 65_536
        }
        cut.push(new Promise((resolve) => response.once("close", () => resolve(written))))
        response.writeHead(200)
        response.on("drain", pump)
        pump()
      }
      const { change, read, requests } = yield* outcomes(endless)
      assert.deepStrictEqual([read, change, requests], ["MalformedAnswer", "UnknownOutcome", [3, 1]])
      // Each connection was closed by the client: what was written is our limit and the sockets' buffers.
      for (const written of yield* Effect.promise(() => Promise.all(cut))) assert.isBelow(written, 64 * 1_048_576)
    })
  )
})
