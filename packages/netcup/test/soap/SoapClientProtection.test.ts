/**
 * The SOAP client by itself: as a layer, sparing a netcup that does not answer, and with secrets among parameters and results.
 */
import { assert, describe, it } from "@effect/vitest"
import type { NetcupError } from "@netcup-failover/netcup/NetcupError"
import * as SoapClient from "@netcup-failover/netcup/soap/SoapClient"
import * as WSEndUser from "@netcup-failover/netcup/soap/WSEndUser"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import { answer, credentials, endpoint, fault, http, operationOf, send } from "./Endpoint.ts"
import { always, quick, routing, server } from "./Outcomes.ts"
import { operations } from "./Wsdl.ts"

describe("SoapClient: as a layer", () => {
  it.live("is the client of one account", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint(always(200, answer("getVServerState", "<return>online</return>")))
      const asked = SoapClient.SoapClient.use(({ call }) => call(WSEndUser.getVServerState, { vserverName: server }))
      const layer = SoapClient.layer(credentials, { url }).pipe(Layer.provide(http))
      assert.strictEqual(yield* Effect.provide(asked, layer), "online")
    })
  )
})

describe("SoapClient: the breaker", () => {
  it.live("after calls in a row without an answer no read is made, whatever their tries, and every change is", () =>
    Effect.gen(function* () {
      const { received, url } = yield* endpoint(always(502, ""))
      const breaker = { failures: 2, firstPause: "1 hour", longestPause: "1 hour" } as const
      const { call } = yield* SoapClient.make(credentials, { ...quick, url, tries: 3, breaker })
      const tags: Array<string> = []
      for (let i = 0; i < 3; i++) tags.push((yield* Effect.flip(call(WSEndUser.getVServers, {}))).reason._tag)
      assert.deepStrictEqual([tags, received.length], [["Unreachable", "Unreachable", "Unreachable"], 6])
      const { message } = yield* Effect.flip(call(WSEndUser.getVServers, {}))
      assert.include(message, "netcup has not been reached since")
      const { reason } = yield* Effect.flip(call(WSEndUser.changeIPRouting, routing))
      assert.deepStrictEqual([reason._tag, received.length], ["UnknownOutcome", 7])
    }).pipe(Effect.provide(http))
  )

  it.live("a request that can't be made is no answer of netcup's", () =>
    Effect.gen(function* () {
      const { received, url } = yield* endpoint(always(502, ""))
      const breaker = { failures: 2, firstPause: "1 hour", longestPause: "1 hour" } as const
      const { call } = yield* SoapClient.make(credentials, { ...quick, url, tries: 1, breaker })
      const day = { vserverName: server, year: 2026, month: 11, day: 1.5 }
      for (let i = 0; i < 3; i++) {
        yield* Effect.flip(call(WSEndUser.getVServers, {}))
        const { message, reason } = yield* Effect.flip(call(WSEndUser.getVServerTrafficOfDay, day))
        assert.deepStrictEqual(
          [reason._tag, message],
          ["Refused", "getVServerTrafficOfDay can't be asked like this: day: Expected an integer"]
        )
      }
      assert.strictEqual(received.length, 2)
    }).pipe(Effect.provide(http))
  )
})

describe("SoapClient: repeated calls", () => {
  const parameters = {
    ...routing,
    vserverName: server,
    vservername: server,
    vservernickname: "n",
    showNickname: true,
    cloudvlanid: 1,
    driver: "virtio",
    eMail: "a@example.com",
    oldPassword: Redacted.make("a"),
    newPassword: Redacted.make("b"),
    start: 0,
    results: 1,
    year: 2026,
    month: 1,
    day: 1
  }
  for (const operation of operations) {
    const times = operation.kind === "read" ? 3 : 1
    it.live(`${operation.name} is sent ${times} times when its answer is lost`, () =>
      Effect.gen(function* () {
        const { received, url } = yield* endpoint((response) => void response.socket?.destroy())
        const { call } = yield* SoapClient.make(credentials, { ...quick, url })
        const { reason } = yield* Effect.flip(call(operation, parameters))
        assert.deepStrictEqual(
          [reason._tag, received.map(operationOf)],
          [operation.kind === "read" ? "Unreachable" : "UnknownOutcome", Array(times).fill(operation.name)]
        )
      }).pipe(Effect.provide(http))
    )
  }
})

describe("SoapClient: secrets among parameters and results", () => {
  const secrets = ["old<1>&", "new 'pass'", "t0k-n", "s3<c&et", "12345"]
  const seen: Array<string> = []
  const logger = Logger.make(({ cause, message }) => void seen.push(JSON.stringify([message, cause])))
  const spans: Array<Tracer.Span> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  const spelled = [...secrets, "old&lt;1&gt;&amp;", "new &apos;pass&apos;", "s3&lt;c&amp;et"]

  it.live("no error, log or span holds one, whatever netcup echoes", () =>
    Effect.gen(function* () {
      const echo = "no old&lt;1&gt;&amp;amp; old&amp;lt;1&amp;gt;&amp;amp; new 'pass' new &amp;apos;pass&amp;apos;"
      const passwords = { oldPassword: Redacted.make("old<1>&"), newPassword: Redacted.make("new 'pass'") }
      type Call = SoapClient.SoapClient["Service"]["call"]
      const change = (call: Call): Effect.Effect<unknown, NetcupError> => call(WSEndUser.changeUserPassword, passwords)
      const login = (call: Call): Effect.Effect<unknown, NetcupError> => call(WSEndUser.getLoginToken, {})
      const replies = [
        [always(500, fault(`${echo} for old&lt;1&gt;&amp; and 12345`)), change],
        [always(200, answer("changeUserPassword", "<return>new 'pass'</return>")), change],
        [always(200, answer("changeUserPassword", "<return>old<1>&</return>")), change],
        [always(500, "new 'pass'"), change],
        [always(500, fault("token t0k, user 12345, password s3&lt;c&amp;et")), login],
        [always(200, answer("getLoginToken", "<return><a>t0k-n</a></return>")), login],
        [always(200, answer("getLoginToken", "<return>t0k-n</return><return>t0k-n</return>")), login],
        [always(200, answer("getLoginToken", "<return>t0k-n</retur>")), login]
      ] as const
      for (const [reply, ask] of replies) {
        const { url } = yield* endpoint(reply)
        const error = yield* Effect.flip(ask((yield* SoapClient.make(credentials, { ...quick, url })).call))
        seen.push(`${error.message} ${JSON.stringify(error)} ${error.stack} ${String(error.cause)}`)
      }
      const { url } = yield* endpoint((response) =>
        send(response, 200, answer("getLoginToken", "<return>t0k-n</return>"))
      )
      const token = yield* (yield* SoapClient.make(credentials, { url })).call(WSEndUser.getLoginToken, {})
      yield* Effect.logInfo("got", { token })
      seen.push(...spans.map(({ attributes, name }) => JSON.stringify([name, ...attributes])))
      assert.isAbove(spans.length, 15)
      assert.isAbove(seen.length, 50)
      for (const secret of spelled) assert.notInclude(seen.join("\n"), secret)
      assert.include(seen.join("\n"), "<redacted>")
    }).pipe(
      Effect.provide(Logger.layer([logger])),
      Effect.withTracer(tracer),
      Effect.provideService(References.MinimumLogLevel, "Trace"),
      Effect.provide(http)
    )
  )

  it.live("a character that XML can't carry is told, the password that holds it is not", () =>
    Effect.gen(function* () {
      const { received, url } = yield* endpoint(always(200, answer("changeUserPassword", "")))
      const { call } = yield* SoapClient.make(credentials, { url })
      for (const newPassword of ["s3cret\u0007", ""]) {
        const error = yield* Effect.flip(
          call(WSEndUser.changeUserPassword, {
            oldPassword: Redacted.make("o"),
            newPassword: Redacted.make(newPassword)
          })
        )
        assert.strictEqual(error.reason._tag, "Refused")
        assert.include(error.message, "newPassword")
        assert.notInclude(`${error.message} ${JSON.stringify(error)}`, "s3cret")
      }
      assert.strictEqual(received.length, 0)
    }).pipe(Effect.provide(http))
  )
})
