import { assert, describe, it } from "@effect/vitest"
import type { NodeName } from "@netcup-failover/core/Candidate"
import { renderSign } from "@netcup-failover/core/Verdict"
import { oneOf } from "../Worlds.ts"
import { times } from "./Scripts.ts"
import { type Deed, everFailed, type Frame, firstAt, name, run, type Script, verdictOf } from "./World.ts"

const at = (time: number, deed: Deed) => [time, deed] as const

/**
 * All ways to cut the others from the first node, which is ours. Into how many blocks they fall matters to nobody who hears one block:
 * a node behind the cut renews where the API server is, and where that is with us only we hear of it.
 */
const cuts = (nodes: number): ReadonlyArray<ReadonlyArray<number>> =>
  Array.from({ length: 2 ** (nodes - 1) - 1 }, (_, mask) =>
    Array.from({ length: nodes }, (_, n) => (n > 0 && ((mask + 1) >> (n - 1)) % 2 === 1 ? 1 : 0))
  )

const partition = (blocks: ReadonlyArray<number>, api: number, more: Partial<Script> = {}): ReadonlyArray<Frame> =>
  run({
    nodes: blocks.length,
    lasts: 110_000,
    deeds: [at(15_000, { do: "cut", blocks, api }), at(85_000, { do: "cut", blocks: blocks.map(() => 0), api: 0 })],
    ...more
  })

const isWell = (frames: ReadonlyArray<Frame>) =>
  [...(frames.at(-1)?.judged.verdicts.values() ?? [])].every(({ state }) => state === "Healthy")

describe("detection in a partition", () => {
  for (const nodes of [2, 3, 4, 5, 6, 7]) {
    for (const self of ["known", "unknown"] as const) {
      it(`of ${nodes} nodes fails none where most others are cut off, and else those; our own is ${self}`, () => {
        for (const blocks of cuts(nodes)) {
          const frames = partition(blocks, 0, { self })
          const cut: ReadonlyArray<NodeName> = blocks.flatMap((block, n) => (block === 1 ? [name(n)] : []))
          const isHeld = cut.length > (nodes - 1) / 2
          if (nodes > 2) assert.sameMembers([...everFailed(frames)], isHeld ? [] : [...cut], blocks.join())
          // The one other node: by Ready=Unknown alone.
          else assert.isAtLeast(firstAt(frames, 1, "Failed") ?? 0, 60_000)
          assert.isTrue(isWell(frames), blocks.join())
        }
      })

      it(`of ${nodes} nodes fails none where the API server is cut off; our own is ${self}`, () => {
        for (const blocks of cuts(nodes)) {
          const frames = partition(blocks, 1, { self })
          assert.deepStrictEqual(everFailed(frames), [], blocks.join())
          assert.isTrue(isWell(frames), blocks.join())
        }
      })
    }
  }
})

const off = (node: number): Deed => ({ do: "power", node, on: false })

describe("detection of a node without power", () => {
  const size = oneOf(3, 4, 5, 7)
  const phases = (phase: number) => [0, phase, 2_300, 4_700, 6_100, 7_900, 9_100]

  it.prop(
    "fails it 15 s after its last heartbeat, or as soon as silence is long enough, and no other",
    [size, times(0, 10_000), times(15_000, 30_000)],
    ([nodes, phase, death]) => {
      const frames = run({
        nodes,
        lasts: 60_000,
        phases: phases(phase),
        deeds: [at(0, { do: "netcup", on: false }), at(death, off(1))]
      })
      const beats = frames.filter(({ signal }) => signal._tag === "Renewed" && signal.node === name(1))
      const due = Math.max((beats.at(-1)?.moment.at ?? 0) + 15_000, death + 6_500)
      assert.deepStrictEqual(everFailed(frames), [name(1)])
      assert.isAtMost(firstAt(frames, 1, "Failed") ?? Number.POSITIVE_INFINITY, due + 1_500)
    },
    { arbitrary: { runs: 60 } }
  )

  it.prop(
    "fails it within 5 s where netcup says so, whatever else is lost",
    [oneOf(2, 3, 5), times(0, 10_000), times(15_000, 30_000), oneOf(1, 2)],
    ([nodes, phase, death, dead]) => {
      const deaths = [1, 2].slice(0, dead).map((node) => at(death, off(node)))
      const frames = run({ nodes, lasts: 40_000, phases: phases(phase), deeds: deaths })
      assert.isAtMost(firstAt(frames, 1, "Failed") ?? Number.POSITIVE_INFINITY, death + 5_100)
    },
    { arbitrary: { runs: 60 } }
  )

  it("fails the one other node by what netcup says, or else by Ready=Unknown", () => {
    const script = { nodes: 2, lasts: 120_000, deeds: [at(20_000, off(1))] }
    assert.isAtMost(firstAt(run(script), 1, "Failed") ?? 0, 25_100)
    const alone = run({ ...script, deeds: [at(0, { do: "netcup", on: false }), ...script.deeds] })
    assert.isAtLeast(firstAt(alone, 1, "Failed") ?? 0, 60_000)
  })

  it("says what speaks against it", () => {
    const frames = run({ nodes: 3, lasts: 45_000, deeds: [at(20_000, off(1))] })
    const last = frames.at(-1)
    const verdict = last && verdictOf(last, 1)
    assert.deepStrictEqual(verdict?.reasons.map(renderSign), [
      "has not renewed its Lease since 12:00:11Z",
      "has not answered since 12:00:20Z",
      "is a server that netcup calls offline since 12:00:24Z"
    ])
  })
})
