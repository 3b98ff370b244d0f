import { assert, describe, it } from "@effect/vitest"
import * as Memory from "@netcup-failover/controller/report/notices/Memory"
import * as News from "@netcup-failover/controller/report/notices/News"
import * as Wording from "@netcup-failover/controller/report/Wording"
import type { Condition } from "@netcup-failover/core/Condition"
import type { Status } from "@netcup-failover/core/FailoverIpResource"
import { resource } from "../../Given.ts"

const time = (seconds: number) => new Date(Date.parse("2026-11-22T12:00:00Z") + seconds * 1_000).toISOString()
const grace = 10_000

const condition = (
  type: string,
  status: Condition["status"],
  reason: string,
  at: number,
  message = "netcup says no"
): Condition => ({ type, status, reason, message, lastTransitionTime: time(at) })

const move = { at: time(0), from: "node-1", to: "node-2", reason: "node-1 is not ready" }
const addresses = [{ ip: "198.51.100.1/32", state: "Moving" as const }]
const moving = (worst: string): Status => ({
  currentNode: "node-1",
  targetNode: "node-2",
  addresses,
  moves: [move],
  conditions: [condition("Routed", "False", worst, 0), condition("Progressing", "True", worst, 0)]
})
const done = (at: number): Status => ({
  currentNode: "node-2",
  addresses,
  moves: [move],
  conditions: [condition("Routed", "True", "NodeSelected", at), condition("Progressing", "False", "NodeSelected", at)]
})

const memory = Memory.empty(time(-60))
const telling = (...all: ReadonlyArray<Memory.Telling>) => all.reduce(Memory.remember, memory)
const news = (status: Status, known = memory, now = 20) =>
  News.of([resource({ status })], known, Date.parse(time(now)), grace)
const notices = (status: Status, known = memory, now = 20) => news(status, known, now).map(({ notice }) => notice)

describe("news", () => {
  it("of a failover name both nodes and why", () => {
    assert.deepStrictEqual(notices(moving("Routing")), [
      {
        version: 1,
        kind: "Failover",
        key: "uid-of-primary/Failover@2026-11-22T12:00:00.000Z",
        at: time(0),
        summary: "primary moves from node-1 to node-2, because node-1 is not ready",
        group: "primary",
        addresses: ["198.51.100.1/32"],
        from: "node-1",
        to: "node-2",
        because: "node-1 is not ready"
      }
    ])
  })

  it("of one that is done say how long it took", () => {
    const [, notice] = notices(done(1.25))
    assert.deepInclude(notice, { kind: "FailoverDone", from: "node-1", to: "node-2", seconds: 1.25, at: time(1.25) })
    assert.include(notice?.summary, "1.3 s after")
  })

  it("are none of a first placement, nor of an address that is brought back", () => {
    const { from: _, ...first } = move
    for (const record of [first, { ...move, from: "node-2" }])
      assert.deepStrictEqual(notices({ ...done(1), moves: [record] }), [])
    assert.deepStrictEqual(notices({ ...moving("RoutingFailed"), moves: [{ ...move, from: "node-2" }] }), [])
  })

  it("of a failure come when it has lasted, each reason of one outage once", () => {
    const [, failed] = news(moving("RateLimited"))
    assert.strictEqual(failed?.dueAt, Date.parse(time(0)) + grace)
    assert.deepInclude(failed?.notice, { kind: "FailoverFailed", reason: "RateLimited", message: "netcup says no" })
    const known = telling(...news(moving("RateLimited")).map((one) => one.telling))
    assert.deepStrictEqual(notices(moving("RateLimited"), known), [])
    assert.deepInclude(notices(moving("RoutingFailed"), known)[0], { reason: "RoutingFailed" })
  })

  it("tell of a group that others have moved away, as of a failure", () => {
    const { targetNode: _, ...stuck } = moving("Contested")
    for (const reason of ["Drifted", "Contested"]) {
      const conditions = [condition("Routed", "False", reason, 5), condition("Progressing", "False", reason, 5)]
      const told = notices({ ...stuck, moves: [], conditions })
      assert.deepStrictEqual(
        told.map((one) => ("reason" in one ? one.reason : one.kind)),
        [reason]
      )
    }
  })

  it("of a group that no node can take are a failure, if it was routed before", () => {
    const { targetNode: _, ...stuck } = moving("NoEligibleNodes")
    const conditions = [
      condition("Routed", "False", "NoEligibleNodes", 5),
      condition("Progressing", "False", "NoEligibleNodes", -60)
    ]
    const kinds = (status: Status) => notices({ ...status, moves: [], conditions }).map(({ kind }) => kind)
    assert.deepStrictEqual(kinds(stuck), ["FailoverFailed"])
    const { currentNode: _node, ...never } = stuck
    assert.deepStrictEqual(kinds(never), [])
  })

  it("of a recovery come in place of that it is done, and say how long it was out", () => {
    const known = telling(...news(moving("RoutingFailed")).map((one) => one.telling))
    const over = news(done(75), known, 80)
    assert.lengthOf(over, 1)
    assert.deepInclude(over[0]?.notice, { kind: "Recovered", node: "node-2", seconds: 75 })
    assert.include(over[0]?.notice.summary, "1 min 15 s")
    assert.deepStrictEqual(notices(done(75), [...over].map((one) => one.telling).reduce(Memory.remember, known)), [])
  })

  it("of a move are no news after a day, and a failure that lasts is", () => {
    const later = 25 * 60 * 60
    assert.deepStrictEqual(notices(done(1), memory, later), [])
    assert.deepStrictEqual(
      notices(moving("RoutingFailed"), memory, later).map(({ kind }) => kind),
      ["FailoverFailed"]
    )
  })

  it("of credentials are told once for all groups of a Secret", () => {
    const bad = { conditions: [condition("CredentialsHealthy", "False", "CredentialsError", 3, "log in again")] }
    const worse = { conditions: [condition("CredentialsHealthy", "False", "CredentialsError", 4, "log in again")] }
    const good = { conditions: [condition("CredentialsHealthy", "True", "CredentialsAccepted", 9)] }
    const of = (known: Memory.Memory, ...all: ReadonlyArray<Status>) =>
      News.of(
        all.map((status, i) => resource({ name: `group-${i}`, status })),
        known,
        Date.parse(time(20)),
        grace
      )
    const [failing, ...more] = of(memory, worse, bad)
    assert.lengthOf(more, 0)
    assert.deepInclude(failing?.notice, {
      kind: "CredentialsFailing",
      secret: "netcup-system/netcup-credentials",
      groups: ["group-0", "group-1"],
      at: time(3),
      message: "log in again"
    })
    const known = failing === undefined ? memory : Memory.remember(memory, failing.telling)
    assert.deepStrictEqual(of(known, worse, bad), [])
    assert.deepStrictEqual(of(known, good, bad), [])
    assert.strictEqual(of(known, good, good)[0]?.notice.kind, "CredentialsRecovered")
  })

  it("of a login that ends soon are told once for all groups of a Secret, and again when another week has come", () => {
    const day = 24 * 60 * 60
    const ending = (days: number) => {
      const { reason, message } = Wording.loginExpiring(Date.parse(time(days * day)))
      return { conditions: [condition("CredentialsHealthy", "True", reason, 3, message)] }
    }
    const good = { conditions: [condition("CredentialsHealthy", "True", "CredentialsAccepted", 3)] }
    const of = (known: Memory.Memory, now: number, ...all: ReadonlyArray<Status>) =>
      News.of(
        all.map((status, i) => resource({ name: `group-${i}`, status })),
        known,
        Date.parse(time(now)),
        grace
      )
    // One of the groups has not heard that it was used since.
    const [news, ...more] = of(memory, 20, ending(2), good, ending(3))
    assert.lengthOf(more, 0)
    const { message } = Wording.loginExpiring(Date.parse(time(3 * day)))
    assert.deepStrictEqual(news?.notice, {
      version: 1,
      kind: "CredentialsExpiring",
      key: "netcup-system/netcup-credentials/CredentialsExpiring@2026-11-25",
      at: time(3),
      secret: "netcup-system/netcup-credentials",
      groups: ["group-0", "group-1", "group-2"],
      ends: "2026-11-25",
      summary: `the login of Secret netcup-system/netcup-credentials ends soon: ${message}`,
      message
    })
    const known = news === undefined ? memory : Memory.remember(memory, news.telling)
    for (const days of [2, 3, 4, 9.4]) assert.deepStrictEqual(of(known, days * day, ending(days)), [], `${days}`)
    assert.strictEqual(
      of(known, 10 * day, ending(10))[0]?.notice.key,
      "netcup-system/netcup-credentials/CredentialsExpiring@2026-12-02"
    )
    // One of a month is news when its last week begins, and what is too odd to be read is none.
    assert.strictEqual(of(memory, 23 * day, ending(30))[0]?.notice.at, "2026-12-15T00:00:00.000Z")
    const odd = { conditions: [condition("CredentialsHealthy", "True", "LoginExpiring", 3, "soon")] }
    assert.deepStrictEqual(of(memory, 20, odd), [])
  })

  it("cut words that are too long, and never through the middle of a character", () => {
    const status = { ...moving("Routing"), moves: [{ ...move, reason: "🔑".repeat(2_000) }] }
    const [notice] = notices(status)
    assert.isBelow(notice?.summary.length ?? 0, 2_200)
    assert.strictEqual(notice?.summary.isWellFormed(), true)
  })
})

describe("what is remembered", () => {
  const telling = (seconds: number, uid = "a"): Memory.Telling => ({
    _tag: "Group",
    uid,
    ids: [`Failover${Memory.mark}${time(seconds)}`]
  })

  it("is bounded, and the oldest goes first", () => {
    const all = Array.from({ length: 150 }, (_, i) => telling(i)).reduce(Memory.remember, memory)
    assert.lengthOf(all.groups.a?.ids ?? [], 100)
    assert.include(all.groups.a?.ids.at(-1), time(149))
  })

  it("does not grow for as long as groups live: the ConfigMap is read and written whole, and has a limit", () => {
    const all = Array.from({ length: 90 }, (_, i) => telling(i)).reduce(Memory.remember, memory)
    const later = (hours: number) => Memory.prune(all, new Set(["a"]), new Set(), Date.parse(time(hours * 3_600)))
    assert.deepStrictEqual(later(1), all)
    assert.deepStrictEqual(later(25).groups.a?.ids, all.groups.a?.ids.slice(-20))
  })

  it("of groups and Secrets that are gone goes, but not while their watch may be behind", () => {
    const all = [telling(0, "gone"), telling(0, "here")].reduce(Memory.remember, {
      ...memory,
      secrets: { "ns/gone": time(0), "ns/here": time(0) },
      expiring: { "ns/gone": "2026-11-25", "ns/here": "2026-11-25" }
    })
    const after = (seconds: number) =>
      Memory.prune(all, new Set(["here"]), new Set(["ns/here"]), Date.parse(time(seconds)))
    assert.deepStrictEqual(Object.keys(after(60).groups), ["gone", "here"])
    assert.deepStrictEqual(Object.keys(after(25 * 60 * 60).groups), ["here"])
    assert.deepStrictEqual(Object.keys(after(60).secrets), ["ns/here"])
    assert.deepStrictEqual(after(60).expiring, { "ns/here": "2026-11-25" })
    assert.notProperty(Memory.prune(memory, new Set(), new Set(), Date.parse(time(60))), "expiring")
  })
})
