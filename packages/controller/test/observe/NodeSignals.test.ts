import { assert, describe, it } from "@effect/vitest"
import * as NodeSignals from "@netcup-failover/controller/observe/NodeSignals"
import { NodeName } from "@netcup-failover/core/Candidate"
import * as Verdict from "@netcup-failover/core/Verdict"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"

const name = NodeName.make("node-1")
const node = (ready: Verdict.Declared["ready"], labels = {}) => ({
  name,
  server: undefined,
  labels,
  verdict: Verdict.fromDeclared({ ready, deleting: false })
})

/** Notes one state of the cluster a second, and gives what was logged at each. */
const noting = Effect.fnUntraced(function* (...states: ReadonlyArray<ReadonlyArray<ReturnType<typeof node>>>) {
  const lines: Array<string> = []
  const logger = Logger.make(({ message }) => lines.push(`${Array.isArray(message) ? message[0] : message}`))
  const signals = yield* NodeSignals.make
  const begun = yield* Clock.currentTimeNanos
  const told: Array<string> = []
  for (const state of states) {
    yield* Effect.provide(signals.note(state), Logger.layer([logger]))
    told.push(lines.splice(0).join())
    yield* TestClock.adjust("1 second")
  }
  const at = signals.changedAt(name)
  return { told, changedAt: at === undefined ? undefined : at - begun }
})

const second = 1_000_000_000n

describe("the signals of a node", () => {
  it.effect("are told once: its failure, its recovery and its end", () =>
    Effect.gen(function* () {
      const { told } = yield* noting(
        [node("True")],
        [node("Unknown")],
        [node("Unknown")],
        [node("True")],
        [node("True")],
        [],
        []
      )
      assert.deepStrictEqual(told, ["", "node has failed", "", "node is healthy again", "", "node is gone", ""])
    })
  )

  it.effect("are at the time when it changed last, and not when it was only heard of again", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* noting([node("True")], [node("True")])).changedAt, undefined)
      assert.strictEqual((yield* noting([node("True")], [node("False")], [node("False")])).changedAt, second)
      assert.strictEqual((yield* noting([node("True")], [node("True")], [])).changedAt, 2n * second)
      assert.strictEqual((yield* noting([node("True")], [node("True", { a: "b" })])).changedAt, second)
    })
  )

  it.effect("of a node that joins before it is ready are no failure", () =>
    Effect.gen(function* () {
      const { told } = yield* noting([], [node(undefined)], [node("True")])
      assert.deepStrictEqual(told, ["", "", "node is healthy again"])
    })
  )

  it.effect("of nodes that are long gone are forgotten", () =>
    Effect.gen(function* () {
      const signals = yield* NodeSignals.make
      yield* signals.note([node("True")])
      yield* signals.note([])
      yield* TestClock.adjust("11 minutes")
      yield* signals.note([])
      assert.strictEqual(signals.changedAt(name), undefined)
    })
  )
})
