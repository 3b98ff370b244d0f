import { assert, describe, it } from "@effect/vitest"
import { Fence } from "@netcup-failover/controller/act/Fence"
import { Ledgers } from "@netcup-failover/controller/act/Ledgers"
import { Reclaimer } from "@netcup-failover/controller/act/Reclaimer"
import { finalizer, type GroupResource } from "@netcup-failover/controller/observe/GroupResource"
import type { NetcupAccount } from "@netcup-failover/controller/observe/NetcupAccount"
import type { GroupObservation } from "@netcup-failover/controller/observe/Observation"
import { StatusReporter } from "@netcup-failover/controller/report/StatusReporter"
import { Wake } from "@netcup-failover/controller/Wake"
import type { Prefix } from "@netcup-failover/core/FailoverAddress"
import type * as Ledger from "@netcup-failover/core/Ledger"
import type { ServerName } from "@netcup-failover/core/ServerName"
import { Events } from "@netcup-failover/kubernetes/Events"
import * as KubeErrors from "@netcup-failover/kubernetes/KubeError"
import { NetcupError, Unreachable } from "@netcup-failover/netcup/NetcupError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import * as FakeKube from "../FakeKube.ts"
import * as Given from "../Given.ts"
import { settingsOf } from "../TestSettings.ts"

const { prefix } = Given.address("198.51.100.1/32")

const given = Given.resource({
  deletionTimestamp: "1970-01-01T00:00:00Z",
  spec: { reclaimPolicy: "Unroute" },
  status: { currentNode: Given.node(1), targetNode: Given.node(2) }
})
const leaving: GroupResource = { ...given, metadata: { ...given.metadata, finalizers: [finalizer] } }

interface Story {
  /** What is told later of the status. */
  readonly draft?: GroupResource["status"]
  /** What the ledger says that leaders before us have begun; absent: it is not read yet. */
  readonly begun?: () => ReadonlyMap<Prefix, Ledger.Entry> | undefined
  readonly status?: GroupResource["status"]
}

/** A group that is being deleted, of an account whose unroutes end as a test says, and what becomes of it. */
const start = Effect.fnUntraced(function* (unroute: NetcupAccount["unroute"], more: Story = {}) {
  const { draft, begun = () => new Map<Prefix, Ledger.Entry>(), status = leaving.status } = more
  const stored: GroupResource = { ...leaving, ...(status === undefined ? {} : { status }) }
  const patches: Array<unknown> = []
  let at: ServerName | undefined = Given.server(1)
  let trouble: NetcupError | undefined
  let conflicts = 0
  const layer = Reclaimer.layer.pipe(
    Layer.provide([
      settingsOf(),
      Wake.layer,
      Layer.succeed(Fence, Effect.succeed(true)),
      Layer.mock(Events, { record: () => Effect.void }),
      Layer.mock(StatusReporter, {
        newest: (one) => Effect.succeed(draft === undefined ? one : { ...one, status: draft }),
        reportSoon: () => Effect.void
      }),
      Layer.mock(Ledgers, {
        open: () => Effect.sync(() => begun() !== undefined),
        begunBefore: () => Effect.sync(() => begun() ?? new Map()),
        ask: () => Effect.succeed({ _tag: "Granted", ticket: { id: 1, epoch: 1 } }),
        commit: () => Effect.void,
        end: () => Effect.void
      }),
      FakeKube.layer(({ body }) =>
        Effect.suspend(() => {
          patches.push(body)
          return conflicts-- > 0
            ? Effect.fail(new KubeErrors.Conflict({ message: "the object has been modified" }))
            : Effect.succeed(leaving)
        })
      )
    ])
  )
  const reclaimer = yield* Effect.provide(Reclaimer, yield* Layer.build(layer))
  const observed = (): GroupObservation => {
    const known = { servers: new Set([Given.server(1), Given.server(2)]), routes: new Map(at && [[prefix, at]]) }
    const state = Given.accountState({
      account: known,
      ...(trouble === undefined ? {} : { trouble: { reason: trouble.reason, retryAt: Number.POSITIVE_INFINITY } })
    })
    return { resource: stored, account: { _tag: "Usable", account: Given.account({ unroute }), state } }
  }
  return {
    /** In how many ms it is to be looked at again, if time alone makes it. */
    look: Effect.fnUntraced(function* (moving: ReadonlyArray<string> = []) {
      const nodes = [Given.candidate(1), Given.candidate(2)]
      const again = yield* reclaimer.look([], [observed()], nodes, new Set(moving))
      yield* TestClock.adjust(0)
      return again === undefined ? undefined : again - (yield* Clock.currentTimeMillis)
    }),
    isAt: (server: ServerName | undefined) => {
      at = server
    },
    /** The next writes meet a newer version. */
    conflict: (times: number) => {
      conflicts = times
    },
    isInTrouble: (error: NetcupError) => {
      trouble = error
    },
    patches
  }
})

const silence = new NetcupError({ reason: new Unreachable({ message: "no answer" }) })

describe("the reclaimer", () => {
  it.effect("does not look again and again at what is due and cannot be done now", () =>
    Effect.gen(function* () {
      const group = yield* start(() => Effect.fail(silence))
      yield* group.look()
      const first = yield* group.look()
      assert.isAbove(first ?? 0, 0)
      // Its time comes, and by then the account has trouble: nothing can begin.
      group.isInTrouble(silence)
      yield* TestClock.adjust("30 seconds")
      assert.isAtLeast((yield* group.look()) ?? Number.POSITIVE_INFINITY, 1_000)
    })
  )

  it.effect("waits for a call that hangs, beyond its patience too, until that ends", () =>
    Effect.gen(function* () {
      const group = yield* start(() => Effect.never)
      yield* group.look()
      yield* TestClock.adjust("2 hours")
      assert.isAtLeast((yield* group.look()) ?? Number.POSITIVE_INFINITY, 1_000)
      assert.isEmpty(group.patches)
    })
  )

  it.effect("lets a group go only when no move of it is on its way any more, and takes back what came of that", () =>
    Effect.gen(function* () {
      const unrouted: Array<ServerName> = []
      const group = yield* start((_, server) => Effect.sync(() => void unrouted.push(server)))
      // Its first move: it is nowhere yet.
      group.isAt(undefined)
      yield* group.look([leaving.metadata.name])
      assert.isEmpty(group.patches)
      group.isAt(Given.server(2))
      yield* group.look()
      assert.deepStrictEqual(unrouted, [Given.server(2)])
      group.isAt(undefined)
      yield* group.look()
      assert.deepStrictEqual(group.patches, [{ metadata: { resourceVersion: "1", finalizers: [] } }])
    })
  )

  it.effect("takes back what was moved a moment ago, though the status that is stored does not tell of it yet", () =>
    Effect.gen(function* () {
      const unrouted: Array<ServerName> = []
      const group = yield* start((_, server) => Effect.sync(() => void unrouted.push(server)), {
        status: { currentNode: Given.node(1) },
        draft: { currentNode: Given.node(1), targetNode: Given.node(2) }
      })
      group.isAt(Given.server(2))
      yield* group.look()
      assert.deepStrictEqual(unrouted, [Given.server(2)])
      assert.isEmpty(group.patches)
    })
  )

  for (const status of [{}, { currentNode: Given.node(1) }]) {
    it.effect(
      `takes back what a leader moved that was killed before a status told of it, of a group that was ${status.currentNode === undefined ? "nowhere" : "elsewhere"}`,
      () =>
        Effect.gen(function* () {
          const unrouted: Array<ServerName> = []
          let begun: ReadonlyMap<Prefix, Ledger.Entry> | undefined
          const group = yield* start((_, server) => Effect.sync(() => void unrouted.push(server)), {
            status,
            begun: () => begun
          })
          group.isAt(Given.server(2))
          yield* group.look()
          assert.isEmpty(group.patches)
          const move = { id: 1, server: Given.server(2), purpose: "Failover", intendedAt: 0, recorded: false } as const
          begun = new Map([[prefix, { ...move, prefix, state: { _tag: "Done", at: 0 } }]])
          yield* group.look()
          assert.deepStrictEqual(unrouted, [Given.server(2)])
          assert.isEmpty(group.patches)
          group.isAt(undefined)
          yield* group.look()
          assert.lengthOf(group.patches, 1)
        })
    )
  }

  it.effect("tries again by itself when somebody else wrote at the same time", () =>
    Effect.gen(function* () {
      const group = yield* start(() => Effect.void)
      group.isAt(undefined)
      group.conflict(2)
      // The other's write is told while ours is under way: that wakes nobody any more.
      yield* group.look()
      for (const count of [1, 2]) {
        const again = (yield* group.look()) ?? Number.POSITIVE_INFINITY
        assert.isAbove(again, 0)
        assert.isAtMost(again, 4_000)
        assert.lengthOf(group.patches, count)
        yield* TestClock.adjust(Math.ceil(again))
        yield* group.look()
      }
      assert.lengthOf(group.patches, 3)
    })
  )

  it.effect("blocks no deletion for ever by a bug", () =>
    Effect.gen(function* () {
      const group = yield* start(() => Effect.die("a bug"))
      yield* group.look()
      yield* TestClock.adjust("2 hours")
      yield* group.look()
      assert.deepStrictEqual(group.patches, [{ metadata: { resourceVersion: "1", finalizers: [] } }])
    })
  )
})
