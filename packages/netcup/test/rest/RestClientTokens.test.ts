import { assert, describe, it } from "@effect/vitest"
import type { NetcupError } from "@netcup-failover/netcup/NetcupError"
import * as RestClient from "@netcup-failover/netcup/rest/RestClient"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import {
  accessToken,
  always,
  at,
  client,
  credentials,
  endpoint,
  refreshToken,
  send,
  userId,
  world
} from "./Endpoint.ts"
import { failover, task } from "./Samples.ts"

const bearers = (received: ReadonlyArray<{ readonly headers: { readonly authorization?: string | undefined } }>) =>
  received.map(({ headers }) => headers.authorization?.replace(/^Bearer /, ""))

describe("RestClient: access tokens", () => {
  it.live("every call bears one, paths have its user id, and ping needs none", () =>
    Effect.gen(function* () {
      const {
        client: rest,
        logins,
        received
      } = yield* client((response, { path }) =>
        path.endsWith("/ping")
          ? send(response, 200, "OK", { "content-type": "text/plain" })
          : send(response, 200, { id: userId })
      )
      yield* rest.ping
      assert.strictEqual(logins.length, 0)
      assert.deepStrictEqual(bearers(received), [undefined])
      yield* rest.user
      yield* rest.user
      assert.deepStrictEqual(bearers(received), [undefined, accessToken(0), accessToken(0)])
      assert.strictEqual(logins.length, 1)
      assert.strictEqual(received[1]?.path, `/scp-core/api/v1/users/${userId}`)
      assert.strictEqual(yield* rest.userId, userId)
      assert.strictEqual(received.length, 3)
    }).pipe(Effect.provide(world))
  )

  for (const [what, status, body, use] of [
    ["a read", 200, { id: userId }, (rest: RestClient.RestClient) => rest.user],
    ["a change", 202, task("PENDING"), (rest: RestClient.RestClient) => rest.route(failover, 111003)]
  ] as const satisfies ReadonlyArray<
    readonly [string, number, unknown, (rest: RestClient.RestClient) => Effect.Effect<unknown, NetcupError>]
  >) {
    it.live(`${what} that is refused for its token is sent once more, with another`, () =>
      Effect.gen(function* () {
        const { client: rest, received } = yield* client((response, _, nth) =>
          nth === 0 ? send(response, 401, "") : send(response, status, body)
        )
        yield* use(rest)
        assert.deepStrictEqual(bearers(received), [accessToken(0), accessToken(1)])
        yield* use(rest)
        assert.deepStrictEqual(bearers(received).at(-1), accessToken(1))
      }).pipe(Effect.provide(world))
    )

    it.live(`${what} is InvalidCredentials when a fresh token is refused too, and not sent a third time`, () =>
      Effect.gen(function* () {
        const { client: rest, received } = yield* client(always(401, ""))
        const { message, reason } = yield* Effect.flip<unknown, NetcupError, never>(use(rest))
        assert.strictEqual(reason._tag, "InvalidCredentials")
        assert.include(message, "401")
        assert.deepStrictEqual(bearers(received), [accessToken(0), accessToken(1)])
      }).pipe(Effect.provide(world))
    )

    it.live(`${what} in the name of a customer number is refused before it is sent, and says what to do`, () =>
      Effect.gen(function* () {
        const { client: rest, received } = yield* client(always(status, body), { userId: 100000 })
        const { message, reason } = yield* Effect.flip<unknown, NetcupError, never>(use(rest))
        assert.strictEqual(reason._tag, "InvalidCredentials")
        assert.strictEqual(
          message,
          "this login's user id is 555001, not 100000: a customer number is no user id. Correct the user id, or leave it out"
        )
        assert.strictEqual((yield* Effect.flip(rest.userId)).reason._tag, "InvalidCredentials")
        assert.strictEqual(received.length, 0)
      }).pipe(Effect.provide(world))
    )
  }

  it.live("the right user id may be given", () =>
    Effect.gen(function* () {
      const { client: rest } = yield* client(always(200, { id: userId }), { userId })
      assert.strictEqual((yield* rest.user).id, userId)
    }).pipe(Effect.provide(world))
  )

  it.live("a change whose answer is lost after its token was refused once is an UnknownOutcome", () =>
    Effect.gen(function* () {
      const { client: rest, received } = yield* client((response, _, nth) =>
        nth === 0 ? send(response, 401, "") : response.socket?.resetAndDestroy()
      )
      assert.strictEqual((yield* Effect.flip(rest.route(failover, 111003))).reason._tag, "UnknownOutcome")
      assert.strictEqual(received.length, 2)
    }).pipe(Effect.provide(world))
  )

  it.live("a login that nobody answers leaves a change unsent", () =>
    Effect.gen(function* () {
      const { issuer, received, url } = yield* endpoint(always(202, task("PENDING")))
      const gone = yield* endpoint(always(500, ""))
      gone.close()
      const rest = yield* RestClient.make(credentials, at({ url, issuer: gone.issuer }))
      assert.notStrictEqual(issuer, gone.issuer)
      assert.strictEqual((yield* Effect.flip(rest.route(failover, 111003))).reason._tag, "Unreachable")
      assert.strictEqual(received.length, 0)
    }).pipe(Effect.provide(world))
  )
})

describe("RestClient: secrets", () => {
  const secrets = [refreshToken, accessToken(0), accessToken(1), encodeURIComponent(refreshToken)]

  it.live("no error, log or span holds a token, whatever netcup echoes", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      const logger = Logger.make(({ cause, message }) => void told.push(JSON.stringify([message, cause])))
      const spans: Array<Tracer.Span> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      const words = `Bearer ${accessToken(0)} or ${accessToken(1)} of ${refreshToken} ${encodeURIComponent(refreshToken)}`
      for (const status of [200, 202, 400, 401, 403, 404, 409, 422, 429, 500, 503]) {
        for (const body of [
          { message: words },
          { message: null, errors: [{ field: words }] },
          words,
          { ...task("ERROR"), message: words }
        ]) {
          const { client: rest } = yield* client(always(status, body, { "x-echo": accessToken(0) }), { tries: 2 })
          for (const ask of [rest.user, rest.route(failover, 111003), rest.awaitTask(task("PENDING").uuid)]) {
            // What a success tells is netcup's, as it is.
            const result = yield* Effect.exit(Effect.asVoid<unknown, NetcupError, never>(ask)).pipe(
              Effect.timeoutOption("50 millis"),
              Effect.withTracer(tracer),
              Effect.provide(Logger.layer([logger])),
              Effect.provideService(References.MinimumLogLevel, "Trace")
            )
            told.push(JSON.stringify(result), String(result))
          }
        }
      }
      assert.isAbove(told.length, 100)
      assert.isAbove(spans.length, 100)
      const everything = [
        ...told,
        // The answer itself stays in memory: exporters are told how a span ended, and why when it failed.
        ...spans.map(({ attributes, name, status }) => {
          const failure = status._tag === "Ended" && status.exit._tag === "Failure" ? String(status.exit.cause) : ""
          return `${name} ${[...attributes].join()} ${failure}`
        })
      ].join("\n")
      const leaks = everything.split("\n").filter((line) => secrets.some((secret) => line.includes(secret)))
      assert.deepStrictEqual(leaks, [])
      assert.include(everything, "<redacted>")
    }).pipe(Effect.provide(world))
  )

  it.live("a call is one span of the operation's name, whatever its tries", () =>
    Effect.gen(function* () {
      const spans: Array<Tracer.Span> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      const { client: rest } = yield* client((response, _, nth) =>
        nth < 2 ? send(response, 500, "") : send(response, 200, { id: userId })
      )
      yield* rest.user.pipe(Effect.withTracer(tracer))
      assert.deepStrictEqual(
        spans
          .filter(({ name }) => name.startsWith("netcup.rest"))
          .map(({ attributes, name }) => [name, [...attributes]]),
        [["netcup.rest.user", [["netcup.outcome", "ok"]]]]
      )
    }).pipe(Effect.provide(world))
  )
})
