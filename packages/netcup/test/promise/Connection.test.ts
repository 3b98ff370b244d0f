import { assert, describe, it } from "@effect/vitest"
import { NetcupError } from "@netcup-failover/netcup/NetcupError"
import { connect } from "@netcup-failover/netcup/promise/Connection"
import * as RestInjection from "@netcup-failover/testing/netcup/RestInjection"
import * as SoapInjection from "@netcup-failover/testing/netcup/SoapInjection"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { first, fulfilled, ipv4, ipv6, netcup, rejection, second } from "./Netcup.ts"

/** The tag of what must be a `NetcupError`. */
const reasonOf = (error: unknown) => (error instanceof NetcupError ? error.reason._tag : error)

describe("Connection", () => {
  for (const api of ["byRest", "bySoap"] as const) {
    it.live(`tells of servers and routes, routes addresses and takes routes away, ${api}`, () =>
      Effect.gen(function* () {
        const stage = yield* netcup()
        const connection = yield* stage[api]()
        const routes = Effect.map(stage.world.routes, (held) => Object.fromEntries(held))
        assert.deepStrictEqual(yield* fulfilled(() => connection.servers()), [first, second])
        yield* fulfilled(() => connection.route(ipv4, second))
        assert.deepStrictEqual(yield* routes, { [ipv4]: second, [ipv6]: first })
        const { held, untold } = yield* fulfilled(() => connection.routes())
        assert.deepStrictEqual([held.get(ipv4), held.get(ipv6), untold.size], [second, first, 0])
        const some = yield* fulfilled(() => connection.routes({ among: [second] }))
        assert.deepStrictEqual([some.held.get(ipv4), some.held.get(ipv6)], [second, undefined])
        yield* fulfilled(() => connection.unroute(ipv6))
        assert.deepStrictEqual(yield* routes, { [ipv4]: second })
      })
    )
  }

  it.live("is rejected with a NetcupError whose reason is the typed one", () =>
    Effect.gen(function* () {
      const { byRest, bySoap, rest } = yield* netcup()
      const [connection, other] = [yield* byRest(), yield* bySoap({ password: "wrong" })]
      assert.strictEqual(reasonOf(yield* rejection(() => other.servers())), "InvalidCredentials")
      assert.strictEqual(reasonOf(yield* rejection(() => connection.route("192.0.2.9/32", first))), "AddressNotFound")
      assert.strictEqual(reasonOf(yield* rejection(() => connection.route(ipv4, "v9"))), "ServerNotFound")
      const fault = RestInjection.InjectedFault.Reset({ applied: true })
      yield* rest.inject({ operation: "route", fault })
      assert.strictEqual(reasonOf(yield* rejection(() => connection.route(ipv4, second))), "UnknownOutcome")
    })
  )

  for (const api of ["byRest", "bySoap"] as const) {
    it.live(`calls a route off that is not permitted when it is to be sent, ${api}`, () =>
      Effect.gen(function* () {
        const stage = yield* netcup()
        const connection = yield* stage[api]()
        const holder = Effect.map(stage.world.routes, (held) => new Map<string, string>(held).get(ipv4))
        const told: Array<unknown> = []
        for (const permitted of [() => false, async () => false]) {
          told.push(reasonOf(yield* rejection(() => connection.route(ipv4, second, { permitted }))))
        }
        const bug = new Error("a bug")
        told.push(yield* rejection(() => connection.route(ipv4, second, { permitted: () => Promise.reject(bug) })))
        assert.deepStrictEqual(told, ["CalledOff", "CalledOff", bug])
        assert.strictEqual(yield* holder, first)
        yield* fulfilled(() => connection.route(ipv4, second, { permitted: () => true }))
        assert.strictEqual(yield* holder, second)
      })
    )
  }

  it.live("tells which servers netcup told nothing of", () =>
    Effect.gen(function* () {
      const { bySoap, soap } = yield* netcup()
      const connection = yield* bySoap()
      const fault = SoapInjection.InjectedFault.Garbage({ applied: false })
      yield* soap.inject({ operation: "getVServerIPs", server: second, fault })
      const { held, untold } = yield* fulfilled(() => connection.routes())
      assert.strictEqual(held.get(ipv4), first)
      assert.deepStrictEqual(Array.from(untold.keys()), [second])
      assert.strictEqual(reasonOf(untold.get(second)), "MalformedAnswer")
    })
  )

  it.live("asks netcup nothing for what is no address or no server", () =>
    Effect.gen(function* () {
      const { byRest, rest } = yield* netcup()
      const connection = yield* byRest()
      for (const call of [
        () => connection.route("198.51.100.4", first),
        () => connection.route("", first),
        () => connection.route(ipv4, ""),
        () => connection.unroute("example.org/32"),
        () => connection.routes({ among: [first, ""] })
      ]) {
        assert.instanceOf(yield* rejection(call), TypeError)
      }
      assert.deepStrictEqual(yield* rest.journal.calls, [])
    })
  )

  it("is not made of options that make no sense, and tells no secret", () => {
    const wrong: ReadonlyArray<readonly [options: object, message: RegExp]> = [
      [{}, /loginName/],
      [{ loginName: "12345" }, /password/],
      [{ loginName: "", password: "s3cret" }, /loginName/],
      [{ loginName: 12345, password: "s3cret" }, /loginName/],
      [{ refreshToken: "" }, /refreshToken/],
      [{ refreshToken: ["s3cret"] }, /refreshToken/],
      [{ refreshToken: '{"access_token":"s3cret"}' }, /refresh_token/],
      [{ refreshToken: "s3cret", loginName: "12345", password: "s3cret" }, /either/]
    ]
    // As a program without types may call it.
    const call: (options: unknown) => unknown = (options) => Reflect.apply(connect, undefined, [options])
    for (const [options, message] of wrong) {
      assert.throws(() => call(options), TypeError, message)
      assert.throws(() => call(options), /^(?!.*s3cret)/)
    }
  })

  it.live("sends nothing for a signal that was aborted before", () =>
    Effect.gen(function* () {
      const { byRest, rest } = yield* netcup()
      const connection = yield* byRest()
      const reason = new Error("too late")
      const call = () => connection.servers({ signal: AbortSignal.abort(reason) })
      assert.strictEqual(yield* rejection(call), reason)
      assert.deepStrictEqual(yield* rest.journal.calls, [])
    })
  )

  it.live("ends a call by its signal, with the signal's reason, and lets others go on", () =>
    Effect.gen(function* () {
      const { byRest, rest } = yield* netcup()
      const connection = yield* byRest()
      yield* rest.inject({
        operation: "servers",
        times: 1,
        fault: RestInjection.InjectedFault.Hang({ applied: false })
      })
      const abort = new AbortController()
      const call = yield* Effect.forkChild(rejection(() => connection.servers({ signal: abort.signal })))
      yield* rest.awaitCall({ operation: "servers" })
      assert.deepStrictEqual(yield* fulfilled(() => connection.servers()), [first, second])
      const reason = new Error("enough")
      abort.abort(reason)
      assert.strictEqual(yield* Fiber.join(call), reason)
      assert.deepStrictEqual(yield* fulfilled(() => connection.servers({ signal: new AbortController().signal })), [
        first,
        second
      ])
    })
  )

  it.live("ends calls under way when it is closed, and takes none after", () =>
    Effect.gen(function* () {
      const { byRest, rest } = yield* netcup()
      const connection = yield* byRest()
      yield* rest.inject({ fault: RestInjection.InjectedFault.Hang({ applied: false }), operation: "servers" })
      const call = yield* Effect.forkChild(rejection(() => connection.servers()))
      yield* rest.awaitCall({ operation: "servers" })
      yield* fulfilled(() => connection.close())
      assert.match(String(yield* Fiber.join(call)), /closed/)
      const before = (yield* rest.journal.calls).length
      assert.match(String(yield* rejection(() => connection.route(ipv4, second))), /closed/)
      assert.strictEqual((yield* rest.journal.calls).length, before)
      yield* fulfilled(async () => connection[Symbol.asyncDispose]())
    })
  )

  it.live("is not in doubt about a change when nobody listens any more", () =>
    Effect.gen(function* () {
      const { bySoap, soap } = yield* netcup()
      const connection = yield* bySoap()
      yield* fulfilled(() => connection.route(ipv4, second))
      yield* soap.stop
      assert.strictEqual(reasonOf(yield* rejection(() => connection.route(ipv6, second))), "Unreachable")
    })
  )

  it.live("makes a connection for each request, and follows nobody elsewhere", () =>
    Effect.gen(function* () {
      const { byRest, rest } = yield* netcup()
      const connection = yield* byRest()
      const fault = RestInjection.InjectedFault.Status({ status: 307, headers: { location: `${rest.url}/api/ping` } })
      for (const _ of [1, 2, 3]) yield* fulfilled(() => connection.servers())
      yield* rest.inject({ operation: "servers", fault })
      assert.strictEqual(reasonOf(yield* rejection(() => connection.servers())), "MalformedAnswer")
      const calls = yield* rest.journal.calls
      assert.deepStrictEqual(
        calls.filter(({ operation }) => operation === "ping"),
        []
      )
      assert.isAbove(calls.length, 4)
      assert.strictEqual(yield* rest.connections, calls.length)
    })
  )

  it.live("makes its requests by the fetch that it is given", () =>
    Effect.gen(function* () {
      const { bySoap } = yield* netcup()
      const asked: Array<string> = []
      const connection = yield* bySoap({
        fetch: (input, init) => {
          asked.push(`${init?.method}`)
          return fetch(input, init)
        }
      })
      yield* fulfilled(() => connection.servers())
      assert.deepStrictEqual(asked, ["POST"])
    })
  )
})
