import { assert, describe, it } from "@effect/vitest"
import { Accounts } from "@netcup-failover/controller/observe/Accounts"
import { Cluster } from "@netcup-failover/controller/observe/Cluster"
import { Detector } from "@netcup-failover/controller/observe/Detector"
import type { AccountState, NetcupAccount } from "@netcup-failover/controller/observe/NetcupAccount"
import * as NodeMapping from "@netcup-failover/controller/observe/NodeMapping"
import * as ProviderLook from "@netcup-failover/controller/observe/ProviderLook"
import { Settings } from "@netcup-failover/controller/Settings"
import type { Candidate, NodeName } from "@netcup-failover/core/Candidate"
import { Signal } from "@netcup-failover/core/detect/Signal"
import { wordCounts } from "@netcup-failover/core/detect/Testimony"
import type { ServerName } from "@netcup-failover/core/ServerName"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
import type { ServerView } from "@netcup-failover/netcup/FailoverRouting"
import * as Errors from "@netcup-failover/netcup/NetcupError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as TestClock from "effect/testing/TestClock"
import { account, accountState, address, candidate, node, server, serverView } from "../Given.ts"
import { settingsOf } from "../TestSettings.ts"

const view = (name: ServerName, running: boolean | undefined, word?: string): ServerView =>
  serverView(name, { running, word })

const unreachable = (retryAt?: number) =>
  new Errors.NetcupError({
    reason: new Errors.Unreachable({ message: "no answer", ...(retryAt === undefined ? {} : { retryAt }) })
  })

/** Of each number the node is the server. */
const suspecting = (...numbers: ReadonlyArray<number>): ProviderLook.Suspects =>
  new Map(numbers.map((n) => [node(n), server(n)]))

const start = Effect.fnUntraced(function* (
  first: ProviderLook.Suspects,
  answer: ProviderLook.ProviderLookOptions["ask"] = (name) => Effect.succeed(view(name, false, "SHUTOFF")),
  environment: Readonly<Record<string, string>> = {}
) {
  const settings = yield* Effect.provide(Settings, settingsOf(environment))
  const suspects = yield* SubscriptionRef.make(first)
  const signals: Array<Signal> = []
  /** When each server was asked about, in s. */
  const asked = new Map<ServerName, Array<number>>()
  const underWay = new Map<ServerName, number>()
  let most = 0
  yield* ProviderLook.run({
    suspects: SubscriptionRef.changes(suspects),
    settings,
    hear: (signal) => Effect.sync(() => void signals.push(signal)),
    ask: (name) =>
      Effect.gen(function* () {
        asked.set(name, [...(asked.get(name) ?? []), Math.round((yield* Monotonic.now) / 100) / 10])
        assert.strictEqual(underWay.get(name) ?? 0, 0, `${name} is asked about twice at once`)
        underWay.set(name, 1)
        most = Math.max(
          most,
          [...underWay.values()].reduce((sum, one) => sum + one, 0)
        )
        return yield* answer(name)
      }).pipe(Effect.ensuring(Effect.sync(() => underWay.set(name, 0))))
  }).pipe(Effect.forkScoped)
  yield* seconds(0.1)
  const timesOf = (n: number) => asked.get(server(n)) ?? []
  return { asked, most: () => most, signals, suspects, timesOf }
})

const seconds = (count: number) => Effect.repeat(TestClock.adjust("100 millis"), { times: Math.round(count * 10) - 1 })

const down = (name: NodeName) => Signal.Provider({ node: name, state: "Down", word: "SHUTOFF" })

describe("what netcup says of suspects", () => {
  it.effect("is not asked for in peace", () =>
    Effect.gen(function* () {
      const { asked } = yield* start(new Map())
      yield* seconds(600)
      assert.strictEqual(asked.size, 0)
    })
  )

  it.effect("is asked for at once, then every two seconds", () =>
    Effect.gen(function* () {
      const { signals, suspects, timesOf } = yield* start(new Map())
      yield* seconds(9.9)
      yield* SubscriptionRef.set(suspects, suspecting(1))
      yield* seconds(9)
      assert.deepStrictEqual(timesOf(1), [10, 12, 14, 16, 18])
      assert.deepStrictEqual(
        signals,
        Array.from({ length: 5 }, () => down(node(1)))
      )
    })
  )

  it.effect("is asked for ever less often after a minute, down to the pace of peace", () =>
    Effect.gen(function* () {
      const { timesOf } = yield* start(suspecting(1))
      yield* seconds(600)
      const times = timesOf(1)
      const pauses = times.slice(1).map((at, index) => Math.round(at - (times[index] ?? 0)))
      assert.deepStrictEqual(
        pauses.slice(0, 30),
        Array.from({ length: 30 }, () => 2)
      )
      assert.deepStrictEqual(pauses.slice(30, 36), [4, 8, 16, 32, 60, 60])
    })
  )

  it.effect("is asked for again before it counts no more, however seldom netcup is asked in peace", () =>
    Effect.gen(function* () {
      const { timesOf } = yield* start(suspecting(1), undefined, { NETCUP_REFRESH_INTERVAL: "10m" })
      yield* seconds(600)
      const times = timesOf(1)
      const longest = Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? 0)))
      assert.isAbove(longest, 30)
      assert.isAtMost(longest * 1_000, wordCounts - 10_000)
    })
  )

  it.effect("is not asked for any more when nothing is suspected", () =>
    Effect.gen(function* () {
      const { suspects, timesOf } = yield* start(suspecting(1, 2))
      yield* seconds(3)
      yield* SubscriptionRef.set(suspects, suspecting(2))
      yield* seconds(10)
      assert.strictEqual(timesOf(1).length, 2)
      assert.isAtLeast(timesOf(2).length, 6)
      yield* SubscriptionRef.set(suspects, new Map())
      yield* seconds(60)
      assert.strictEqual(timesOf(1).length, 2)
      assert.isAtMost(timesOf(2).length, 8)
    })
  )

  it.effect("does not begin anew because others become suspect", () =>
    Effect.gen(function* () {
      const { suspects, timesOf } = yield* start(suspecting(1))
      for (let n = 2; n <= 20; n++) {
        yield* seconds(0.5)
        yield* SubscriptionRef.set(suspects, suspecting(1, n))
      }
      assert.deepStrictEqual(timesOf(1), [0, 2, 4, 6, 8])
    })
  )

  it.effect("is asked for at once when a node is suspect again, but not twice within two seconds", () =>
    Effect.gen(function* () {
      const { suspects, timesOf } = yield* start(suspecting(1))
      yield* SubscriptionRef.set(suspects, new Map())
      yield* seconds(0.5)
      yield* SubscriptionRef.set(suspects, suspecting(1))
      yield* seconds(0.5)
      assert.deepStrictEqual(timesOf(1), [0])
      yield* seconds(1.5)
      assert.deepStrictEqual(timesOf(1), [0, 2])
      yield* SubscriptionRef.set(suspects, new Map())
      yield* seconds(30)
      yield* SubscriptionRef.set(suspects, suspecting(1))
      yield* seconds(0.5)
      assert.strictEqual(timesOf(1).length, 3)
    })
  )

  it.effect("is asked for less often of a node that comes and goes for long", () =>
    Effect.gen(function* () {
      const { suspects, timesOf } = yield* start(suspecting(1))
      for (let n = 0; n < 30; n++) {
        yield* seconds(10)
        yield* SubscriptionRef.set(suspects, new Map())
        yield* seconds(10)
        yield* SubscriptionRef.set(suspects, suspecting(1))
      }
      // Of ten seconds each: one at once, and hardly any after it.
      assert.isAtMost(timesOf(1).filter((at) => at > 120).length, 2 * 24)
    })
  )

  it.effect("is asked for a bounded number of times of a node that comes and goes each second", () =>
    Effect.gen(function* () {
      const { suspects, timesOf } = yield* start(suspecting(1))
      for (let n = 0; n < 300; n++) {
        yield* seconds(1)
        yield* SubscriptionRef.set(suspects, new Map())
        yield* seconds(1)
        yield* SubscriptionRef.set(suspects, suspecting(1))
      }
      const times = timesOf(1)
      // At full pace for a minute, then each ten seconds: if it dies then, that is soon enough.
      assert.isAtLeast(times.filter((at) => at > 120).length, 40)
      assert.isAtMost(times.filter((at) => at > 120).length, 50)
    })
  )

  it.effect("is asked for at full pace again of a node that was well for long", () =>
    Effect.gen(function* () {
      const { suspects, timesOf } = yield* start(suspecting(1))
      yield* seconds(300)
      yield* SubscriptionRef.set(suspects, new Map())
      yield* seconds(120)
      const before = timesOf(1).length
      yield* SubscriptionRef.set(suspects, suspecting(1))
      yield* seconds(9)
      assert.strictEqual(timesOf(1).length - before, 5)
    })
  )

  for (const [running, word, state] of [
    [false, "offline", "Down"],
    [false, "CRASHED", "Down"],
    [true, "RUNNING", "Running"],
    [undefined, "PAUSED", "Unknown"],
    [undefined, undefined, "Unknown"]
  ] as const) {
    it.effect(`is told as ${state} when it says ${word}`, () =>
      Effect.gen(function* () {
        const { signals } = yield* start(suspecting(1), (name) => Effect.succeed(view(name, running, word)))
        assert.deepStrictEqual(signals, [Signal.Provider({ node: node(1), state, word: word ?? "" })])
      })
    )
  }

  it.effect("is nothing when it cannot be asked for, and is asked for again", () =>
    Effect.gen(function* () {
      const { signals, timesOf } = yield* start(suspecting(1), () => unreachable())
      yield* seconds(5)
      assert.deepStrictEqual(timesOf(1), [0, 2, 4])
      assert.deepStrictEqual(signals, [])
    })
  )

  it.effect("is not asked for before netcup wants to be asked again", () =>
    Effect.gen(function* () {
      const { timesOf } = yield* start(suspecting(1), () => unreachable(20_000))
      yield* seconds(25)
      assert.deepStrictEqual(timesOf(1).slice(0, 2), [0, 20])
    })
  )

  it.effect("comes after a defect, too", () =>
    Effect.gen(function* () {
      let left = 2
      const { signals } = yield* start(suspecting(1), (name) =>
        left-- > 0 ? Effect.die("a bug") : Effect.succeed(view(name, false, "SHUTOFF"))
      )
      yield* seconds(10)
      assert.isAtLeast(signals.length, 1)
    })
  )

  it.effect("is waited for of one server, and of the others meanwhile", () =>
    Effect.gen(function* () {
      const { most, timesOf } = yield* start(suspecting(1, 2), (name) =>
        name === server(1) ? Effect.never : Effect.succeed(view(name, true, "RUNNING"))
      )
      yield* seconds(10)
      assert.deepStrictEqual(timesOf(1), [0])
      assert.deepStrictEqual(timesOf(2), [0, 2, 4, 6, 8, 10])
      assert.strictEqual(most(), 2)
    })
  )

  it.effect("is asked for of eight servers at once, no more", () =>
    Effect.gen(function* () {
      const all = Array.from({ length: 30 }, (_, n) => n + 1)
      const { asked, most } = yield* start(suspecting(...all), (name) =>
        Effect.as(Effect.sleep("1 second"), view(name, false, "SHUTOFF"))
      )
      yield* seconds(5)
      assert.strictEqual(most(), 8)
      assert.strictEqual(asked.size, 30)
    })
  )

  it.effect("is asked for once and told of each node that claims the server", () =>
    Effect.gen(function* () {
      const { signals, timesOf } = yield* start(
        new Map([
          [node(1), server(1)],
          [node(2), server(1)]
        ])
      )
      yield* seconds(1)
      assert.deepStrictEqual(timesOf(1), [0])
      assert.deepStrictEqual(signals, [down(node(1)), down(node(2))])
    })
  )

  it.effect("is not told of a node that is suspect no more", () =>
    Effect.gen(function* () {
      const { signals, suspects } = yield* start(suspecting(1), (name) =>
        Effect.as(Effect.sleep("1 second"), view(name, false, "SHUTOFF"))
      )
      yield* seconds(0.5)
      yield* SubscriptionRef.set(suspects, new Map())
      yield* seconds(5)
      assert.deepStrictEqual(signals, [])
    })
  )

  it.effect("is asked for as soon as an account has the server", () =>
    Effect.gen(function* () {
      let isOpen = false
      const { signals } = yield* start(suspecting(1), (name) =>
        Effect.succeed(isOpen ? view(name, false, "SHUTOFF") : undefined)
      )
      yield* seconds(120)
      assert.deepStrictEqual(signals, [])
      isOpen = true
      yield* seconds(3)
      assert.strictEqual(signals.length, 2)
    })
  )
})

describe("the account that is asked about a server", () => {
  /** Answers with its own name. */
  const named = (word: string, servers: ReadonlyArray<number>, more: Partial<AccountState> = {}): NetcupAccount =>
    account({
      state: Effect.succeed(
        accountState({ account: { servers: new Set(servers.map(server)), routes: new Map() }, ...more })
      ),
      inspect: (name) => Effect.succeed(view(name, undefined, word))
    })
  const trouble = (reason: Errors.NetcupErrorReason) => ({ trouble: { reason, retryAt: 0 } })
  const wordOf = (...accounts: ReadonlyArray<NetcupAccount>) =>
    Effect.map(ProviderLook.askBy(Effect.succeed(accounts))(server(1)), (answer) => answer?.word)

  it.effect("is one that has it", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* wordOf(named("a", [2]), named("b", [1, 2]), named("c", [1])), "b")
      assert.isUndefined(yield* wordOf(named("a", [2]), account()))
      assert.isUndefined(yield* wordOf())
    })
  )

  for (const [what, reason] of [
    ["whose credentials are refused", new Errors.InvalidCredentials({ message: "no" })],
    ["whose login has expired", new Errors.LoginExpired({ message: "no" })],
    ["that netcup limits", new Errors.RateLimited({ message: "no" })]
  ] as const) {
    it.effect(`is none ${what}`, () =>
      Effect.gen(function* () {
        assert.isUndefined(yield* wordOf(named("a", [1], trouble(reason))))
        assert.strictEqual(yield* wordOf(named("a", [1], trouble(reason)), named("b", [1])), "b")
      })
    )
  }

  it.effect("may be one that could not be reached just now", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* wordOf(named("a", [1], trouble(unreachable().reason))), "a")
    })
  )
})

describe("the layer that asks netcup", () => {
  /** Suspects the first two of these nodes, of an account with the servers 6 to 8. Gives what is heard. */
  const layer = Effect.fnUntraced(function* (
    nodes: ReadonlyArray<Candidate>,
    state: Effect.Effect<AccountState> = Effect.succeed(read())
  ) {
    const heard: Array<Signal> = []
    const netcup = account({ state, inspect: (name) => Effect.succeed(view(name, false, "SHUTOFF")) })
    yield* Layer.build(
      ProviderLook.layer.pipe(
        Layer.provide([
          Layer.mock(Detector, {
            suspects: Stream.concat(Stream.make(new Set([node(1), node(2)])), Stream.never),
            hear: (signal) => Effect.sync(() => void heard.push(signal))
          }),
          Layer.mock(Cluster, { seekers: Effect.succeed({ nodes, failover: NodeMapping.nobody.failover }) }),
          Layer.mock(Accounts, { open: Effect.succeed([netcup]) }),
          settingsOf()
        ])
      )
    )
    yield* seconds(1)
    return heard
  })
  const own = (n: number) => `203.0.113.${n}`
  const identity = (n: number) => ({ name: server(n), addresses: [address(`${own(n)}/32`).prefix], names: [] })
  const read = () =>
    accountState({
      account: { servers: new Set([6, 7, 8].map(server)), routes: new Map() },
      identities: new Map([6, 7, 8].map((n) => [server(n), identity(n)]))
    })
  const unannotated = { server: undefined }

  it.effect("asks about the servers of the nodes that the detector suspects, and tells the detector", () =>
    Effect.gen(function* () {
      const heard = yield* layer([
        candidate(1, { server: server(7) }),
        candidate(2, unannotated),
        candidate(3, { server: server(8) })
      ])
      assert.deepStrictEqual(heard, [down(node(1))])
    })
  )

  it.effect("asks about that of a node without annotation, too, if its address tells", () =>
    Effect.gen(function* () {
      const heard = yield* layer([candidate(1, { ...unannotated, addresses: [own(7)] }), candidate(2, unannotated)])
      assert.deepStrictEqual(heard, [down(node(1))])
    })
  )

  it.effect("does so as soon as the account has told which server it is", () =>
    Effect.gen(function* () {
      let state = accountState()
      const heard = yield* layer(
        [candidate(1, { ...unannotated, addresses: [own(7)] }), candidate(2, { server: server(8) })],
        Effect.sync(() => state)
      )
      assert.deepStrictEqual(heard, [])
      state = read()
      yield* seconds(1.5)
      assert.sameDeepMembers(heard, [down(node(1)), down(node(2))])
      // To find out again which server it is asks netcup nothing.
      yield* seconds(10)
      assert.isAtMost(heard.length, 2 * 7)
    })
  )

  it.effect("does not convict a node by what is said of a server that is perhaps another one's", () =>
    Effect.gen(function* () {
      const heard = yield* layer([
        // The annotation of one is belied by its address; the other is by its annotation what a third is by its address.
        candidate(1, { server: server(6), addresses: [own(7)] }),
        candidate(2, { server: server(8) }),
        candidate(3, { ...unannotated, addresses: [own(8)] })
      ])
      assert.deepStrictEqual(heard, [])
    })
  )
})
