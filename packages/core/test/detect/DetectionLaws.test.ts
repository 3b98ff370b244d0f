import { assert, describe, it } from "@effect/vitest"
import { type Judged, judge } from "@netcup-failover/core/detect/Detection"
import { fold, none } from "@netcup-failover/core/detect/Evidence"
import { Signal } from "@netcup-failover/core/detect/Signal"
import { standard } from "@netcup-failover/core/detect/Thresholds"
import * as Arbitrary from "effect/Arbitrary"
import { oneOf } from "../Worlds.ts"
import { scripts, times } from "./Scripts.ts"
import * as Table from "./Table.ts"
import { everFailed, type Frame, name, run } from "./World.ts"

const often = (runs: number) => ({ arbitrary: { runs } })

const node = oneOf(name(1), name(2), name(3))
const declarations = oneOf(
  { ready: "True", deleting: false } as const,
  { ready: "True", deleting: false } as const,
  { ready: "Unknown", deleting: false } as const,
  { ready: "False", deleting: false } as const,
  { ready: "True", deleting: false, maintenance: "x" } as const
)

/** Any signals in any order: no world need be able to tell them. */
const noise = Arbitrary.map(
  Arbitrary.array(
    Arbitrary.all({
      wait: oneOf(0, 100, 900, 900, 900, 2_000, 2_900, 4_000, 20_000),
      what: oneOf(
        ...(["Unanswered", "Unanswered", "Unanswered", "Unanswered", "Heard", "Heard", "Answered"] as const),
        ...(["Renewed", "Lost", "Declared", "Down", "Running", "Gone"] as const)
      ),
      node,
      declared: declarations,
      took: oneOf(1_000, 1_000, 500, 3_500)
    }),
    { minLength: 20, maxLength: 80 }
  ),
  (told) => {
    const signals: Array<readonly [number, Signal]> = [1, 2, 3].flatMap((n) => [
      [0, Signal.Declared({ node: name(n), declared: { ready: "True", deleting: false } })] as const,
      [0, Signal.Renewed({ node: name(n) })] as const,
      [0, Signal.Answered({ node: name(n) })] as const
    ])
    let at = 0
    for (const { wait, what, node, declared, took } of told) {
      at += wait
      const signal = () => {
        switch (what) {
          case "Heard":
            return Signal.LeasesHeard()
          case "Lost":
            return Signal.LeasesLost()
          case "Down":
          case "Running":
            return Signal.Provider({ node, state: what, word: what })
          case "Unanswered":
            return Signal.Unanswered({ node, startedAt: at - took })
          case "Declared":
            return Signal.Declared({ node, declared })
          default:
            return Signal[what]({ node })
        }
      }
      signals.push([at, signal()])
    }
    return signals
  }
)

const hear = (signals: ReadonlyArray<readonly [number, Signal]>): ReadonlyArray<Frame> => {
  let [evidence, judged]: [typeof none, Judged | undefined] = [none, undefined]
  return signals.map(([at, signal]) => {
    const moment = { at, wall: at }
    evidence = fold(evidence, moment, signal)
    judged = judge(judged, evidence, { thresholds: standard, self: name(0) }, moment)
    return { moment, signal, judged }
  })
}

/** Each new conviction is by the table, and nothing stays convicted for longer than it takes to recover. */
const byTheTable = (frames: ReadonlyArray<Frame>) => {
  const record = frames.map(({ moment, signal }) => ({ at: moment.at, signal }))
  let before: Frame | undefined
  for (const [i, frame] of frames.entries()) {
    for (const [node, { state }] of frame.judged.verdicts) {
      const was = before?.judged.verdicts.get(node)?.state
      if (state !== "Failed") continue
      if (was !== "Failed") assert.isNotEmpty(Table.rows(record.slice(0, i + 1), node), `${node} at ${frame.moment.at}`)
      else if (frame.signal._tag === "Tick") {
        const recent = frames.findIndex(({ moment }) => moment.at > frame.moment.at - standard.recoveredAfter - 1_000)
        const isStill = record.some(
          (_, at) => at >= recent - 1 && at <= i && Table.rows(record.slice(0, at + 1), node).length > 0
        )
        assert.isTrue(isStill, `${node} at ${frame.moment.at}`)
      }
    }
    before = frame
  }
}

const all = ["power", "kubelet", "port", "api", "watch", "netcup", "cut", "freeze", "notReady"] as const

describe("detection", () => {
  it.prop(
    "never calls a node failed but by the table, in whatever world",
    [scripts(6, ...all)],
    ([script]) => byTheTable(run(script)),
    often(40)
  )

  it.prop(
    "never calls a node failed but by the table, whatever is heard",
    [noise],
    ([signals]) => byTheTable(hear(signals)),
    often(500)
  )

  it.prop(
    "does not let a node go that failed before it has recovered",
    [scripts(6, ...all), noise],
    ([script, signals]) => {
      for (const frames of [run(script), hear(signals)]) {
        const since = new Map<string, number>()
        let before: Frame | undefined
        for (const frame of frames) {
          for (const [node, { state }] of frame.judged.verdicts) {
            const was = before?.judged.verdicts.get(node)?.state
            if (state === "Failed" && was !== undefined && was !== "Failed") since.set(node, frame.moment.at)
            const failedAt = since.get(node)
            if (state === "Failed" || failedAt === undefined) continue
            since.delete(node)
            assert.isAtLeast(frame.moment.at - failedAt, standard.recoveredAfter, node)
          }
          for (const node of since.keys())
            if (![...frame.judged.verdicts.keys()].some((name) => name === node)) since.delete(node)
          before = frame
        }
      }
    },
    often(100)
  )

  it.prop(
    "fails no node that lives for a pause of our own process or of the API server, even if its port is dead",
    [scripts(4, "api", "freeze", "api", "freeze", "watch", "port")],
    ([script]) => assert.deepStrictEqual(everFailed(run(script)), []),
    often(150)
  )

  it.prop(
    "changes by time alone only when it said so",
    [noise, times(100, 60_000)],
    ([signals, wait]) => {
      let evidence = none
      for (const [at, signal] of signals) evidence = fold(evidence, { at, wall: at }, signal)
      const at = signals[signals.length - 1]?.[0] ?? 0
      const options = { thresholds: standard, self: name(0) }
      const now = judge(hear(signals).at(-1)?.judged, evidence, options, { at, wall: at })
      const later = Math.min(at + wait, (now.nextAt ?? Number.POSITIVE_INFINITY) - 1)
      const then = judge(now, evidence, options, { at: later, wall: later })
      assert.isTrue(now.nextAt === undefined || now.nextAt > at)
      assert.strictEqual(then.verdicts, now.verdicts)
      assert.strictEqual(then.suspects, now.suspects)
      assert.strictEqual(then.overdue, now.overdue)
      assert.strictEqual(then.nextAt, now.nextAt)
    },
    often(500)
  )
})
