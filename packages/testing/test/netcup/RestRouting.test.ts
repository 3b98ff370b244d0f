/** Routing by REST: a task, its life, and what it changes. */
import { assert, describe, it } from "@effect/vitest"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import * as SoapSimulator from "@netcup-failover/testing/netcup/SoapSimulator"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { request, returnsOf } from "./Handwritten.ts"
import * as RawClient from "./RawClient.ts"
import { accounts, expectError, holderOf, jsonOf, simulator, taskOf } from "./RestHand.ts"

const stateOf = (answer: RawClient.RawAnswer) => taskOf(answer).state

describe("a route", () => {
  it.effect("is a task that is pending, then running, then finished, and takes effect at its end", () =>
    Effect.gen(function* () {
      const { api, journal, route, world } = yield* simulator()
      const answer = yield* route(333_001, 111_002)
      assert.strictEqual(answer.status, 202)
      const { name, state, uuid } = taskOf(answer)
      assert.deepStrictEqual([name, state], ["RouteFailoverIpTask", "PENDING"])
      assert.deepInclude(jsonOf(answer), { finishedAt: null, responseError: null, result: {}, serverActionId: null })
      const states: Array<readonly [string, string | undefined]> = []
      for (const _ of [0, 1, 2, 3, 4]) {
        states.push([stateOf(yield* api(`/v1/tasks/${uuid}`)), yield* holderOf(world)])
        yield* TestClock.adjust("100 millis")
      }
      assert.deepStrictEqual(states, [
        ["PENDING", "vA"],
        ["RUNNING", "vA"],
        ["RUNNING", "vA"],
        ["RUNNING", "vA"],
        ["FINISHED", "vB"]
      ])
      const [change] = yield* journal.changesOf("203.0.113.4/32")
      assert.deepInclude(change, { operation: "route", server: "vB", taskId: uuid, receivedAt: 0, appliedAt: 400 })
    })
  )

  it.live("is done by the real clock, too", () =>
    Effect.gen(function* () {
      const { awaitCall, route, tasks, world } = yield* simulator({ taskDuration: "20 millis" })
      yield* route(333_001, 111_002)
      yield* tasks.settled
      yield* awaitCall({ operation: "route", where: ({ appliedAt }) => appliedAt !== undefined })
      assert.strictEqual(yield* holderOf(world), "vB")
    })
  )

  it.effect("shows in the list of addresses only when it is finished", () =>
    Effect.gen(function* () {
      const { api, route } = yield* simulator()
      const serverNow = Effect.map(api("/v1/users/555001/failoverips/v4?ip=203.0.113.4"), jsonOf)
      yield* route(333_001, 111_002)
      yield* TestClock.adjust("399 millis")
      assert.include(JSON.stringify(yield* serverNow), '"server":{"id":111001,"name":"vA"}')
      yield* TestClock.adjust("1 millis")
      assert.include(JSON.stringify(yield* serverNow), '"server":{"id":111002,"name":"vB"}')
    })
  )

  it.effect("without a server takes the route away", () =>
    Effect.gen(function* () {
      const { api, journal, route, world } = yield* simulator()
      const answer = yield* route(333_002, undefined, "v6")
      assert.deepStrictEqual([answer.status, taskOf(answer).name], [202, "ClearFailoverIpTask"])
      yield* TestClock.adjust("400 millis")
      assert.isUndefined(yield* holderOf(world, "2001:db8:f::/64"))
      const list = jsonOf(yield* api("/v1/users/555001/failoverips/v6"))
      assert.include(JSON.stringify(list), '"server":null')
      assert.deepStrictEqual(
        (yield* journal.callsOf("unroute")).map(({ server }) => server),
        [undefined]
      )
    })
  )

  it.effect("goes nowhere when the server goes before it is done", () =>
    Effect.gen(function* () {
      const { api, route, world } = yield* simulator()
      const { uuid } = taskOf(yield* route(333_001, 111_002))
      yield* world.removeServer("vB")
      yield* TestClock.adjust("400 millis")
      const task = yield* api(`/v1/tasks/${uuid}`)
      assert.strictEqual(stateOf(task), "ERROR")
      assert.deepInclude(jsonOf(task), { responseError: { code: null, message: "The server is gone." } })
      assert.strictEqual(yield* holderOf(world), "vA")
    })
  )

  it.effect("lives on when its sender and the whole API are gone", () =>
    Effect.gen(function* () {
      const { route, stop, tasks, world } = yield* simulator()
      yield* route(333_001, 111_002)
      yield* stop
      yield* TestClock.adjust("400 millis")
      yield* tasks.settled
      assert.strictEqual(yield* holderOf(world), "vB")
    })
  )
})

describe("refusals", () => {
  it.effect("a server of another site is 400, what is not there or somebody else's is 404", () =>
    Effect.gen(function* () {
      const { journal, route, tasks } = yield* simulator()
      expectError(yield* route(333_001, 111_003), 400)
      for (const [id, server, version] of [
        [333_001, 111_009, "v4"],
        [333_001, 42, "v4"],
        [333_009, 111_001, "v4"],
        [333_002, 111_001, "v4"],
        [333_001, 111_001, "v6"]
      ] as const) {
        assert.match(expectError(yield* route(id, server, version), 404), /^Entity \w+ with id \d+ not found\.$/u)
      }
      expectError(yield* route(333_004, 111_001), 403)
      assert.deepStrictEqual(yield* tasks.all, [])
      assert.isTrue((yield* journal.callsOf("route")).every(({ outcome }) => outcome._tag === "Refused"))
    })
  )
})

describe("cancelling", () => {
  const cancel = { method: "PUT" }

  it.effect("a task that is under way ends it without a change", () =>
    Effect.gen(function* () {
      const { api, route, world } = yield* simulator()
      const { uuid } = taskOf(yield* route(333_001, 111_002))
      yield* TestClock.adjust("200 millis")
      const answer = yield* api(`/v1/tasks/${uuid}:cancel`, cancel)
      assert.deepStrictEqual([answer.status, stateOf(answer)], [202, "WAITING_FOR_CANCEL"])
      assert.strictEqual(stateOf(yield* api(`/v1/tasks/${uuid}`)), "WAITING_FOR_CANCEL")
      assert.strictEqual((yield* api(`/v1/tasks/${uuid}:cancel`, cancel)).status, 202)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(stateOf(yield* api(`/v1/tasks/${uuid}`)), "CANCELED")
      assert.strictEqual(yield* holderOf(world), "vA")
    })
  )

  it.effect("a task that is over changes nothing and says nothing", () =>
    Effect.gen(function* () {
      const { api, route, world } = yield* simulator()
      const { uuid } = taskOf(yield* route(333_001, 111_002))
      yield* TestClock.adjust("400 millis")
      const answer = yield* api(`/v1/tasks/${uuid}:cancel`, cancel)
      assert.deepStrictEqual([answer.status, answer.body, answer.contentType], [204, "", ""])
      assert.strictEqual(yield* holderOf(world), "vB")
    })
  )
})

describe("together with SOAP", () => {
  it.effect("each sees what the other has changed", () =>
    Effect.gen(function* () {
      const world = yield* NetcupWorld.make(accounts)
      const soap = yield* SoapSimulator.make({ world })
      const { api, login, route } = yield* simulator({ world })
      const asked = (name: string, ...parameters: ReadonlyArray<readonly [string, string]>) =>
        RawClient.send(soap.url, request(name, ...parameters).replace("12345", "100000"))
      yield* route(333_001, 111_002)
      yield* TestClock.adjust("400 millis")
      const ips = yield* returnsOf(yield* asked("getVServerIPs", ["vserverName", "vB"]))
      assert.deepStrictEqual(ips, ["198.51.100.2", "203.0.113.4"])
      const toC = asked(
        "changeIPRouting",
        ["routedIP", "203.0.113.4"],
        ["routedMask", "32"],
        ["destinationVserverName", "vC"],
        ["destinationInterfaceMAC", "02:00:00:00:00:0c"]
      )
      assert.include((yield* toC).body, "once every 5 minutes")
      yield* TestClock.adjust("5 minutes")
      assert.notInclude((yield* toC).body, "Fault")
      const token = yield* login
      const list = jsonOf(yield* api("/v1/users/555001/failoverips/v4?serverId=111003", { token }))
      assert.include(JSON.stringify(list), '"ip":"203.0.113.4"')
    })
  )
})
