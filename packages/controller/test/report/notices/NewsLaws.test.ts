import { assert, describe, it } from "@effect/vitest"
import * as Memory from "@netcup-failover/controller/report/notices/Memory"
import * as News from "@netcup-failover/controller/report/notices/News"
import type { Notice } from "@netcup-failover/controller/report/notices/Notice"
import * as Arbitrary from "effect/Arbitrary"
import { between } from "../../Choice.ts"
import { resource } from "../../Given.ts"
import { live, lives, minute, type Step } from "../Situations.ts"

const start = Date.parse("2026-11-22T12:00:00Z")
const beginning = Memory.empty(new Date(start).toISOString())

/** The group as it is stored after a step. */
const stored = ({ after }: Step) => resource({ status: after })

const newsOf = (step: Step, memory: Memory.Memory, later = minute / 2) =>
  News.of([stored(step)], memory, step.now + later, 0)

/** Tells all news of a moment, the oldest first, each with a look of its own, as a worker does. */
const tellAll = (step: Step, memory: Memory.Memory): readonly [ReadonlyArray<Notice>, Memory.Memory] => {
  const told: Array<Notice> = []
  let now = memory
  for (let news = newsOf(step, now)[0]; news !== undefined; news = newsOf(step, now)[0]) {
    told.push(news.notice)
    now = Memory.remember(now, news.telling)
    if (told.length > 100) return assert.fail(`no end of ${news.notice.key}`)
  }
  return [told, now]
}

/** What is told in a life; at each step that `reaches` names the receiver is there. */
const tellLife = (steps: ReadonlyArray<Step>, reaches: (i: number) => boolean) => {
  const told: Array<Notice> = []
  let memory = beginning
  for (const [i, step] of steps.entries()) {
    if (!reaches(i)) continue
    // Whoever leads now has what the one before wrote down.
    const [now, next] = tellAll(step, JSON.parse(JSON.stringify(memory)))
    told.push(...now)
    memory = Memory.prune(
      next,
      new Set([resource().metadata.uid]),
      new Set(News.bySecret([resource()]).keys()),
      step.now
    )
  }
  return { told, memory }
}

const law = (name: string, check: (steps: ReadonlyArray<Step>, reaches: (i: number) => boolean) => void) =>
  it.prop(
    name,
    [lives, Arbitrary.array(between(0, 2), { minLength: 16, maxLength: 16 })],
    ([life, luck]) => check(live(life), (i) => luck[i] !== 0),
    { arbitrary: { runs: 300 } }
  )

describe("the news of a group", () => {
  law("are told once, whenever a receiver is there", (steps, reaches) => {
    const keys = tellLife(steps, reaches).told.map(({ key }) => key)
    assert.strictEqual(new Set(keys).size, keys.length)
  })

  law("have every failover that is remembered, once the receiver is there again", (steps, reaches) => {
    const last = steps.length - 1
    const { told } = tellLife(steps, (i) => i === last || reaches(i))
    const failovers = (steps[last]?.after.moves ?? []).filter(({ from, to }) => from !== undefined && from !== to)
    const toldAt = told.flatMap((notice) => (notice.kind === "Failover" ? [notice.at] : []))
    assert.includeMembers(
      toldAt,
      failovers.map(({ at }) => at)
    )
  })

  law("are the same for every leader", (steps, reaches) => {
    const { memory } = tellLife(steps, reaches)
    for (const step of steps.slice(-1)) {
      const keys = (later: number) => newsOf(step, memory, later).map(({ notice }) => notice.key)
      assert.deepStrictEqual(keys(1_000), keys(7 * minute))
    }
  })

  law("tell of a recovery exactly after a failure, and end with how things are", (steps) => {
    let fails = false
    for (const { kind } of tellLife(steps, () => true).told) {
      if (kind === "Recovered") assert.isTrue(fails, "recovered from nothing")
      if (kind === "FailoverDone") assert.isFalse(fails, "done in the middle of a failure")
      if (kind === "FailoverFailed") fails = true
      if (kind === "Recovered") fails = false
    }
    const last = steps.at(-1)?.after.conditions?.find(({ type }) => type === "Routed")
    if (last?.status === "True") assert.isFalse(fails)
  })

  law("of credentials alternate between bad and good", (steps, reaches) => {
    const kinds = tellLife(steps, reaches).told.flatMap(({ kind }) => (kind.startsWith("Credentials") ? [kind] : []))
    for (const [i, kind] of kinds.entries())
      assert.strictEqual(kind, i % 2 === 0 ? "CredentialsFailing" : "CredentialsRecovered")
  })

  law("are none of what was before anybody wanted them", (steps) => {
    const end = (steps.at(-1)?.now ?? 0) + minute
    const last = steps.at(-1)
    if (last === undefined) return
    const news = newsOf(last, Memory.empty(new Date(end).toISOString()), 2 * minute)
    for (const { notice } of news) assert.include(["FailoverFailed", "CredentialsFailing"], notice.kind)
  })
})
