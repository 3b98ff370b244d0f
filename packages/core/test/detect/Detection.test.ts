import { assert, describe, it } from "@effect/vitest"
import { standard } from "@netcup-failover/core/detect/Thresholds"
import type { Declared } from "@netcup-failover/core/Verdict"
import {
  a,
  answered,
  b,
  blank,
  c,
  d,
  declared,
  epoch,
  forbidden,
  heard,
  lost,
  renewed,
  retargeted,
  type Story,
  says,
  unanswered,
  well
} from "./Story.ts"

const nodes = [a, b, c, d]
const staleText = "has not renewed its Lease since 12:00:00Z"
const silentFrom = (text: string) => `has not answered since 12:00:${text}Z`

/** All but `b` renew at that second, and the watch proves that this is all. */
const others = (story: Story, seconds: number) => story.at(seconds, renewed(a), renewed(c), renewed(d), heard)

describe("a node", () => {
  it("is healthy while it is ready, renews and answers", () => {
    const story = well(nodes)
    for (const node of nodes) assert.strictEqual(story.of(node), "Healthy")
    assert.deepStrictEqual([story.judged.suspects.size, story.judged.overdue.size], [0, 0])
  })

  const declarations: ReadonlyArray<readonly [string, Partial<Declared>, string]> = [
    ["is not ready", { ready: "False" }, "is not ready"],
    ["is being deleted", { deleting: true }, "is being deleted"],
    ["is out of service", { outOfService: ["x"] }, "is out of service (taint x)"],
    ["is in maintenance", { maintenance: "new disk" }, "is in maintenance (new disk)"],
    ["is being drained", { draining: true }, "is being drained"],
    ["is not heard of by the cluster", { ready: "Unknown" }, "is silent (Ready=Unknown)"]
  ]
  for (const [what, more, text] of declarations) {
    it(`has failed as soon as it ${what}`, () => {
      assert.strictEqual(well(nodes).at(1, declared(b, more)).of(b), `Failed, ${text}`)
    })
  }

  it("is asked about only if nothing that is declared explains what is missing", () => {
    const asked = (more: Partial<Declared>) =>
      well(nodes).at(1, declared(b, more)).silent(b, 1, 3).judged.suspects.has(b)
    assert.isTrue(asked({}))
    assert.isTrue(asked({ ready: "Unknown" }))
    assert.isFalse(asked({ ready: "False" }))
    assert.isFalse(asked({ maintenance: "x", ready: "Unknown" }))
  })

  it("is suspect from its second connect without an answer on, and well with the next answer", () => {
    const one = well(nodes).silent(b, 1, 2)
    assert.strictEqual(one.of(b), "Healthy")
    assert.isFalse(one.judged.suspects.has(b))
    const two = one.silent(b, 2, 3)
    assert.strictEqual(two.of(b), `Suspect, ${silentFrom("01")}`)
    assert.isTrue(two.judged.suspects.has(b))
    assert.strictEqual(two.at(4, answered(b)).of(b), "Healthy")
  })

  it("never fails for silence alone, however long", () => {
    let story = well(nodes)
    for (let time = 10; time <= 120; time += 10)
      story = story.silent(b, time - 10, time - 1).at(time, ...nodes.map(renewed), heard)
    assert.strictEqual(story.of(b), `Suspect, ${silentFrom("00")}`)
  })

  it("never fails for a stale Lease alone, however long", () => {
    let story = well(nodes)
    for (let time = 10; time <= 120; time += 10) story = others(story, time).at(time + 1, answered(b))
    assert.strictEqual(story.of(b), `Suspect, ${staleText}`)
    assert.isTrue(story.judged.suspects.has(b))
  })

  it("fails when its Lease is stale and it is silent, as soon as both are so", () => {
    const silent = others(well(nodes), 8).silent(b, 8, 14)
    assert.strictEqual(silent.of(b), `Suspect, ${silentFrom("08")}`)
    assert.strictEqual(silent.at(15, heard).of(b), `Failed, ${staleText}, ${silentFrom("08")}`)

    const stale = others(others(well(nodes), 8), 16).silent(b, 16, 20)
    assert.strictEqual(stale.of(b), `Suspect, ${staleText}, ${silentFrom("16")}`)
    assert.strictEqual(stale.silent(b, 20, 21).of(b), `Failed, ${staleText}, ${silentFrom("16")}`)
  })

  it("fails at once when netcup calls its server down, if it does not answer, renew or report", () => {
    const down = "is a server that netcup calls offline since 12:00"
    const silent = well(nodes).silent(b, 1, 3)
    assert.strictEqual(silent.at(3, says(b, "Down")).of(b), `Failed, ${silentFrom("01")}, ${down}:03Z`)
    const stale = others(others(well(nodes), 8), 16)
    assert.strictEqual(stale.at(16, says(b, "Down")).of(b), `Failed, ${staleText}, ${down}:16Z`)
    const healthy = well(nodes).silent(b, 1, 2)
    assert.strictEqual(healthy.at(3, says(b, "Down")).of(b), "Healthy")
  })

  it("is none the worse for what netcup says otherwise, or cannot say", () => {
    const silent = well(nodes).silent(b, 1, 3)
    for (const state of ["Running", "Unknown"] as const)
      assert.strictEqual(silent.at(3, says(b, state, "PAUSED")).of(b), `Suspect, ${silentFrom("01")}`)
  })

  it("is not failed by an old word of netcup: from before its silence, from before it was back, or too long ago", () => {
    const suspect = well(nodes).silent(b, 1, 3)
    const isHeld = (story: Story) => story.of(b).includes("netcup")
    assert.isTrue(isHeld(suspect.at(3, says(b, "Down")).silent(b, 3, 77)))
    assert.isFalse(isHeld(suspect.at(3, says(b, "Down")).silent(b, 3, 78)))
    for (const sign of [answered(b), renewed(b), says(b, "Running")])
      assert.isFalse(isHeld(suspect.at(3, says(b, "Down"), sign).silent(b, 3, 6)))
    assert.isTrue(isHeld(suspect.at(3, says(b, "Down"), says(b, "Unknown")).silent(b, 3, 6)))
    assert.isFalse(isHeld(well(nodes).at(1, says(b, "Down")).silent(b, 2, 8)))
  })

  it("keeps since when netcup calls it down while that is asked again", () => {
    const story = well(nodes).silent(b, 1, 3).at(3, says(b, "Down")).at(5, says(b, "Down"))
    const before = story.judged.verdicts.get(b)
    assert.include(story.of(b), "since 12:00:03Z")
    assert.strictEqual(story.at(7, says(b, "Down")).judged.verdicts.get(b), before)
  })

  it("is told nothing of by signals that were never good", () => {
    const quiet = blank({ self: a }).at(0, ...nodes.map((node) => declared(node)), renewed(a), heard)
    const silent = quiet.silent(b, 1, 60).at(60, heard)
    assert.strictEqual(silent.of(b), "Healthy")
    assert.strictEqual(silent.at(61, says(b, "Down")).of(b), "Healthy")
  })

  it("is told nothing of by a place that it never answered at, though it did elsewhere", () => {
    const moved = others(well(nodes), 8).at(9, retargeted(b)).silent(b, 9, 15).at(15, heard)
    assert.strictEqual(moved.of(b), `Suspect, ${staleText}`)
    assert.match(moved.at(16, answered(b)).silent(b, 16, 24).of(b), /^Failed/u)
    // Nor for ever by the last place where it did not.
    const gone = well(nodes).silent(b, 1, 4)
    assert.strictEqual(gone.of(b), `Suspect, ${silentFrom("01")}`)
    assert.strictEqual(gone.at(5, retargeted(b)).of(b), "Healthy")
  })

  it("is forgotten when it is gone, and heard only once it is there", () => {
    const gone = well(nodes)
      .at(1, declared(b, { ready: "Unknown" }))
      .at(2, { _tag: "Gone", node: b })
    assert.strictEqual(gone.of(b), "unknown")
    assert.strictEqual(gone.at(3, renewed(b), answered(b), unanswered(b, 2), says(b, "Down")).of(b), "unknown")
    assert.strictEqual(gone.at(4, declared(b)).of(b), "Healthy")
    assert.strictEqual(gone.at(4, declared(b)).silent(b, 4, 30).of(b), "Healthy")
  })

  it("gives its reasons in the same order, whatever came first", () => {
    const all = { ready: "Unknown", deleting: true, outOfService: ["x"], maintenance: "disk", draining: true } as const
    const early = others(well(nodes), 10).at(10, declared(b, all)).silent(b, 10, 20).at(20, heard, says(b, "Down"))
    const late = others(well(nodes), 10).silent(b, 10, 20).at(20, says(b, "Down"), heard, declared(b, all))
    assert.strictEqual(early.of(b), late.of(b))
    assert.deepStrictEqual(
      early.judged.verdicts.get(b)?.reasons.map(({ _tag }) => _tag),
      ["Deleting", "OutOfService", "Maintenance", "Draining", "Silent", "LeaseStale", "Unanswering", "ServerDown"]
    )
  })
})

describe("the age of a Lease", () => {
  const silent = (story: Story, until: number) => story.silent(b, until - 8, until)

  it("grows only as far as the watch has proved that nothing was missed", () => {
    const story = silent(others(well(nodes), 10), 40)
    assert.strictEqual(story.of(b), `Suspect, ${silentFrom("32")}`)
    assert.strictEqual(story.at(40, renewed(c)).of(b), `Suspect, ${silentFrom("32")}`)
    assert.strictEqual(others(story, 40).of(b), `Failed, ${staleText}, ${silentFrom("32")}`)
    assert.strictEqual(story.at(40, renewed(b), heard).of(b), `Suspect, ${silentFrom("32")}`)
  })

  it("is looked up when it is due, once", () => {
    const story = others(well(nodes), 10)
    assert.strictEqual(story.judged.nextAt, 15_000)
    assert.isEmpty([...story.at(14).judged.overdue])
    const due = story.at(15)
    assert.deepStrictEqual([...due.judged.overdue], [b])
    assert.isEmpty([...due.at(15, heard).judged.overdue])
    assert.isEmpty([...due.at(15, heard).at(24).judged.overdue])
    assert.isEmpty([...due.at(15, renewed(b)).judged.overdue])
    assert.isEmpty([...due.at(15, lost).judged.overdue])
  })

  it("has no part in which the watch was lost, since it was last heard", () => {
    const story = others(well(nodes), 10).at(12, lost)
    // Ten seconds were watched, ten were missed: ten more are needed for what was missed alone.
    const back = silent(story, 20).at(20, renewed(a), renewed(c), renewed(d), heard)
    assert.strictEqual(back.of(b), `Suspect, ${silentFrom("12")}`)
    assert.strictEqual(back.silent(b, 20, 29).at(29, heard).of(b), `Suspect, ${silentFrom("12")}`)
    assert.strictEqual(back.silent(b, 20, 30).at(30, heard).of(b), `Failed, ${staleText}, ${silentFrom("12")}`)
  })

  it("needs no more than a whole new term after however long a gap", () => {
    const back = silent(others(well(nodes), 10).at(11, lost), 100).at(100, ...[a, c, d].map(renewed), heard)
    assert.match(back.silent(b, 100, 114).at(114, heard).of(b), /^Suspect, has not answered/u)
    assert.match(back.silent(b, 100, 115).at(115, heard).of(b), /^Failed/u)
  })

  it("costs next to nothing when the watch is made anew at once", () => {
    const story = others(well(nodes), 10).at(10, lost, heard)
    assert.match(silent(story, 15).at(15, heard).of(b), /^Failed/u)
  })

  it("stays stale over a gap that it was stale before", () => {
    const story = others(others(well(nodes), 10), 20)
      .at(20, lost)
      .at(60, heard)
    assert.strictEqual(story.of(b), `Suspect, ${staleText}`)
  })

  it("says nothing while the watch is lost", () => {
    const story = silent(others(well(nodes), 10).at(10, lost), 60)
    assert.strictEqual(story.of(b), `Suspect, ${silentFrom("52")}`)
    assert.isEmpty([...story.judged.overdue])
  })

  it("takes no Lease for stale that it may not hear of any more", () => {
    const story = others(well(nodes), 16)
    assert.strictEqual(story.of(b), `Suspect, ${staleText}`)
    assert.strictEqual(story.at(17, forbidden).of(b), "Healthy")
    assert.match(silent(story.at(17, forbidden), 60).of(b), /^Suspect, has not answered/u)
  })
})

describe("Ready=Unknown", () => {
  const marked = declared(b, { ready: "Unknown" })

  it("is held for a while if it came as the API server had only just come back", () => {
    const back = others(well(nodes), 10).at(10, lost).at(70, marked)
    assert.strictEqual(back.of(b), "Suspect, guarded, is silent (Ready=Unknown)")
    const live = others(back, 70)
    assert.strictEqual(live.at(84).of(b), "Suspect, guarded, is silent (Ready=Unknown)")
    assert.strictEqual(live.judged.nextAt, 85_000)
    assert.strictEqual(live.at(85).of(b), "Failed, is silent (Ready=Unknown)")
    assert.strictEqual(live.at(75, declared(b)).of(b), "Healthy")
    assert.strictEqual(live.at(80, marked).at(85).of(b), "Failed, is silent (Ready=Unknown)")
  })

  it("counts where the API server is there and lets us hear of no Lease any more: nobody waits for what never comes", () => {
    const away = others(well(nodes), 10).at(10, lost).at(70, marked)
    assert.match(away.at(1_000).of(b), /^Suspect, guarded/u)
    assert.strictEqual(away.at(1_000, forbidden).of(b), "Failed, is silent (Ready=Unknown)")
    const before = others(well(nodes), 10).at(10, lost).at(70, forbidden)
    assert.strictEqual(before.at(90, marked).of(b), "Failed, is silent (Ready=Unknown)")
    // And nothing of before counts where the right is given back.
    const back = before.at(100, heard, ...nodes.map(renewed), heard)
    assert.strictEqual(back.at(101, marked).of(b), "Failed, is silent (Ready=Unknown)")
    assert.strictEqual(back.of(b), "Healthy")
    assert.strictEqual(away.at(100, forbidden).at(101, heard).of(b), "Failed, is silent (Ready=Unknown)")
  })

  it("counts at once if the API server was long back, or was away only afterwards", () => {
    const back = others(well(nodes), 10).at(10, lost).at(14, heard)
    assert.match(back.at(17, marked).of(b), /^Suspect, guarded/u)
    assert.match(back.at(18, marked).of(b), /^Failed/u)
    assert.match(others(well(nodes), 10).at(10, marked, lost).at(70, heard).of(b), /^Failed/u)
  })
})

describe("a process that stood still", () => {
  it("forgets the connects that were under way, and those before", () => {
    const story = others(others(well(nodes), 8), 16).silent(b, 14, 17)
    const woken = story.asleep(30, unanswered(b, 17))
    assert.notInclude(woken.of(b), "answered")
    const again = woken.silent(b, 30, 32)
    assert.include(again.of(b), "has not answered since 12:00:30Z")
    assert.match(again.of(b), /^Suspect/u)
  })

  it("has not watched meanwhile", () => {
    const woken = others(others(well(nodes), 10).asleep(30, heard).silent(b, 30, 40), 40)
    assert.match(woken.of(b), /^Suspect, has not answered/u)
    assert.match(others(woken.silent(b, 40, 45), 45).of(b), /^Failed/u)
  })

  it("has to look before it knows anything of Leases again, even if nobody renews", () => {
    const woken = others(well(nodes), 10).asleep(30, { _tag: "Tick" })
    assert.deepStrictEqual([...woken.judged.overdue].sort(), nodes)
    assert.isEmpty([...woken.at(30, ...nodes.map(renewed), heard).judged.overdue])
  })

  it("is not seen in a pause of up to standstill", () => {
    const story = others(others(well(nodes), 8), 16)
      .silent(b, 16, 18)
      .asleep(21, unanswered(b, 18))
    assert.match(story.of(b), /^Failed/u)
  })

  it("has not asked in pauses between two connects either", () => {
    const story = others(others(well(nodes), 8), 16)
      .silent(b, 16, 17)
      .at(30, unanswered(b, 29))
    // One second asked, three of the pause, one asked.
    assert.match(story.of(b), /^Failed/u)
    const shorter = others(others(well(nodes), 8), 16).silent(b, 16, 17)
    const brief = { _tag: "Unanswered", node: b, startedAt: 29_500 } as const
    assert.match(shorter.at(30, brief).of(b), /^Suspect/u)
  })
})

describe("recovery", () => {
  const failed = others(well(nodes), 8).silent(b, 8, 15).at(15, heard)

  it("takes until nothing has convicted the node for a while, and says so meanwhile", () => {
    assert.match(failed.of(b), /^Failed/u)
    const back = failed.at(20, renewed(b), answered(b))
    assert.strictEqual(back.of(b), "Failed, has been back only since 12:00:20Z")
    assert.strictEqual(back.judged.verdicts.get(b)?.changesAt, epoch + 30_000)
    assert.strictEqual(back.at(20, ...nodes.map(renewed)).judged.nextAt, 30_000)
    assert.strictEqual(back.at(29, answered(b)).judged.verdicts.get(b), back.judged.verdicts.get(b))
    assert.strictEqual(others(back, 20).at(30, renewed(b), answered(b)).of(b), "Healthy")
  })

  it("begins anew with each conviction", () => {
    const back = failed
      .at(20, renewed(b), answered(b))
      .at(25, declared(b, { ready: "False" }))
      .at(26, declared(b))
    assert.strictEqual(back.at(30, renewed(b)).of(b), "Failed, has been back only since 12:00:26Z")
    assert.strictEqual(back.at(36, renewed(b)).of(b), "Healthy")
  })

  it("leaves a suspect if only that convicts nobody which still speaks against it", () => {
    const story = failed.at(20, renewed(b)).silent(b, 20, 30).at(30, renewed(b))
    assert.strictEqual(story.of(b), `Suspect, ${silentFrom("08")}`)
  })

  it("is for what had failed: a node that joins is well with its first word of being ready", () => {
    for (const ready of [undefined, "False"] as const) {
      const joined = well([a, c, d]).at(1, declared(b, { ready }))
      assert.match(joined.of(b), /^Failed/u)
      assert.strictEqual(
        joined
          .at(2, declared(b, { ready: "False" }))
          .at(3, declared(b))
          .of(b),
        "Healthy"
      )
    }
    assert.match(
      well(nodes)
        .at(1, declared(b, { ready: "False" }))
        .at(2, declared(b))
        .of(b),
      /^Failed, has been back/u
    )
  })

  it("is not what the guard does: a node that has failed stays failed when others are lost, too", () => {
    const more = failed.silent(c, 16, 23).silent(d, 16, 24)
    const stale = more.at(24, heard)
    assert.match(stale.of(c), /^Suspect, guarded/u)
    assert.match(stale.at(60, heard).of(b), /^Failed/u)
  })
})

describe("the guard", () => {
  /** These are silent from that second on, and nobody renews after the eighth. */
  const cut = (story: Story, who: ReadonlyArray<typeof a>, from = 8) => {
    let told = story
    for (let start = from; start < from + 8; start += 1)
      told = told.at(start + 1, ...who.map((node) => unanswered(node, start)))
    return told
  }
  const dead = (who: ReadonlyArray<typeof a>, all = nodes) =>
    cut(well(all).at(8, ...all.filter((node) => !who.includes(node)).map(renewed), heard), who).at(16, heard)

  it("holds when more than half of the others were lost together, and lets go of a minority", () => {
    assert.match(dead([b]).of(b), /^Failed/u)
    for (const node of [b, c]) assert.match(dead([b, c]).of(node), /^Suspect, guarded/u)
    for (const node of [b, c]) assert.match(dead([b, c], [a, b, c]).of(node), /^Suspect, guarded/u)
    for (const node of [b, c, d]) assert.match(dead([b, c, d]).of(node), /^Suspect, guarded/u)
  })

  it("holds Ready=Unknown, too, and nothing that is declared", () => {
    const story = cut(well(nodes), [b, c, d]).at(16, declared(b, { ready: "Unknown" }))
    assert.match(story.of(b), /^Suspect, guarded/u)
    assert.match(story.at(17, declared(c, { outOfService: ["x"] })).of(c), /^Failed/u)
  })

  it("lets go a while after a node came back, and at once of what netcup knows to be down", () => {
    const held = dead([b, c])
    const back = held.at(17, answered(c), renewed(c))
    assert.match(back.of(b), /^Suspect, guarded/u)
    assert.match(back.at(46, ...[a, c, d].map(renewed)).of(b), /^Suspect, guarded/u)
    assert.strictEqual(back.at(46, ...[a, c, d].map(renewed)).judged.nextAt, 47_000)
    assert.match(back.at(47).of(b), /^Failed/u)
    const known = held.at(17, says(c, "Down"))
    assert.match(known.of(c), /^Failed/u)
    assert.match(known.of(b), /^Suspect, guarded/u)
    assert.match(held.at(100, ...nodes.map((node) => says(node, "Unknown"))).of(b), /^Suspect, guarded/u)
  })

  it("counts for nothing what was lost long before, or would not be missed", () => {
    const before = cut(well(nodes).at(8, renewed(a), renewed(b)), [c, d])
      .at(16, heard)
      .at(48, renewed(a), renewed(b))
    const story = cut(before, [b], 50).at(63, renewed(a), heard)
    assert.match(story.of(c), /^Suspect, guarded/u)
    // Nobody else is left to tell.
    assert.match(story.of(b), /^Suspect, guarded/u)
    assert.match(story.at(63, declared(b, { ready: "Unknown" })).of(b), /^Failed/u)

    const unseen = cut(well([a, b, c]).at(1, declared(d)), [b, c]).at(16, heard)
    assert.match(unseen.of(b), /^Suspect, guarded/u)
  })

  it("lets only others convict with one other node", () => {
    const two = dead([b], [a, b])
    assert.strictEqual(two.of(b), `Suspect, guarded, ${staleText}, ${silentFrom("08")}`)
    assert.match(two.at(17, says(b, "Down")).of(b), /^Failed/u)
    assert.match(two.at(17, declared(b, { ready: "Unknown" })).of(b), /^Failed/u)
    assert.match(two.at(17, declared(b, { ready: "False" })).of(b), /^Failed/u)
  })

  it("takes one that is not lost for our own where that is not known", () => {
    // Nor is it where there is no such node: somebody set a name by hand.
    for (const anybody of [{ self: undefined }, { self: d }]) {
      const story = (all: ReadonlyArray<typeof a>, who: ReadonlyArray<typeof a>) =>
        cut(well(all, anybody).at(8, ...all.filter((node) => !who.includes(node)).map(renewed), heard), who).at(
          16,
          heard
        )
      assert.match(story([a, b], [b]).of(b), /^Suspect, guarded/u)
      assert.match(story([a, b, c], [b]).of(b), /^Failed/u)
      assert.match(story([a, b, c], [b, c]).of(b), /^Suspect, guarded/u)
      assert.match(story([a, b, c], [a, b, c]).of(b), /^Suspect, guarded/u)
    }
  })

  it("judges our own node by the others: what is lost on both sides is the API server's trouble", () => {
    const both = well([a, b]).at(5, declared(b, { ready: "Unknown" }), declared(a, { ready: "Unknown" }))
    assert.match(both.of(a), /^Suspect, guarded/u)
    assert.match(
      well([a, b])
        .at(5, declared(a, { ready: "Unknown" }))
        .of(a),
      /^Failed/u
    )
  })
})

describe("what was judged", () => {
  it("is the same object while nothing changes", () => {
    const before = others(well(nodes), 10).silent(b, 10, 13)
    const after = before.at(13, unanswered(b, 12), answered(a))
    assert.strictEqual(after.judged.verdicts, before.judged.verdicts)
    assert.strictEqual(after.judged.suspects, before.judged.suspects)
    assert.strictEqual(after.judged.overdue, before.judged.overdue)
    const changed = after.at(14, answered(b))
    assert.notStrictEqual(changed.judged.verdicts, before.judged.verdicts)
    assert.strictEqual(changed.judged.verdicts.get(a), before.judged.verdicts.get(a))
  })

  it("goes by thresholds of its own", () => {
    const quick = { ...standard, leaseStaleAfter: 4_000, silentAfter: 2_000, recoveredAfter: 1_000 }
    const story = well(nodes, { self: a, thresholds: quick })
      .at(2, ...[a, c, d].map(renewed))
      .silent(b, 2, 4)
      .at(4, heard)
    assert.match(story.of(b), /^Failed/u)
    assert.strictEqual(
      story
        .at(4, answered(b), renewed(b))
        .at(5, ...nodes.map(renewed))
        .of(b),
      "Healthy"
    )
  })
})
