/** Each fault as a client of REST sees it, and what it does to the world. */
import { assert, describe, it } from "@effect/vitest"
import { InjectedFault, type InjectionRule } from "@netcup-failover/testing/netcup/RestInjection"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import type { RawAnswer } from "./RawClient.ts"
import { holderOf, jsonOf, refresh, simulator } from "./RestHand.ts"

const isJson = ({ body }: RawAnswer) =>
  Option.isSome(Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))(body))

describe("a fault instead of the answer", () => {
  const faults: ReadonlyArray<
    readonly [string, (applied: boolean) => InjectedFault, (answer: RawAnswer, applied: boolean) => void]
  > = [
    [
      "Unavailable",
      (applied) => InjectedFault.Unavailable({ applied }),
      (answer) => {
        assert.deepStrictEqual([answer.status, answer.contentType], [503, "text/html"])
        assert.include(answer.body, "<html>")
      }
    ],
    [
      "EmptyError",
      (applied) => InjectedFault.EmptyError({ applied }),
      (answer) => assert.deepStrictEqual([answer.status, answer.body], [500, ""])
    ],
    [
      "Garbage",
      (applied) => InjectedFault.Garbage({ applied }),
      (answer) => {
        assert.strictEqual(answer.status, 200)
        assert.isFalse(isJson(answer))
      }
    ],
    [
      "Truncated",
      (applied) => InjectedFault.Truncated({ applied }),
      (answer, applied) => {
        assert.strictEqual(answer.status, applied ? 202 : 200)
        assert.include(answer.body, "uuid")
        assert.isFalse(isJson(answer))
      }
    ],
    [
      "Huge",
      (applied) => InjectedFault.Huge({ applied, bytes: 3_000_000 }),
      (answer) => {
        assert.strictEqual(answer.status, 200)
        assert.isAtLeast(answer.body.length, 3_000_000)
        assert.isUndefined(answer.contentLength)
        assert.isTrue(isJson(answer))
      }
    ],
    [
      "Status",
      (applied) => InjectedFault.Status({ applied, status: 429, headers: { "retry-after": "7" } }),
      (answer) => {
        assert.deepStrictEqual([answer.status, answer.headers["retry-after"]], [429, "7"])
        assert.deepStrictEqual(jsonOf(answer), { code: null, message: "Too Many Requests" })
      }
    ]
  ]
  for (const [name, fault, check] of faults) {
    for (const applied of [true, false]) {
      it.effect(`${name}: ${applied ? "the routing is done all the same" : "nothing is done"}`, () =>
        Effect.gen(function* () {
          const { inject, journal, route, tasks, world } = yield* simulator()
          yield* inject({ operation: "route", times: 1, fault: fault(applied) })
          const answer = yield* route(333_001, 111_002)
          check(answer, applied)
          assert.lengthOf(yield* tasks.all, applied ? 1 : 0)
          yield* TestClock.adjust("400 millis")
          yield* tasks.settled
          assert.strictEqual(yield* holderOf(world), applied ? "vB" : "vA")
          const [call] = yield* journal.callsOf("route")
          assert.deepStrictEqual(call?.outcome, { _tag: "Injected", fault: name })
          assert.strictEqual(call?.appliedAt, applied ? 400 : undefined)
          assert.strictEqual(call?.taskId !== undefined, applied)
          assert.strictEqual(call?.status, answer.status)
        })
      )
    }
  }

  for (const applied of [true, false]) {
    it.effect(`Reset: the connection breaks ${applied ? "after" : "before"} the task is started`, () =>
      Effect.gen(function* () {
        const { inject, journal, route, tasks } = yield* simulator()
        yield* inject({ operation: "route", times: 1, fault: InjectedFault.Reset({ applied }) })
        assert.strictEqual((yield* Effect.flip(route(333_001, 111_002))).code, "ECONNRESET")
        assert.lengthOf(yield* tasks.all, applied ? 1 : 0)
        const [call] = yield* journal.callsOf("route")
        assert.deepStrictEqual([call?.status, call?.outcome._tag], [undefined, "Injected"])
      })
    )

    it.effect(`Hang: no answer comes, the routing is ${applied ? "done" : "not done"}, others are served`, () =>
      Effect.gen(function* () {
        const { api, awaitCall, inject, route, world } = yield* simulator()
        yield* inject({ operation: "route", times: 1, fault: InjectedFault.Hang({ applied }) })
        const hanging = yield* Effect.forkChild(route(333_001, 111_002))
        yield* awaitCall({ operation: "route", where: ({ outcome }) => outcome._tag === "Injected" })
        yield* TestClock.adjust("1 day")
        if (applied) yield* awaitCall({ operation: "route", where: ({ appliedAt }) => appliedAt !== undefined })
        assert.strictEqual((yield* api("/ping")).status, 200)
        assert.isUndefined(hanging.pollUnsafe())
        assert.strictEqual(yield* holderOf(world), applied ? "vB" : "vA")
        yield* Fiber.interrupt(hanging)
      })
    )
  }

  for (const [what, fault, body] of [
    ["401 without a body", InjectedFault.Status({ status: 401 }), ""],
    ["403", InjectedFault.Status({ status: 403 }), '{"code":null,"message":"Forbidden"}'],
    ["any body", InjectedFault.Status({ status: 200, body: [{ id: "x" }] }), '[{"id":"x"}]'],
    ["null", InjectedFault.Status({ status: 404, body: null }), "null"]
  ] as const) {
    it.effect(`Status says ${what}, and nothing is done`, () =>
      Effect.gen(function* () {
        const { inject, route, tasks } = yield* simulator()
        yield* inject({ operation: "route", fault })
        const answer = yield* route(333_001, 111_002)
        assert.deepStrictEqual([answer.status, answer.body], [fault.status, body])
        assert.deepStrictEqual(yield* tasks.all, [])
      })
    )
  }
})

describe("which calls a rule matches", () => {
  const rules: ReadonlyArray<readonly [string, InjectionRule, ReadonlyArray<number>]> = [
    ["every call", {}, [500, 500, 500, 500]],
    ["an operation", { operation: "route" }, [500, 500, 200, 200]],
    ["an address, in any text", { cidr: "2001:DB8:F::77/64" }, [202, 500, 200, 200]],
    ["a destination, and calls about that server", { server: "vB" }, [500, 202, 500, 200]],
    ["another operation", { operation: "unroute" }, [202, 202, 200, 200]],
    ["an account", { loginName: "200000" }, [202, 202, 200, 200]],
    ["for as many calls as it is told", { times: 2 }, [500, 500, 200, 200]]
  ]
  for (const [what, rule, statuses] of rules) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const { api, inject, route } = yield* simulator()
        yield* inject({ ...rule, fault: InjectedFault.EmptyError({ applied: false }) })
        const answers = [
          yield* route(333_001, 111_002),
          yield* route(333_002, 111_001, "v6"),
          yield* api("/v1/servers/111002"),
          yield* api("/v1/tasks")
        ]
        assert.deepStrictEqual(
          answers.map(({ status }) => status),
          [...statuses]
        )
      })
    )
  }

  it.effect("the oldest rule acts, and after its removal the next", () =>
    Effect.gen(function* () {
      const { api, inject } = yield* simulator()
      const first = yield* inject({ fault: InjectedFault.Status({ status: 418 }) })
      yield* inject({ fault: InjectedFault.Status({ status: 451 }) })
      assert.strictEqual((yield* api("/v1/servers")).status, 418)
      yield* first.remove
      assert.strictEqual((yield* api("/v1/servers")).status, 451)
    })
  )
})

describe("delays", () => {
  it.effect("before: the call is carried out later, though its sender has left", () =>
    Effect.gen(function* () {
      const { awaitCall, inject, route, tasks, world } = yield* simulator()
      yield* inject({ operation: "route", delayBefore: "10 seconds" })
      const call = yield* Effect.forkChild(route(333_001, 111_002))
      yield* awaitCall({ operation: "route" })
      yield* Fiber.interrupt(call)
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual(yield* tasks.all, [])
      yield* TestClock.adjust("1 second")
      yield* awaitCall({ operation: "route", where: ({ taskId }) => taskId !== undefined })
      yield* TestClock.adjust("400 millis")
      yield* tasks.settled
      assert.strictEqual(yield* holderOf(world), "vB")
    })
  )

  it.effect("after: the task is over before its sender hears of it", () =>
    Effect.gen(function* () {
      const { awaitCall, inject, route } = yield* simulator()
      yield* inject({ operation: "route", delayAfter: "10 seconds" })
      const call = yield* Effect.forkChild(route(333_001, 111_002))
      yield* awaitCall({ operation: "route", where: ({ taskId }) => taskId !== undefined })
      yield* TestClock.adjust("9 seconds")
      assert.isUndefined(call.pollUnsafe())
      yield* awaitCall({ operation: "route", where: ({ appliedAt }) => appliedAt === 400 })
      yield* TestClock.adjust("1 second")
      const answer = yield* Fiber.join(call)
      assert.include(answer.body, '"state":"PENDING"')
    })
  )
})

describe("faults of the login server", () => {
  it.effect("a lost answer to a refresh has rotated the token when it was applied", () =>
    Effect.gen(function* () {
      const { inject, issuer, world } = yield* simulator()
      for (const [applied, status] of [
        [false, 200],
        [true, 400]
      ] as const) {
        const token = Redacted.value(yield* world.login("100000"))
        yield* inject({ operation: "token.refresh", times: 1, fault: InjectedFault.Reset({ applied }) })
        yield* Effect.flip(refresh(issuer, token))
        assert.strictEqual((yield* refresh(issuer, token)).status, status)
      }
    })
  )

  it.effect("statuses come with bodies of OAuth", () =>
    Effect.gen(function* () {
      const { inject, issuer, world } = yield* simulator()
      yield* inject({ operation: "token.refresh", loginName: "100000", fault: InjectedFault.Status({ status: 503 }) })
      const answer = yield* refresh(issuer, Redacted.value(yield* world.login("100000")))
      assert.strictEqual(answer.status, 503)
      assert.deepStrictEqual(jsonOf(answer), {
        error: "unknown_error",
        error_description: "Service Unavailable"
      })
      assert.strictEqual((yield* refresh(issuer, Redacted.value(yield* world.login("200000")))).status, 200)
    })
  )
})
