import type { ServerResponse } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { ServerName } from "@netcup-failover/core/ServerName"
import { SoapCredentials } from "@netcup-failover/netcup/Credentials"
import * as Operation from "@netcup-failover/netcup/soap/Operation"
import { changeIPRouting } from "@netcup-failover/netcup/soap/RoutingOperations"
import { getVServerInformation, getVServerIPs, getVServers } from "@netcup-failover/netcup/soap/ServerOperations"
import * as SoapClient from "@netcup-failover/netcup/soap/SoapClient"
import type { SoapOptions } from "@netcup-failover/netcup/soap/SoapOptions"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"
import * as TestClock from "effect/testing/TestClock"
import { answer, credentials, endpoint, envelope, fault, http, type Reply, send } from "./Endpoint.ts"

const quick: SoapOptions = { readTimeout: "5 seconds", changeTimeout: "5 seconds", retryDelay: "1 millis" }

const server = ServerName.make("v1")
const routing = {
  routedIP: "198.51.100.4",
  routedMask: 32,
  destinationVserverName: server,
  destinationInterfaceMAC: "aa:bb:cc:dd:ee:ff"
}

/** Calls both kinds of operation against an endpoint of the given behaviour: how each ended, after how many requests. */
const outcomes = (reply: Reply, options: SoapOptions = {}) =>
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

const always =
  (status: number, body: string, type?: string): Reply =>
  (response) =>
    send(response, status, body, type)

describe("SoapClient: the request", () => {
  it.live("POSTs the envelope with login and password first, as SOAP 1.1 wants it", () =>
    Effect.gen(function* () {
      const { received, url } = yield* endpoint(always(200, answer("changeIPRouting", "<return>true</return>")))
      const { call } = yield* SoapClient.make(credentials, { url })
      assert.deepStrictEqual<unknown>(
        yield* call(changeIPRouting, {
          destinationInterfaceMAC: "aa:bb:cc:dd:ee:ff",
          destinationVserverName: server,
          routedMask: 64,
          routedIP: "2001:db8::2"
        }),
        [true]
      )
      const [request] = received
      assert.strictEqual(request?.method, "POST")
      assert.strictEqual(request?.headers["content-type"], "text/xml; charset=utf-8")
      assert.strictEqual(request?.headers.soapaction, '""')
      assert.strictEqual(request?.headers["content-length"], String(Buffer.byteLength(request?.body ?? "")))
      assert.strictEqual(
        request?.body,
        '<?xml version="1.0" encoding="UTF-8"?>' +
          '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ws="http://enduser.service.web.vcp.netcup.de/">' +
          "<soapenv:Body><ws:changeIPRouting><loginName>12345</loginName><password>s3&lt;c&amp;et</password>" +
          "<routedIP>2001:db8::2</routedIP><routedMask>64</routedMask>" +
          "<destinationVserverName>v1</destinationVserverName>" +
          "<destinationInterfaceMAC>aa:bb:cc:dd:ee:ff</destinationInterfaceMAC>" +
          "</ws:changeIPRouting></soapenv:Body></soapenv:Envelope>"
      )
    }).pipe(Effect.provide(http))
  )

  it.live("spells the server's element as each operation does, and sends no parameter that is absent", () =>
    Effect.gen(function* () {
      const { received, url } = yield* endpoint((response, { body }) =>
        send(response, 200, answer(body.includes("Information") ? "getVServerInformation" : "getVServerIPs", ""))
      )
      const { call } = yield* SoapClient.make(credentials, { url })
      yield* call(getVServerIPs, { vserverName: server })
      yield* call(getVServerInformation, { vservername: server })
      yield* call(getVServerInformation, { language: "en", vservername: server })
      const login = "<loginName>12345</loginName><password>s3&lt;c&amp;et</password>"
      assert.deepStrictEqual(
        received.map(({ body }) => /<ws:\w+>(.*)<\/ws:/.exec(body)?.[1]),
        [
          `${login}<vserverName>v1</vserverName>`,
          `${login}<vservername>v1</vservername>`,
          `${login}<vservername>v1</vservername><language>en</language>`
        ]
      )
    }).pipe(Effect.provide(http))
  )

  it.live("sends no password to an operation that knows none", () =>
    Effect.gen(function* () {
      const { received, url } = yield* endpoint(always(200, answer("sendPasswordResetRequest", "")))
      const { call } = yield* SoapClient.make(credentials, { url })
      const operation = Operation.make({
        name: "sendPasswordResetRequest",
        kind: "change",
        credentials: "login",
        parameters: Schema.Struct({ eMail: Schema.String }),
        returns: Schema.Unknown
      })
      yield* call(operation, { eMail: "a@example.com" })
      assert.include(received[0]?.body, "<loginName>12345</loginName><eMail>a@example.com</eMail>")
    }).pipe(Effect.provide(http))
  )

  for (const [name, loginName, password, target, tag] of [
    ["login", "12\u00005", "ok", server, "InvalidCredentials"],
    ["password", "12345", "pass\u001bword", server, "InvalidCredentials"],
    ["other parameter", "12345", "ok", ServerName.make("v\ud800"), "Refused"]
  ] as const) {
    it.live(`sends nothing when XML can't carry the ${name}`, () =>
      Effect.gen(function* () {
        const { received, url } = yield* endpoint(always(200, answer("getVServerIPs", "")))
        const { call } = yield* SoapClient.make(new SoapCredentials({ loginName, password: Redacted.make(password) }), {
          url
        })
        const error = yield* Effect.flip(call(getVServerIPs, { vserverName: target }))
        assert.strictEqual(error.reason._tag, tag)
        assert.notInclude(error.message, "pass\u001b")
        assert.strictEqual(received.length, 0)
      }).pipe(Effect.provide(http))
    )
  }
})

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
    ["true", "<return>true</return>", [true]],
    ["1 with white space", "<return> 1 </return>", [true]],
    ["no return", "", []],
    ["a nil return", '<return xmlns:i="x" i:nil="true"/>', []],
    ["false", "<return>false</return>", [false]],
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

describe("SoapClient: defaults", () => {
  /** Lets the virtual clock run while a silent server holds the requests. */
  const afterSilence = Effect.fnUntraced(function* (
    use: (client: SoapClient.SoapClient) => Effect.Effect<unknown, unknown>,
    seconds: number
  ) {
    const heard = yield* Deferred.make<void>()
    const { received, url } = yield* endpoint(() => Deferred.doneUnsafe(heard, Effect.void))
    const client = yield* SoapClient.make(credentials, { url, tries: 1 })
    const fiber = yield* Effect.forkChild(Effect.flip(use(client)))
    yield* Deferred.await(heard)
    yield* TestClock.adjust(`${seconds - 1} seconds`)
    const early = fiber.pollUnsafe()
    yield* TestClock.adjust("1 second")
    return { early, error: String(yield* Fiber.join(fiber)), requests: received.length }
  }, Effect.provide(http))

  it.effect("a read waits for 10 seconds", () =>
    Effect.gen(function* () {
      const { early, error, requests } = yield* afterSilence(({ call }) => call(getVServers, {}), 10)
      assert.deepStrictEqual([early, requests], [undefined, 1])
      assert.include(error, "no answer within 10s")
    })
  )

  it.effect("a routing change waits for 30 seconds", () =>
    Effect.gen(function* () {
      const { early, error, requests } = yield* afterSilence(({ call }) => call(changeIPRouting, routing), 30)
      assert.deepStrictEqual([early, requests], [undefined, 1])
      assert.include(error, "no answer within 30s")
    })
  )

  it.effect("netcup's own endpoint is asked, three times at most", () =>
    Effect.gen(function* () {
      const urls: Array<string> = []
      const dead = HttpClient.make((request, url) => {
        urls.push(url.href)
        return Effect.fail(
          new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request }) })
        )
      })
      const { call } = yield* SoapClient.make(credentials).pipe(Effect.provideService(HttpClient.HttpClient, dead))
      const fiber = yield* Effect.forkChild(Effect.flip(call(getVServers, {})))
      for (let i = 0; i < 20; i++) yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(fiber)).reason._tag, "Unreachable")
      assert.deepStrictEqual(
        urls,
        Array.from({ length: 3 }, () => "https://www.servercontrolpanel.de/WSEndUser")
      )
    })
  )
})

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
        spans.filter(({ name }) => name === "SoapClient.call").map(({ attributes }) => [...attributes]),
        [[["operation", "getVServerIPs"]]]
      )
      for (const { attributes, name } of spans) {
        assert.notInclude(JSON.stringify([name, ...attributes]), "12345")
      }
    }).pipe(Effect.provide(http))
  )
})

describe("SoapClient: secrets", () => {
  const secret = new SoapCredentials({ loginName: "54321", password: Redacted.make(`p<&"'w 1`) })
  const spellings = [`p<&"'w 1`, "p&lt;&amp;\"'w 1", "p&lt;&amp;&quot;'w 1", "54321"]

  it.live("neither error nor log holds login or password when netcup echoes them", () =>
    Effect.gen(function* () {
      const logged: Array<string> = []
      const logger = Logger.make(({ cause, message }) => {
        logged.push(JSON.stringify([message, cause]))
      })
      // Text that names the credentials, as they are and escaped once more.
      const echo = [
        fault("Could not find failover IP: 198.51.100.4 for User: 54321"),
        fault("no &lt;password&gt;p&amp;lt;&amp;amp;\"'w 1&lt;/password&gt;"),
        fault("login 54321 password p&lt;&amp;\"'w 1"),
        "<54321>",
        `<p<&"'w 1>`
      ]
      for (const body of echo) {
        const { url } = yield* endpoint(always(500, body))
        const ok = yield* endpoint(always(200, body))
        for (const at of [url, ok.url]) {
          const { call } = yield* SoapClient.make(secret, { ...quick, url: at })
          const errors = yield* Effect.all([
            Effect.flip(call(getVServers, {})),
            Effect.flip(call(changeIPRouting, routing))
          ]).pipe(Effect.provide(Logger.layer([logger])), Effect.provideService(References.MinimumLogLevel, "Trace"))
          for (const error of errors) {
            const text = `${error.message} ${JSON.stringify(error)} ${error.stack} ${JSON.stringify(error.cause)}`
            for (const spelling of spellings) assert.notInclude(text, spelling)
          }
        }
      }
      const good = yield* endpoint(always(200, answer("getVServers", "<return>v54321</return>")))
      const { call } = yield* SoapClient.make(secret, { url: good.url })
      yield* call(getVServers, {}).pipe(
        Effect.provide(Logger.layer([logger])),
        Effect.provideService(References.MinimumLogLevel, "Trace")
      )
      assert.isAbove(logged.length, 20)
      for (const spelling of spellings) assert.notInclude(logged.join("\n"), spelling)
    }).pipe(Effect.provide(http))
  )

  it.live("netcup's words stay, with the login taken out", () =>
    Effect.gen(function* () {
      const { messages } = yield* outcomes(
        always(500, fault("Could not find failover IP: 198.51.100.4 for User: 12345"))
      )
      assert.strictEqual(messages[1], "Could not find failover IP: 198.51.100.4 for User: <redacted>")
    })
  )

  it.live("a page of words is cut", () =>
    Effect.gen(function* () {
      const { messages } = yield* outcomes(always(500, fault("x".repeat(100_000))))
      assert.strictEqual(messages[0], `${"x".repeat(500)}…`)
    })
  )
})
