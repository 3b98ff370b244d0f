import { assert, describe, it } from "@effect/vitest"
import type { NodeName } from "@netcup-failover/core/Candidate"
import * as Workload from "@netcup-failover/core/Workload"
import * as Arbitrary from "effect/Arbitrary"
import { node, oneOf } from "./Worlds.ts"

const often = { arbitrary: { runs: 500 } }
const times: Workload.Times = { readyAfter: 5, unreadyAfter: 10, replacedAfter: 60, standstill: 3 }

type State = "gone" | "ready" | "unready" | "deleting" | "daemon ready" | "daemon unready" | "daemon deleting"
const states = oneOf<State>("ready", "unready", "gone", "deleting", "daemon ready", "daemon unready", "daemon deleting")

const pod = (n: number, state: State): ReadonlyArray<Workload.Pod> => {
  if (state === "gone") return []
  const daemon = state.startsWith("daemon")
  const ready = state.endsWith(" ready") || state === "ready"
  return [{ name: `pod-${n}`, node: node(n), ready, deleting: state.endsWith("deleting"), daemon }]
}

/** What three nodes' Pods are from a moment on. */
interface Scene {
  readonly at: number
  readonly pods: ReadonlyArray<Workload.Pod>
  readonly states: ReadonlyArray<State>
}

const histories: Arbitrary.Arbitrary<ReadonlyArray<Scene>> = Arbitrary.map(
  Arbitrary.array(
    Arbitrary.all({ after: oneOf(1, 2, 4, 6, 9, 11, 61), states: Arbitrary.all([states, states, states]) }),
    { minLength: 1, maxLength: 12 }
  ),
  (steps) => {
    let at = 0
    return steps.map(({ after, states: now }) => {
      at += after
      return { at, states: now, pods: now.flatMap((state, i) => pod(i + 1, state)) }
    })
  }
)

interface Shot {
  readonly at: number
  readonly memory: Workload.Memory
  readonly scene: Scene
}

/** Looks at each scene when it begins, and whenever it is due; and each millisecond, if asked for. */
const play = (history: ReadonlyArray<Scene>, eager = false): ReadonlyArray<Shot> => {
  const shots: Array<Shot> = []
  for (const [i, scene] of history.entries()) {
    const end = history[i + 1]?.at ?? scene.at + 200
    for (let at = scene.at; at < end; at++) {
      const before = shots.at(-1)?.memory
      const isDue = at === scene.at || (before?.changesAt !== undefined && at >= before.changesAt)
      if (isDue || eager)
        shots.push({ at, scene, memory: Workload.look(before, scene.pods, { now: at, isLive: true }, times) })
    }
  }
  return shots
}

const servingAt = (shots: ReadonlyArray<Shot>, at: number): ReadonlyArray<NodeName> =>
  [...(shots.findLast((shot) => shot.at <= at)?.memory.serving ?? [])].sort()

const isUp = ({ states: all }: Scene, n: number): boolean =>
  all[n - 1]?.endsWith("ready") === true && !all[n - 1]?.endsWith("unready")

describe("where a workload serves", () => {
  it.prop(
    "is told the same however often one looks, and one need not look before it says so",
    [histories],
    ([history]) => {
      const [lazy, eager] = [play(history), play(history, true)]
      const last = (history.at(-1)?.at ?? 0) + 199
      for (let at = history[0]?.at ?? 0; at <= last; at++)
        assert.deepStrictEqual(servingAt(lazy, at), servingAt(eager, at), `at ${at}`)
    },
    { arbitrary: { runs: 100 } }
  )

  it.prop(
    "a node goes out only after it had no ready Pod for as long as was asked for, and comes in only with one",
    [histories],
    ([history]) => {
      const shots = play(history, true)
      for (const n of [1, 2, 3]) {
        let lostAt: number | undefined
        let was = false
        for (const { at, memory, scene } of shots) {
          lostAt = isUp(scene, n) ? undefined : (lostAt ?? at)
          const is = memory.serving.has(node(n))
          if (was && !is) assert.isAtLeast(at - (lostAt ?? at), times.unreadyAfter, `n${n} out at ${at}`)
          if (!was && is) assert.isTrue(isUp(scene, n), `n${n} in at ${at}`)
          if (is && lostAt !== undefined) assert.isBelow(at - lostAt, times.replacedAfter, `n${n} still in at ${at}`)
          was = is
        }
      }
    },
    often
  )

  it.prop(
    "is nowhere only if no Pod is ready, and a Pod that stays ready counts in the end",
    [histories],
    ([history]) => {
      const shots = play(history)
      for (const { memory, scene } of shots) {
        if (memory.serving.size === 0) assert.isFalse([1, 2, 3].some((n) => isUp(scene, n)))
      }
      const last = shots.at(-1)
      for (const n of [1, 2, 3])
        assert.strictEqual(last?.memory.serving.has(node(n)), last !== undefined && isUp(last.scene, n))
      assert.isUndefined(last?.memory.changesAt)
    },
    often
  )

  const run = (...steps: ReadonlyArray<readonly [at: number, one: State, other: State, isLive?: boolean]>) => {
    let memory: Workload.Memory | undefined
    for (const [now, one, other, isLive = true] of steps)
      memory = Workload.look(memory, [...pod(1, one), ...pod(2, other)], { now, isLive }, times)
    return memory === undefined ? [] : [...memory.serving].sort()
  }

  it("counts at once what is ready at first, and one that becomes ready where no other is", () => {
    assert.deepStrictEqual(run([0, "ready", "ready"]), [node(1), node(2)])
    assert.deepStrictEqual(run([0, "unready", "gone"], [1, "unready", "ready"]), [node(2)])
    assert.deepStrictEqual(run([0, "ready", "unready"], [1, "ready", "ready"]), [node(1)])
    assert.deepStrictEqual(run([0, "ready", "unready"], [1, "ready", "ready"], [6, "ready", "ready"]), [
      node(1),
      node(2)
    ])
  })

  it("waits longer where a DaemonSet's Pod is replaced, and not where another's is deleted", () => {
    for (const [up, gone] of [
      ["daemon ready", "daemon deleting"],
      ["daemon ready", "gone"]
    ] as const) {
      const start = [0, up, "ready"] as const
      assert.deepStrictEqual(
        run(start, [1, gone, "ready"], [4, "daemon unready", "ready"], [11, "daemon unready", "ready"]),
        [node(1), node(2)]
      )
      assert.deepStrictEqual(run(start, [1, gone, "ready"], [61, "daemon unready", "ready"]), [node(2)])
    }
    for (const state of ["deleting", "gone", "daemon unready"] as const) {
      const up = state === "daemon unready" ? "daemon ready" : "ready"
      assert.deepStrictEqual(run([0, up, "ready"], [1, state, "ready"], [11, state, "ready"]), [node(2)])
    }
  })

  it("counts no time in which the watch was down, or this process stood still", () => {
    const lost = [
      [0, "ready", "ready"],
      [1, "unready", "ready"]
    ] as const
    // It is late by more than a standstill: ten more pass from then on.
    assert.deepStrictEqual(run(...lost, [100, "unready", "ready"]), [node(1), node(2)])
    assert.deepStrictEqual(run(...lost, [100, "unready", "ready"], [110, "unready", "ready"]), [node(2)])
    assert.deepStrictEqual(run(...lost, [11, "unready", "ready"]), [node(2)])
    const away = [...lost, [5, "unready", "ready", false], [12, "unready", "ready", false]] as const
    assert.deepStrictEqual(run(...away), [node(1), node(2)])
    assert.deepStrictEqual(run(...away, [14, "unready", "ready"]), [node(1), node(2)])
    assert.deepStrictEqual(run(...away, [14, "unready", "ready"], [24, "unready", "ready"]), [node(2)])
  })
})
