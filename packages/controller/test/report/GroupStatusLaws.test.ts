import { assert, describe, it } from "@effect/vitest"
import * as StatusChange from "@netcup-failover/controller/report/StatusChange"
import { conditionTypes, reasons } from "@netcup-failover/core/Condition"
import { Status } from "@netcup-failover/core/FailoverIpResource"
import * as Equal from "effect/Equal"
import * as Schema from "effect/Schema"
import { compose, live, lives, minute, type Step } from "./Situations.ts"

const condition = (status: Status | undefined, wanted: (typeof conditionTypes)[number]) =>
  status?.conditions?.find(({ type }) => type === wanted)

const isRouted = (status: Status | undefined): boolean => condition(status, "Routed")?.status === "True"

const isHealthy = ({ circumstances: { nodes } }: Step, wanted: string | undefined): boolean =>
  nodes.some(({ name, verdict }) => name === wanted && verdict.state === "Healthy")

const isPaused = ({ circumstances: { decision } }: Step): boolean =>
  decision._tag === "Hold" && decision.because._tag === "Paused"

/** The node that netcup says has all addresses of a paused group. */
const pausedAt = (step: Step): string | undefined => {
  const { account, addresses, nodes } = step.circumstances
  if (!isPaused(step)) return undefined
  const servers = new Set(addresses.map(({ prefix }) => account?.routes.get(prefix)))
  const [server] = servers
  return servers.size === 1 && server !== undefined ? nodes.find((one) => one.server === server)?.name : undefined
}

/** A law of every status that a group ever gets. */
const always = (name: string, law: (step: Step) => void) =>
  it.prop(name, [lives], ([life]) => live(life).forEach(law), { arbitrary: { runs: 300 } })

const encode = Schema.encodeUnknownSync(Schema.Json)
const decode = Schema.decodeUnknownSync(Status)

describe("the status of a group", () => {
  always("stays as it is while nothing changes but the time", ({ circumstances, after, now }) => {
    assert.isTrue(Equal.equals(compose(circumstances, after, now + 7 * minute), after))
  })

  always("is the same after it was stored and read again", ({ after }) => {
    assert.isTrue(Equal.equals(decode(JSON.parse(JSON.stringify(encode(after)))), after))
  })

  always("is Routed=True where the group stays, else only as an old word on a node that is well", (step) => {
    const { circumstances, before, after } = step
    switch (circumstances.decision._tag) {
      case "Stay":
        return assert.isTrue(isRouted(after))
      case "Hold":
        if (isRouted(after)) assert.isTrue(isRouted(before) || isHealthy(step, pausedAt(step)))
        return
      default:
        return assert.isFalse(isRouted(after))
    }
  })

  always("is Paused while it is, and tells of netcup's newest word", (step) => {
    if (!isPaused(step)) return
    const { account, addresses } = step.circumstances
    assert.strictEqual(condition(step.after, "Routed")?.reason, "Paused")
    if (account === undefined) return
    assert.strictEqual(isRouted(step.after), isHealthy(step, pausedAt(step)))
    assert.deepStrictEqual<unknown>(
      step.after.addresses?.map(({ server }) => server),
      addresses.map(({ prefix }) => account.routes.get(prefix))
    )
  })

  always("is never Routed=True for a node that is not healthy", (step) => {
    if (isRouted(step.after)) assert.isTrue(isHealthy(step, step.after.currentNode))
  })

  always("keeps the last word of netcup while it cannot be asked, the node is well and no address is new", (step) => {
    const { circumstances, before, after } = step
    const { decision } = circumstances
    if (decision._tag !== "Hold" || !isRouted(before) || !isHealthy(step, before?.currentNode)) return
    if (isPaused(step) && circumstances.account !== undefined) return
    if (decision.because._tag === "InvalidSpec" || decision.because._tag === "Conflict") {
      assert.strictEqual(condition(after, "Routed")?.reason, decision.because._tag)
      return
    }
    const isOld = circumstances.addresses.every((address) =>
      before?.addresses?.some(({ ip, state }) => ip === `${address}` && state === "Routed")
    )
    if (isOld && isPaused(step)) assert.isTrue(isRouted(after))
    else if (isOld) assert.isTrue(Equal.equals(condition(after, "Routed"), condition(before, "Routed")))
    else assert.isFalse(isRouted(after))
  })

  always("changes its current node only to where all addresses are", (step) => {
    const {
      circumstances: { decision },
      before,
      after
    } = step
    const there = decision._tag === "Stay" ? decision.node : pausedAt(step)
    assert.strictEqual(after.currentNode, there ?? before?.currentNode)
  })

  always("names a target exactly while it moves, or keeps silent", ({ circumstances: { decision }, before, after }) => {
    if (after === before) return
    if (decision._tag === "Move") assert.strictEqual(after.targetNode, decision.to)
    else if (decision._tag !== "Hold") assert.isUndefined(after.targetNode)
  })

  always("has each address once, in the order of the group", ({ circumstances: { addresses }, before, after }) => {
    if (Equal.equals(after, before ?? {})) return
    assert.deepStrictEqual(
      after.addresses?.map(({ ip }) => ip),
      addresses.map(String)
    )
  })

  always("calls an address routed only where the group has it", ({ circumstances, after }) => {
    const { decision } = circumstances
    if (decision._tag === "Hold") return
    const to = decision._tag === "Stay" ? decision.node : decision._tag === "Move" ? decision.to : undefined
    for (const { state, node } of after.addresses ?? [])
      assert.strictEqual(state === "Routed", node !== undefined && node === to)
  })

  always("says of an address when it is tried again exactly with what went wrong", ({ circumstances, after }) => {
    const { addresses, attempts, decision } = circumstances
    if (decision._tag === "Hold") return
    for (const [i, { nextAttemptAt, lastError, node }] of (after.addresses ?? []).entries()) {
      const address = addresses[i]
      const state = address && attempts.get(address.prefix)?.state
      const waits = decision._tag === "Move" && node !== decision.to && state?._tag === "Failed"
      assert.strictEqual(nextAttemptAt, waits ? new Date(state.retryAt).toISOString() : undefined)
      assert.strictEqual(lastError?.reason, waits ? state.reason._tag : undefined)
    }
  })

  always("keeps the time of an address as long as its state and server", ({ before, after, now }) => {
    for (const one of after.addresses ?? []) {
      const old = before?.addresses?.find(({ ip }) => ip === one.ip)
      const same = old?.state === one.state && old.server === one.server
      assert.strictEqual(one.since, same ? old.since : new Date(now).toISOString())
    }
  })

  always(
    "remembers a move when it begins and at no other time",
    ({ circumstances: { decision }, before, after, now }) => {
      const old = before?.moves ?? []
      const moves = after.moves ?? []
      if (decision._tag !== "Move" || before?.targetNode === decision.to) assert.deepStrictEqual(moves, old)
      else {
        const last = moves.at(-1)
        assert.strictEqual(last?.to, decision.to)
        assert.strictEqual(last?.at, new Date(now).toISOString())
        assert.strictEqual(last?.from, before?.currentNode)
        assert.deepStrictEqual(moves.slice(0, -1), [...old].slice(-9))
      }
      assert.isAtMost(moves.length, 10)
    }
  )

  always(
    "says why it moves with one sentence as long as it goes to one node",
    ({ circumstances: { decision }, before, after }) => {
      if (decision._tag !== "Move" || condition(after, "Routed")?.reason !== "Routing") return
      const why = /because (.*)$/u.exec(condition(after, "Routed")?.message ?? "")?.[1]
      if (before?.targetNode === decision.to) assert.strictEqual(why, before.moves?.at(-1)?.reason)
      assert.strictEqual(why, after.moves?.at(-1)?.reason)
    }
  )

  always("moves the time of a condition with its status and with nothing else", ({ before, after, now }) => {
    for (const { type, status, lastTransitionTime } of after.conditions ?? []) {
      const old = before?.conditions?.find((one) => one.type === type)
      const kept = old?.status === status
      assert.strictEqual(lastTransitionTime, kept ? old.lastTransitionTime : new Date(now).toISOString())
    }
  })

  always("never differs in Progressing alone, which so costs no write", ({ before, after }) => {
    const rest = (status: Status | undefined) => ({
      ...status,
      conditions: status?.conditions?.filter(({ type }) => type !== "Progressing")
    })
    if (before !== undefined && Equal.equals(rest(before), rest(after))) assert.isTrue(Equal.equals(before, after))
  })

  always("is Progressing while it is routed or waited for, and not when it is done or waits for somebody", (step) => {
    const [routed, progressing] = [condition(step.after, "Routed"), condition(step.after, "Progressing")]
    assert.strictEqual(progressing === undefined, routed === undefined)
    const goesOn = ["Routing", "RateLimited", "RoutingFailed"]
    assert.strictEqual(progressing?.status === "True", goesOn.includes(routed?.reason ?? ""))
    if (progressing?.status === "False") assert.strictEqual(progressing.reason, routed?.reason)
  })

  always("keeps in Progressing the worst of one move, and forgets it with the next", ({ before, after }) => {
    const [was, is] = [condition(before, "Progressing"), condition(after, "Progressing")]
    if (is?.status !== "True") return
    const ranks = ["Routing", "RateLimited", "RoutingFailed"]
    const now = ranks.indexOf(condition(after, "Routed")?.reason ?? "")
    const begins = !Equal.equals(before?.moves?.at(-1), after.moves?.at(-1))
    const worst = begins || was?.status !== "True" ? now : Math.max(now, ranks.indexOf(was.reason))
    assert.strictEqual(is.reason, ranks[worst])
  })

  it.prop(
    "tells each fact of a move once, and the same facts with a restart at any moment",
    [lives],
    ([life]) => {
      const steps = live(life)
      const told = new Set<string>()
      for (const { before, after } of steps) {
        // Who takes over finds what is written: it has nothing to tell.
        assert.deepStrictEqual(StatusChange.facts(after, JSON.parse(JSON.stringify(after))), [])
        const move = after.moves?.at(-1)?.at ?? "none"
        const since = condition(after, "Progressing")?.lastTransitionTime
        for (const { reason } of StatusChange.facts(before, after)) {
          if (reason !== "Routing" && reason !== "RateLimited" && reason !== "RoutingFailed") continue
          const fact = `${move} ${reason} ${since}`
          assert.isFalse(told.has(fact), fact)
          told.add(fact)
        }
      }
    },
    { arbitrary: { runs: 300 } }
  )

  always("uses each condition once, and only reasons that users know", ({ after }) => {
    const types = (after.conditions ?? []).map(({ type }) => type)
    assert.strictEqual(new Set(types).size, types.length)
    for (const type of types) assert.include(conditionTypes, type)
    for (const { reason } of after.conditions ?? []) assert.include(reasons, reason)
  })

  always("is RateLimited only where nothing but limits stands in the way", ({ circumstances, after }) => {
    const { addresses, attempts, decision } = circumstances
    if (decision._tag !== "Move") return
    const failures = (after.addresses ?? []).flatMap(({ state }, i) => {
      const address = addresses[i]
      const attempt = address && attempts.get(address.prefix)?.state
      return attempt?._tag === "Failed" && state !== "Routed" ? [attempt.reason._tag] : []
    })
    const expected =
      failures.length === 0
        ? "Routing"
        : failures.every((tag) => tag === "RateLimited")
          ? "RateLimited"
          : "RoutingFailed"
    assert.strictEqual(condition(after, "Routed")?.reason, expected)
  })

  always("says how the credentials fare, and keeps its word where it learns nothing", (step) => {
    const { circumstances, before, after } = step
    const { decision } = circumstances
    const word = condition(after, "CredentialsHealthy")
    if (decision._tag === "Hold" && decision.because._tag === "CredentialsError") {
      assert.strictEqual(word?.status, "False")
      assert.strictEqual(word?.reason, "CredentialsError")
    } else if (decision._tag === "Hold" && !(isPaused(step) && circumstances.account !== undefined)) {
      assert.isTrue(Equal.equals(word, condition(before, "CredentialsHealthy")))
    } else assert.strictEqual(word?.status, "True")
  })
})
