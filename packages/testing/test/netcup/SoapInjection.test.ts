/** Each fault as a client sees it, and what it does to the world. */
import { assert, describe, it } from "@effect/vitest"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import { InjectedFault, type InjectionRule } from "@netcup-failover/testing/netcup/SoapInjection"
import * as SoapSimulator from "@netcup-failover/testing/netcup/SoapSimulator"
import * as XmlTree from "@netcup-failover/testing/netcup/XmlTree"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { accounts, bodyOf, faultOf, macA, request, returnsOf, route, routeToA, routeToB } from "./Handwritten.ts"
import * as RawClient from "./RawClient.ts"

const simulator = Effect.gen(function* () {
  return yield* SoapSimulator.make({ world: yield* NetcupWorld.make(accounts), success: "true" })
})

const holderOf = (world: NetcupWorld.NetcupWorld, cidr = "198.51.100.4/32") =>
  Effect.map(world.routes, (routes) => [...routes].find(([prefix]) => prefix === cidr)?.[1])

const operation = "changeIPRouting"

describe("a fault instead of the answer", () => {
  const plain: ReadonlyArray<
    readonly [string, (applied: boolean) => InjectedFault, (answer: RawClient.RawAnswer) => Effect.Effect<void>]
  > = [
    [
      "Unavailable",
      (applied) => InjectedFault.Unavailable({ applied }),
      (answer) =>
        Effect.sync(() => {
          assert.deepStrictEqual([answer.status, answer.contentType], [503, "text/html"])
          assert.include(answer.body, "<html>")
        })
    ],
    [
      "EmptyError",
      (applied) => InjectedFault.EmptyError({ applied }),
      (answer) => Effect.sync(() => assert.deepStrictEqual([answer.status, answer.body], [500, ""]))
    ],
    [
      "Garbage",
      (applied) => InjectedFault.Garbage({ applied }),
      (answer) =>
        Effect.gen(function* () {
          assert.strictEqual(answer.status, 200)
          yield* Effect.orDie(Effect.flip(XmlTree.parse(answer.body)))
        })
    ],
    [
      "Truncated",
      (applied) => InjectedFault.Truncated({ applied }),
      (answer) =>
        Effect.gen(function* () {
          assert.strictEqual(answer.status, 200)
          assert.include(answer.body, "Envelope")
          yield* Effect.orDie(Effect.flip(XmlTree.parse(answer.body)))
        })
    ],
    [
      "Huge",
      (applied) => InjectedFault.Huge({ applied, bytes: 3_000_000 }),
      (answer) =>
        Effect.gen(function* () {
          assert.strictEqual(answer.status, 200)
          assert.isAtLeast(answer.body.length, 3_000_000)
          assert.isUndefined(answer.contentLength)
          assert.strictEqual((yield* Effect.orDie(bodyOf(answer)))?.name, "changeIPRoutingResponse")
        })
    ],
    [
      "WrongEnvelope",
      (applied) => InjectedFault.WrongEnvelope({ applied }),
      (answer) =>
        Effect.gen(function* () {
          const root = yield* Effect.orDie(XmlTree.parse(answer.body))
          assert.deepStrictEqual([root.namespace, root.name], ["http://www.w3.org/2003/05/soap-envelope", "Envelope"])
        })
    ]
  ]
  for (const [name, fault, check] of plain) {
    for (const applied of [true, false]) {
      it.effect(`${name}: ${applied ? "the routing is done all the same" : "nothing is done"}`, () =>
        Effect.gen(function* () {
          const { inject, journal, url, world } = yield* simulator
          yield* inject({ operation, times: 1, fault: fault(applied) })
          const answer = yield* RawClient.send(url, routeToA)
          yield* check(answer)
          assert.strictEqual(yield* holderOf(world), applied ? "vA" : "vB")
          const [call] = yield* journal.calls
          assert.deepStrictEqual(call?.outcome, { _tag: "Injected", fault: name })
          assert.strictEqual(call?.appliedAt !== undefined, applied)
          assert.strictEqual(call?.status, answer.status)
        })
      )
    }
  }

  for (const applied of [true, false]) {
    it.effect(`Reset: the connection breaks ${applied ? "after" : "before"} the routing is done`, () =>
      Effect.gen(function* () {
        const { inject, journal, url, world } = yield* simulator
        yield* inject({ operation, times: 1, fault: InjectedFault.Reset({ applied }) })
        const error = yield* Effect.flip(RawClient.send(url, routeToA))
        assert.strictEqual(error.code, "ECONNRESET")
        assert.strictEqual(yield* holderOf(world), applied ? "vA" : "vB")
        const [call] = yield* journal.calls
        assert.deepStrictEqual([call?.status, call?.outcome._tag], [undefined, "Injected"])
      })
    )

    it.effect(`Hang: no answer comes, the routing is ${applied ? "done" : "not done"}, others are served`, () =>
      Effect.gen(function* () {
        const { awaitCall, inject, url, world } = yield* simulator
        yield* inject({ operation, times: 1, fault: InjectedFault.Hang({ applied }) })
        const hanging = yield* Effect.forkChild(RawClient.send(url, routeToA))
        yield* awaitCall({ operation, where: ({ outcome }) => outcome._tag === "Injected" })
        yield* TestClock.adjust("1 day")
        assert.deepStrictEqual(yield* returnsOf(yield* RawClient.send(url, request("getVServers"))), ["vA", "vB"])
        assert.isUndefined(hanging.pollUnsafe())
        assert.strictEqual(yield* holderOf(world), applied ? "vA" : "vB")
      })
    )
  }

  it.effect("Refuse: any text as a fault, nothing is done and the limit does not start", () =>
    Effect.gen(function* () {
      const { inject, url, world } = yield* simulator
      yield* inject({ operation, times: 1, fault: InjectedFault.Refuse({ text: "Server is locked & <busy>" }) })
      assert.strictEqual(yield* faultOf(yield* RawClient.send(url, routeToA)), "Server is locked & <busy>")
      assert.strictEqual(yield* holderOf(world), "vB")
      assert.deepStrictEqual(yield* returnsOf(yield* RawClient.send(url, routeToA)), ["true"])
    })
  )

  it.effect("SayFalse: a return of false, nothing is done", () =>
    Effect.gen(function* () {
      const { inject, url, world } = yield* simulator
      yield* inject({ operation, times: 1, fault: InjectedFault.SayFalse() })
      assert.deepStrictEqual(yield* returnsOf(yield* RawClient.send(url, routeToA)), ["false"])
      assert.strictEqual(yield* holderOf(world), "vB")
    })
  )

  it.effect("what is carried out under a fault obeys the rules: a refused routing changes nothing", () =>
    Effect.gen(function* () {
      const { inject, journal, url, world } = yield* simulator
      yield* RawClient.send(url, routeToA)
      yield* inject({ operation, fault: InjectedFault.Unavailable({ applied: true }) })
      yield* RawClient.send(url, routeToB)
      assert.strictEqual(yield* holderOf(world), "vA")
      assert.strictEqual((yield* journal.changesOf("198.51.100.4/32")).length, 1)
    })
  )
})

describe("a delay", () => {
  it.effect("before: the routing is done late, and answered then", () =>
    Effect.gen(function* () {
      const { awaitCall, inject, url, world } = yield* simulator
      yield* inject({ operation, delayBefore: "10 seconds" })
      const call = yield* Effect.forkChild(RawClient.send(url, routeToA))
      yield* awaitCall({ operation })
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(yield* holderOf(world), "vB")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* returnsOf(yield* Fiber.join(call)), ["true"])
      assert.strictEqual(yield* holderOf(world), "vA")
    })
  )

  it.effect("after: the routing is done at once, and answered late", () =>
    Effect.gen(function* () {
      const { awaitCall, inject, journal, url, world } = yield* simulator
      yield* inject({ operation, delayAfter: "10 seconds" })
      const call = yield* Effect.forkChild(RawClient.send(url, routeToA))
      const applied = yield* awaitCall({ operation, where: ({ appliedAt }) => appliedAt !== undefined })
      assert.strictEqual(applied.outcome._tag, "Pending")
      assert.strictEqual(yield* holderOf(world), "vA")
      yield* TestClock.adjust("9 seconds")
      assert.isUndefined(call.pollUnsafe())
      assert.deepStrictEqual((yield* journal.calls)[0]?.outcome._tag, "Pending")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* returnsOf(yield* Fiber.join(call)), ["true"])
    })
  )

  it.effect("comes before a fault too", () =>
    Effect.gen(function* () {
      const { awaitCall, inject, url, world } = yield* simulator
      yield* inject({
        operation,
        delayBefore: "2 seconds",
        delayAfter: "3 seconds",
        fault: InjectedFault.Reset({ applied: true })
      })
      const call = yield* Effect.forkChild(Effect.flip(RawClient.send(url, routeToA)))
      yield* awaitCall({ operation })
      yield* TestClock.adjust("2 seconds")
      yield* awaitCall({ operation, where: ({ appliedAt }) => appliedAt !== undefined })
      assert.strictEqual(yield* holderOf(world), "vA")
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* Fiber.join(call)).code, "ECONNRESET")
    })
  )

  it.effect("does not keep the routing from being done when the sender has gone meanwhile", () =>
    Effect.gen(function* () {
      const { awaitCall, inject, url, world } = yield* simulator
      yield* inject({ operation, delayBefore: "10 seconds" })
      const call = yield* Effect.forkChild(RawClient.send(url, routeToA))
      yield* awaitCall({ operation })
      yield* Fiber.interrupt(call)
      // One round trip, so that the simulator has surely seen the connection close.
      yield* RawClient.send(url, request("getVServers"))
      yield* TestClock.adjust("10 seconds")
      yield* awaitCall({ operation, where: ({ appliedAt }) => appliedAt !== undefined })
      assert.strictEqual(yield* holderOf(world), "vA")
    })
  )
})

describe("a rule", () => {
  const text = "injected"
  const refusing = (rule: InjectionRule) => ({ ...rule, fault: InjectedFault.Refuse({ text }) })
  const refused = (url: string, body: string) =>
    Effect.map(Effect.flatMap(RawClient.send(url, body), faultOf), (fault) => fault === text)

  const cases: ReadonlyArray<readonly [string, InjectionRule, string, string]> = [
    ["an operation", { operation: "getVServers" }, request("getVServers"), routeToA],
    ["a destination", { server: "vA" }, routeToA, routeToB],
    ["a server of a read", { server: "vA" }, request("getVServerIPs", ["vserverName", "vA"]), request("getVServers")],
    [
      "a server in the other spelling",
      { server: "vA" },
      request("getVServerInformation", ["vservername", "vA"]),
      request("getVServerInformation", ["vservername", "vB"])
    ],
    ["an account", { loginName: "12345" }, request("getVServers"), request("getVServers").replace("12345", "12346")],
    ["an address", { cidr: "2001:db8:f::7/64" }, route("2001:DB8:f::1", "64", "vA", macA), routeToA],
    [
      "all of its conditions",
      { operation, server: "vA", cidr: "198.51.100.4/32" },
      routeToA,
      route("2001:db8:f::1", "64", "vA", macA)
    ]
  ]
  for (const [what, rule, hit, miss] of cases) {
    it.effect(`matches by ${what}`, () =>
      Effect.gen(function* () {
        const { inject, url } = yield* simulator
        yield* inject(refusing(rule))
        assert.isFalse(yield* refused(url, miss))
        assert.isTrue(yield* refused(url, hit))
      })
    )
  }

  it.effect("without conditions matches every call", () =>
    Effect.gen(function* () {
      const { inject, url } = yield* simulator
      yield* inject(refusing({}))
      assert.isTrue(yield* refused(url, request("getVServers")))
      assert.isTrue(yield* refused(url, routeToA))
    })
  )

  it.effect("acts for as many calls as it says, calls that do not match not counted", () =>
    Effect.gen(function* () {
      const { inject, url } = yield* simulator
      yield* inject(refusing({ operation: "getVServers", times: 2 }))
      const bodies = [
        request("getVServers"),
        request("getVServerState", ["vserverName", "vA"]),
        request("getVServers"),
        request("getVServers")
      ]
      assert.deepStrictEqual(yield* Effect.forEach(bodies, (body) => refused(url, body)), [true, false, true, false])
    })
  )

  it.effect("acts until it is removed, and the next rule takes over", () =>
    Effect.gen(function* () {
      const { inject, url } = yield* simulator
      const first = yield* inject(refusing({}))
      const second = yield* inject({ fault: InjectedFault.EmptyError({ applied: false }) })
      const status = Effect.map(RawClient.send(url, request("getVServers")), ({ body }) => body === "")
      assert.deepStrictEqual(yield* Effect.replicateEffect(status, 3), [false, false, false])
      yield* first.remove
      assert.isTrue(yield* status)
      yield* second.remove
      assert.deepStrictEqual(yield* returnsOf(yield* RawClient.send(url, request("getVServers"))), ["vA", "vB"])
    })
  )
})

describe("the webservice going down", () => {
  it.effect("refuses connections, breaks those that are open, and comes back on the same port", () =>
    Effect.gen(function* () {
      const { awaitCall, inject, start, stop, url, world } = yield* simulator
      yield* inject({ operation, times: 1, delayBefore: "10 seconds" })
      const open = yield* Effect.forkChild(Effect.flip(RawClient.send(url, routeToA)))
      yield* awaitCall({ operation })
      yield* stop
      yield* stop
      assert.strictEqual((yield* Fiber.join(open)).code, "ECONNRESET")
      assert.strictEqual((yield* Effect.flip(RawClient.send(url, routeToA))).code, "ECONNREFUSED")
      yield* start
      yield* start
      assert.deepStrictEqual(yield* returnsOf(yield* RawClient.send(url, request("getVServers"))), ["vA", "vB"])
      yield* TestClock.adjust("10 seconds")
      yield* awaitCall({ operation, where: ({ appliedAt }) => appliedAt !== undefined })
      assert.strictEqual(yield* holderOf(world), "vA")
    })
  )

  it.effect("ends with its scope: the port is closed and what was delayed is never done", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { awaitCall, inject, url, world } = yield* Scope.provide(simulator, scope)
      yield* inject({ operation, delayBefore: "10 seconds" })
      const open = yield* Effect.forkChild(Effect.flip(RawClient.send(url, routeToA)))
      yield* awaitCall({ operation })
      yield* Scope.close(scope, Exit.void)
      yield* Fiber.join(open)
      assert.strictEqual((yield* Effect.flip(RawClient.send(url, routeToA))).code, "ECONNREFUSED")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* holderOf(world), "vB")
    })
  )
})
