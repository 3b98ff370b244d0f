import { assert, describe, it } from "@effect/vitest"
import * as NodeSignals from "@netcup-failover/controller/observe/NodeSignals"
import { NodeName } from "@netcup-failover/core/Candidate"
import { DetectionKey } from "@netcup-failover/core/detect/DetectionChoice"
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
  const signals = NodeSignals.make()
  const begun = yield* Clock.currentTimeNanos
  const told: Array<string> = []
  for (const state of states) {
    yield* Effect.provide(signals.note(state), Logger.layer([logger]))
    told.push(lines.splice(0).join())
    yield* TestClock.adjust("1 second")
  }
  const signal = signals.signalOf(name)
  return { told, signal: signal && { after: signal.at - begun, isLoss: signal.isLoss } }
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
      const signalOf = (...states: Parameters<typeof noting>) => Effect.map(noting(...states), ({ signal }) => signal)
      const labelled = node("True", { a: "b" })
      assert.isUndefined(yield* signalOf([node("True")], [node("True")]))
      assert.deepStrictEqual(yield* signalOf([node("True")], [labelled], [labelled]), { after: second, isLoss: false })
      assert.deepStrictEqual(yield* signalOf([node("False")], [node("True")]), { after: second, isLoss: false })
    })
  )

  it.effect("that is lost are at the first word of it, whatever comes after, until it is well again", () =>
    Effect.gen(function* () {
      const signalOf = (...states: Parameters<typeof noting>) => Effect.map(noting(...states), ({ signal }) => signal)
      const lost = { after: second, isLoss: true }
      const [well, failed, worse] = [node("True"), node("False"), node("Unknown", { a: "b" })]
      assert.deepStrictEqual(yield* signalOf([well], [failed], [failed], [worse], []), lost)
      assert.deepStrictEqual(yield* signalOf([well], [], []), lost)
      assert.deepStrictEqual(yield* signalOf([failed], [failed]), { after: 0n, isLoss: true })
      assert.deepStrictEqual(yield* signalOf([well], [failed], [well], [failed]), { after: 3n * second, isLoss: true })
    })
  )

  it.effect("of a node that was gone and is back begin anew when it fails", () =>
    Effect.gen(function* () {
      const [well, failed] = [node("True"), node("False")]
      const { signal } = yield* noting([well], [], [well], [well], [failed])
      assert.deepStrictEqual(signal, { after: 4n * second, isLoss: true })
    })
  )

  it.effect("of a node that joins before it is ready are no failure", () =>
    Effect.gen(function* () {
      const { told } = yield* noting([], [node(undefined)], [node("True")])
      assert.deepStrictEqual(told, ["", "", "node is healthy again"])
    })
  )

  it.effect("are by the verdicts of the groups that chose their own, of which nobody is told", () =>
    Effect.gen(function* () {
      const key = DetectionKey.make("mine")
      const of = (own: Verdict.Declared["ready"], chosen: Verdict.Declared["ready"]) => ({
        ...node(own),
        verdicts: new Map([[key, node(chosen).verdict]])
      })
      const lines: Array<unknown> = []
      const logger = Logger.make(({ message }) => lines.push(message))
      const signals = NodeSignals.make(key)
      const note = (one: ReturnType<typeof of>) => Effect.provide(signals.note([one]), Logger.layer([logger]))
      yield* note(of("True", "True"))
      yield* note(of("False", "True"))
      assert.isUndefined(signals.signalOf(name))
      yield* note(of("False", "False"))
      assert.isTrue(signals.signalOf(name)?.isLoss)
      assert.deepStrictEqual(lines, [])
    })
  )

  it.effect("of nodes that are long gone are forgotten", () =>
    Effect.gen(function* () {
      const signals = NodeSignals.make()
      yield* signals.note([node("True")])
      yield* signals.note([])
      yield* TestClock.adjust("59 minutes")
      yield* signals.note([])
      assert.isDefined(signals.signalOf(name))
      yield* TestClock.adjust("1 minute")
      yield* signals.note([])
      assert.isUndefined(signals.signalOf(name))
    })
  )
})
