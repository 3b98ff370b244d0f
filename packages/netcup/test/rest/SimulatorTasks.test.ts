/**
 * Tasks and limits that last, against the simulated API.
 */
import { assert, describe, it } from "@effect/vitest"
import { RestCredentials } from "@netcup-failover/netcup/Credentials"
import * as FailoverRoutingRest from "@netcup-failover/netcup/rest/FailoverRoutingRest"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import { InjectedFault } from "@netcup-failover/testing/netcup/RestInjection"
import * as RestSimulator from "@netcup-failover/testing/netcup/RestSimulator"
import { TaskFault } from "@netcup-failover/testing/netcup/RestTasks"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { accounts, all, ipv4Address, ipv6Address, serverA, serverD } from "../contract/Accounts.ts"
import { world as services } from "./Endpoint.ts"

const { loginName } = accounts[0]

const start = (options: RestSimulator.RestSimulatorOptions = {}) =>
  Effect.gen(function* () {
    const world = yield* NetcupWorld.make(accounts)
    const simulator = yield* RestSimulator.make({ world, taskDuration: "60 millis", ...options })
    const routing = yield* FailoverRoutingRest.make(
      new RestCredentials({ refreshToken: yield* world.login(loginName) }),
      {
        url: simulator.url,
        login: { issuer: simulator.issuer },
        retryDelay: "1 millis",
        taskPoll: { first: "5 millis", longest: "20 millis" },
        taskTimeout: "300 millis"
      }
    )
    return { ...simulator, routing, changes: simulator.journal.callsOf("route") }
  }).pipe(Effect.provide(services))

const where = (world: NetcupWorld.NetcupWorld) => Effect.map(world.routes, (routes) => routes.get(ipv4Address.prefix))

describe("a routing task at the simulated API", () => {
  it.live("is accepted long before the address is there, and the route ends when it is", () =>
    Effect.gen(function* () {
      const { inject, routing, tasks, world } = yield* start()
      yield* routing.prepare(serverD)
      yield* inject({ operation: "route", task: TaskFault.Hold({ at: "RUNNING" }) })
      const route = yield* Effect.forkChild(routing.route(ipv4Address, serverD))
      yield* Effect.sleep("100 millis")
      assert.isUndefined(route.pollUnsafe())
      assert.strictEqual(yield* where(world), serverA)
      assert.strictEqual((yield* routing.routes(all)).held.get(ipv4Address.prefix), serverA)
      yield* tasks.release()
      yield* Fiber.join(route)
      assert.strictEqual(yield* where(world), serverD)
    })
  )

  it.live("that is not over in time may still move the address: UnknownOutcome, with the task that does it", () =>
    Effect.gen(function* () {
      const { changes, inject, routing, tasks, world } = yield* start()
      yield* inject({ operation: "route", task: TaskFault.Hold({ at: "PENDING" }) })
      const { reason } = yield* Effect.flip(routing.route(ipv4Address, serverD))
      const [change, ...others] = yield* changes
      assert.strictEqual(others.length, 0)
      assert.isDefined(change?.taskId)
      assert.deepInclude({ ...reason }, { _tag: "UnknownOutcome", taskId: change?.taskId })
      assert.strictEqual(yield* where(world), serverA)
      yield* tasks.release()
      yield* tasks.settled
      assert.strictEqual(yield* where(world), serverD)
    })
  )

  it.live("is followed through an outage of the API", () =>
    Effect.gen(function* () {
      const { inject, routing, world } = yield* start()
      yield* routing.prepare(serverD)
      yield* inject({ operation: "task", times: 4, fault: InjectedFault.Reset({ applied: false }) })
      yield* routing.route(ipv4Address, serverD)
      assert.strictEqual(yield* where(world), serverD)
    })
  )

  for (const state of ["ERROR", "CANCELED", "ROLLBACK"] as const) {
    it.live(`that ends as ${state} has moved nothing`, () =>
      Effect.gen(function* () {
        const { changes, inject, routing, world } = yield* start()
        yield* inject({ operation: "route", task: TaskFault.End({ state, message: "The target is locked." }) })
        const { message, reason } = yield* Effect.flip(routing.route(ipv4Address, serverD))
        assert.deepInclude({ ...reason }, { _tag: "TaskFailed", state })
        assert.strictEqual(reason._tag === "TaskFailed" && reason.taskId, (yield* changes)[0]?.taskId)
        assert.strictEqual(message, "The target is locked.")
        assert.strictEqual(yield* where(world), serverA)
        assert.strictEqual((yield* changes).length, 1)
      })
    )
  }

  it.live("of somebody else is waited for before routes are asked", () =>
    Effect.gen(function* () {
      const { routing, tasks } = yield* start()
      yield* tasks.startByPanel({ cidr: "198.51.100.104/32", server: serverD, duration: "150 millis" })
      assert.strictEqual((yield* routing.routes(all)).held.get(ipv4Address.prefix), serverA)
      yield* routing.settled
      assert.strictEqual((yield* routing.routes(all)).held.get(ipv4Address.prefix), serverD)
      assert.strictEqual((yield* routing.recentChanges).length, 1)
    })
  )
})

describe("netcup's limit at the simulated API", () => {
  for (const retryAfter of [true, false]) {
    it.live(`is ten in five minutes, by whomever, and ${retryAfter ? "says" : "does not say"} when it ends`, () =>
      Effect.gen(function* () {
        const { changes, routing, tasks, world } = yield* start({ retryAfter })
        for (let i = 0; i < 9; i++) {
          yield* tasks.startByPanel({ cidr: "2001:db8:f::/64", server: serverD, age: "2 minutes" })
        }
        yield* routing.route(ipv4Address, serverD)
        const { reason } = yield* Effect.flip(routing.route(ipv6Address, serverD))
        const now = yield* Clock.currentTimeMillis
        assert.strictEqual(reason._tag, "RateLimited")
        const retryAt = reason._tag === "RateLimited" ? reason.retryAt : undefined
        if (retryAfter) assert.approximately(retryAt ?? 0, now + 180_000, 20_000)
        else assert.isUndefined(retryAt)
        assert.strictEqual((yield* changes).length, 2)
        assert.strictEqual((yield* routing.recentChanges).length, 10)
        assert.strictEqual(yield* where(world), serverD)
      })
    )
  }
})
