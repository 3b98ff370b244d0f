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

  it.effect("that is lost have what convicted it, each sign since it was first seen", () =>
    Effect.gen(function* () {
      const signals = NodeSignals.make()
      const at = (state: Verdict.Verdict["state"], ...reasons: ReadonlyArray<Verdict.Sign>) => [
        { ...node("True"), verdict: { state, reasons, changesAt: undefined } }
      ]
      const stale = Verdict.Sign.LeaseStale({ since: 400 })
      const note = (nodes: ReturnType<typeof at>) => Effect.andThen(signals.note(nodes), TestClock.adjust("1 second"))
      yield* note(at("Healthy"))
      yield* note(at("Suspect", Verdict.Sign.Silent()))
      yield* note(at("Failed", Verdict.Sign.Draining(), Verdict.Sign.Silent(), stale))
      // What comes later did not convict it.
      yield* note(at("Failed", Verdict.Sign.Deleting(), Verdict.Sign.Draining(), stale))
      const { signs = [], ...signal } = signals.signalOf(name) ?? {}
      assert.deepStrictEqual(
        signs.map(({ sign, since }) => [sign, since]),
        [
          ["Draining", 2_000],
          ["Silent", 1_000],
          ["LeaseStale", 400]
        ]
      )
      assert.deepInclude(signal, { isLoss: true, at: 2n * second })
      assert.deepStrictEqual(NodeSignals.detectionOf({ at: 2n * second, heardAt: 7, isLoss: true, signs }), {
        at: 7,
        took: 1_600
      })
      yield* note(at("Healthy"))
      assert.deepInclude(signals.signalOf(name), { isLoss: false, signs: [] })
      yield* signals.note([])
      assert.deepStrictEqual(
        signals.signalOf(name)?.signs.map(({ sign, since }) => [sign, since]),
        [["Gone", 5_000]]
      )
    })
  )

  it.effect("have a turn when the node fails before our eyes, and when it is back", () =>
    Effect.gen(function* () {
      const turnAfter = Effect.fnUntraced(function* (...states: ReadonlyArray<Verdict.Declared["ready"] | "Gone">) {
        const signals = NodeSignals.make()
        for (const ready of states) {
          yield* signals.note(ready === "Gone" ? [] : [node(ready)])
          yield* TestClock.adjust("1 second")
        }
        const turn = signals.turnOf(name)
        return turn && [turn.isFailed, turn.heardAt - turn.failedAt, turn.signs.map(({ sign }) => sign)]
      })
      assert.isUndefined(yield* turnAfter("True"))
      assert.isUndefined(yield* turnAfter("Unknown"))
      assert.isUndefined(yield* turnAfter("True", "False", "Gone"))
      // It joins.
      assert.isUndefined(yield* turnAfter(undefined, "False", "True"))
      assert.deepStrictEqual(yield* turnAfter("True", "False", "Unknown"), [true, 0, ["NotReady"]])
      assert.deepStrictEqual(yield* turnAfter("True", "False", "Unknown", "True"), [false, 2_000, []])
      // Who starts while it is down did not see it fail, but it did.
      assert.deepStrictEqual(yield* turnAfter("Unknown", "True"), [false, 1_000, []])
      assert.deepStrictEqual(yield* turnAfter("False", "Unknown", "True"), [false, 1_000, []])
    })
  )

  it.effect("tell once that the guard begins to hold, and once that it ends, of which nodes", () =>
    Effect.gen(function* () {
      const told: Array<unknown> = []
      const logger = Logger.make(({ message }) => told.push(message))
      const signals = NodeSignals.make()
      const one = (n: number, guarded: boolean) => {
        const verdict: Verdict.Verdict = { state: "Suspect", reasons: [Verdict.Sign.Silent()], changesAt: undefined }
        return {
          ...node("Unknown"),
          name: NodeName.make(`node-${n}`),
          verdict: guarded ? { ...verdict, guarded } : verdict
        }
      }
      const note = (...held: ReadonlyArray<boolean>) =>
        Effect.provide(signals.note(held.map((guarded, i) => one(i, guarded))), Logger.layer([logger]))
      yield* note(false, false, false)
      yield* note(true, true, false)
      yield* note(true, true, false)
      yield* note(false, true, true)
      yield* note(false, false, false)
      yield* note(false, false, false)
      const begin =
        "the guard holds: nodes are not taken for failed, since it may be our own trouble or the API server's"
      assert.deepStrictEqual(told, [
        [begin, { nodes: "node-0, node-1" }],
        ["the guard holds no longer", { nodes: "node-0, node-1, node-2" }]
      ])
      yield* note(true, false, false)
      assert.lengthOf(told, 3)
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
