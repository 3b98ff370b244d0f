import { assert, describe, it } from "@effect/vitest"
import { Detector } from "@netcup-failover/controller/observe/Detector"
import * as LeaseSource from "@netcup-failover/controller/observe/LeaseSource"
import { NodeName } from "@netcup-failover/core/Candidate"
import type { Judged } from "@netcup-failover/core/detect/Detection"
import type { Signal } from "@netcup-failover/core/detect/Signal"
import { fromDeclared } from "@netcup-failover/core/Verdict"
import { Forbidden, KubeError, NotFound, ServerError, Unreachable } from "@netcup-failover/kubernetes/KubeError"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as TestClock from "effect/testing/TestClock"
import * as FakeKube from "../FakeKube.ts"

const path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"

/** What a signal says, in short: `Renewed node-1`. */
const short = (signal: Signal): string => ("node" in signal ? `${signal._tag} ${signal.node}` : signal._tag)

const names = (...nodes: ReadonlyArray<number>) => new Set(nodes.map((n) => NodeName.make(`node-${n}`)))

/** A source of an API that has these Leases, by the number of their node; `renewed` is what counts of each. */
const start = Effect.fnUntraced(function* (...nodes: ReadonlyArray<number>) {
  let version = 1
  const leases = new Map(nodes.map((n) => [`node-${n}`, "first"]))
  const heard: Array<string> = []
  const asked: Array<string> = []
  const connections: Array<Queue.Queue<string, KubeError | Cause.Done>> = []
  /** What becomes of reading one Lease, if not what it is. */
  let refusal: NotFound | ServerError | undefined
  let refused = ""
  /** Whether the Leases may not be watched. */
  let isForbidden = false
  const declared = fromDeclared({ ready: "True", deleting: false })
  let judged: Judged = {
    verdicts: new Map([...names(...nodes)].map((name) => [name, declared])),
    suspects: new Set(),
    overdue: new Set(),
    nextAt: undefined,
    convicted: new Map(),
    together: new Map()
  }
  const overdue = yield* SubscriptionRef.make<ReadonlySet<NodeName>>(new Set())
  const silences = yield* Queue.unbounded<number>()
  /** When the server answered last; it is answering if absent. */
  let answeredAt: number | undefined
  let doubts = 0
  /** How long reading a Lease takes, by its name, in ms. */
  const delays = new Map<string, number>()

  const object = (name: string) => ({
    metadata: { name, namespace: "kube-node-lease", uid: name, resourceVersion: `${version}`, labels: {} },
    spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: leases.get(name) }
  })

  const kube = FakeKube.layer(
    (request, isUrgent) =>
      Effect.suspend((): Effect.Effect<unknown, NotFound | ServerError> => {
        asked.push(request.path.slice(path.length))
        if (request.path === path) {
          const items = [...leases.keys()].map(object)
          return Effect.succeed({ metadata: { resourceVersion: `${version}` }, items })
        }
        const name = request.path.slice(path.length + 1)
        if (!isUrgent) return Effect.die("a Lease that is overdue is waited for")
        if (refusal !== undefined && name.startsWith(refused)) return Effect.fail(refusal)
        return Effect.delay(
          Effect.sync(() => object(name)),
          delays.get(name) ?? 0
        )
      }),
    () =>
      Effect.gen(function* () {
        if (isForbidden)
          return yield* new KubeError({ request: "WATCH", reason: new Forbidden({ message: "no such right" }) })
        const queue = yield* Queue.unbounded<string, KubeError | Cause.Done>()
        connections.push(queue)
        return Stream.fromQueue(queue)
      }),
    {
      silences: Stream.fromQueue(silences),
      answeredAt: Effect.suspend(() => (answeredAt === undefined ? Monotonic.now : Effect.succeed(answeredAt))),
      doubt: Effect.sync(() => {
        doubts += 1
      })
    }
  )
  const detector = Layer.mock(Detector, {
    hear: (signal) => Effect.sync(() => void heard.push(short(signal))),
    judged: Effect.sync(() => judged),
    overdue: SubscriptionRef.changes(overdue)
  })
  const source = yield* LeaseSource.make({
    watchIdleLimit: Duration.seconds(90),
    leaseWatchIdleLimit: Duration.seconds(12),
    leaseRetryPeriod: Duration.seconds(2)
  }).pipe(Effect.provide([kube, detector]))
  const pass = (seconds: number) =>
    Effect.repeat(TestClock.adjust("500 millis"), { times: Math.max(0, seconds * 2 - 1) })
  yield* pass(1)

  const line = Effect.fnUntraced(function* (type: string, body: unknown) {
    const queue = connections.at(-1)
    if (queue !== undefined) yield* Queue.offer(queue, JSON.stringify({ type, object: body }))
    yield* TestClock.adjust("1 millis")
  })
  /** A kubelet renews, and the watch tells. */
  const renew = Effect.fnUntraced(function* (n: number, time: string) {
    version += 1
    leases.set(`node-${n}`, time)
    yield* line("MODIFIED", object(`node-${n}`))
  })

  return {
    source,
    leases,
    pass,
    line,
    renew,
    connections,
    object,
    overdue: (...nodes: ReadonlyArray<number>) =>
      Effect.andThen(SubscriptionRef.set(overdue, names(...nodes)), TestClock.adjust("1 millis")),
    /** To read Leases, or the one of this name. */
    refuse: (reason: NotFound | ServerError | undefined, name = "") => {
      refusal = reason
      refused = name
    },
    /** Reading the Lease of this node takes so long from now on, in ms. */
    delay: (n: number, millis: number) => void delays.set(`node-${n}`, millis),
    /** Connections that were made until now are doubted. */
    silence: Effect.gen(function* () {
      yield* Queue.offer(silences, yield* Monotonic.now)
      yield* TestClock.adjust("1 millis")
    }),
    /** How often it has doubted them itself. */
    doubts: () => doubts,
    forbid: (now: boolean) => {
      isForbidden = now
    },
    forgetNodes: () => {
      judged = { ...judged, verdicts: new Map() }
    },
    bookmark: Effect.suspend(() => {
      version += 1
      return line("BOOKMARK", { metadata: { resourceVersion: `${version}` } })
    }),
    /** The server answers nothing any more, or answers again. */
    hang: Effect.fnUntraced(function* (now: boolean) {
      answeredAt = now ? yield* Monotonic.now : undefined
    }),
    /** A request had no answer, which says nothing good of connections that were made before then. */
    silenceOf: (before: number) => Effect.andThen(Queue.offer(silences, before), TestClock.adjust("1 second")),
    /** The connection breaks. */
    cut: Effect.suspend(() => {
      const queue = connections.at(-1)
      const error = new KubeError({ request: "WATCH", reason: new Unreachable({ message: "reset" }) })
      return queue === undefined ? Effect.void : Effect.andThen(Queue.fail(queue, error), TestClock.adjust("1 millis"))
    }),
    /** Since it was asked last. */
    heard: () => heard.splice(0),
    asked: () => asked.splice(0)
  }
})

describe("the source of Leases", () => {
  it.effect("takes the first sight of a Lease for no renewal, and each new time of it for one", () =>
    Effect.gen(function* () {
      const api = yield* start(1, 2)
      assert.deepStrictEqual(api.heard(), ["LeasesLost", "LeasesHeard"])
      yield* api.renew(1, "second")
      assert.deepStrictEqual(api.heard(), ["Renewed node-1"])
      yield* api.renew(1, "second")
      assert.deepStrictEqual(api.heard(), [])
      // By a clock that was set back.
      yield* api.renew(1, "first")
      assert.deepStrictEqual(api.heard(), ["Renewed node-1"])
      yield* api.line("ADDED", { ...api.object("node-3"), spec: { renewTime: "first" } })
      yield* api.line("MODIFIED", { ...api.object("node-3"), spec: { renewTime: null } })
      yield* api.line("MODIFIED", { ...api.object("node-3"), spec: { renewTime: "second" } })
      assert.deepStrictEqual(api.heard(), ["Renewed node-3"])
      yield* api.line("DELETED", api.object("node-2"))
      yield* api.line("ADDED", { ...api.object("node-2"), spec: { renewTime: "second" } })
      assert.deepStrictEqual(api.heard(), [])
    })
  )

  it.effect("takes bookmarks for a proof, and renewals for none", () =>
    Effect.gen(function* () {
      const api = yield* start(1)
      api.heard()
      yield* api.bookmark
      assert.deepStrictEqual(api.heard(), ["LeasesHeard"])
      yield* api.renew(1, "second")
      assert.deepStrictEqual(api.heard(), ["Renewed node-1"])
    })
  )

  it.effect("says when the watch is lost and when it is back, and what was renewed meanwhile", () =>
    Effect.gen(function* () {
      const api = yield* start(1, 2)
      api.heard()
      yield* api.cut
      assert.deepStrictEqual(api.heard(), ["LeasesLost"])
      api.leases.set("node-1", "second")
      yield* api.pass(2)
      assert.deepStrictEqual(api.heard(), ["LeasesHeard"])
      yield* api.line("MODIFIED", api.object("node-1"))
      assert.deepStrictEqual(api.heard(), ["Renewed node-1"])
      assert.strictEqual((yield* api.source.health)._tag, "Live")
    })
  )

  it.effect("says that Leases tell nothing any more where the server refuses them for a minute, and not sooner", () =>
    Effect.gen(function* () {
      const api = yield* start(1, 2)
      api.heard()
      api.forbid(true)
      yield* api.cut
      yield* api.pass(55)
      const soon = api.heard()
      assert.isNotEmpty(soon)
      assert.isTrue(soon.every((signal) => signal === "LeasesLost"))
      yield* api.pass(25)
      assert.strictEqual(api.heard().at(-1), "LeasesForbidden")
      api.forbid(false)
      yield* api.pass(15)
      assert.strictEqual(api.heard().at(-1), "LeasesHeard")
      // The next refusal is a new one.
      api.forbid(true)
      yield* api.cut
      yield* api.pass(30)
      assert.notInclude(api.heard(), "LeasesForbidden")
    })
  )

  it.effect("lists anew where the server has forgotten, and tells renewals of that list", () =>
    Effect.gen(function* () {
      const api = yield* start(1, 2)
      api.heard()
      api.leases.set("node-1", "second")
      api.leases.delete("node-2")
      yield* api.line("ERROR", { kind: "Status", code: 410, reason: "Expired", message: "too old" })
      yield* api.pass(2)
      assert.deepStrictEqual(api.heard(), ["LeasesLost", "Renewed node-1", "LeasesHeard"])
      // It was gone, so that this is its first sight again.
      yield* api.line("ADDED", { ...api.object("node-2"), spec: { renewTime: "second" } })
      assert.deepStrictEqual(api.heard(), [])
    })
  )

  it.effect("makes the watch anew when it is silent though two kubelets should renew", () =>
    Effect.gen(function* () {
      const api = yield* start(1, 2, 3)
      yield* api.renew(1, "second")
      yield* api.renew(2, "second")
      yield* api.pass(11)
      assert.strictEqual(api.connections.length, 1)
      assert.strictEqual(api.doubts(), 0)
      yield* api.pass(3)
      assert.strictEqual(api.connections.length, 2)
      // Quieter watches may be on the same machine.
      assert.strictEqual(api.doubts(), 1)
      // Nobody has renewed for so long that nobody is expected to.
      yield* api.pass(60)
      const settled = api.connections.length
      assert.isAtMost(settled, 5)
      yield* api.pass(60)
      assert.strictEqual(api.connections.length, settled)
    })
  )

  it.effect("makes the watch anew when another request had no answer, but not one that was made since", () =>
    Effect.gen(function* () {
      const api = yield* start(1, 2)
      yield* api.pass(10)
      yield* api.silenceOf(5_000)
      assert.strictEqual(api.connections.length, 2)
      api.heard()
      // All that was asked before is slow, and says so late: the new watch has nothing to do with it.
      for (let n = 0; n < 10; n++) yield* api.silenceOf(6_000)
      assert.strictEqual(api.connections.length, 2)
      assert.deepStrictEqual(api.heard(), [])
    })
  )

  it.effect(
    "takes a server that answers nothing for more than four seconds for one that kubelets cannot reach either, once",
    () =>
      Effect.gen(function* () {
        const api = yield* start(1, 2)
        api.heard()
        yield* api.hang(true)
        yield* api.pass(4)
        assert.deepStrictEqual(api.heard(), [])
        yield* api.pass(6)
        assert.deepStrictEqual(api.heard(), ["LeasesLost"])
        yield* api.hang(false)
        yield* api.pass(3)
        yield* api.hang(true)
        yield* api.pass(8)
        assert.deepStrictEqual(api.heard(), ["LeasesLost"])
      })
  )

  it.effect(
    "takes a server whose watch tells of renewals for none that hangs, though none of our calls is answered",
    () =>
      Effect.gen(function* () {
        const api = yield* start(1, 2)
        api.heard()
        yield* api.hang(true)
        for (const time of ["1", "2", "3"]) {
          yield* api.pass(3)
          yield* api.renew(1, time)
        }
        assert.deepStrictEqual(api.heard(), ["Renewed node-1", "Renewed node-1", "Renewed node-1"])
        yield* api.pass(6)
        assert.deepStrictEqual(api.heard(), ["LeasesLost"])
      })
  )

  it.effect("leaves a silent watch alone where one kubelet renews, or none that is a node's", () =>
    Effect.gen(function* () {
      const api = yield* start(1, 2, 3)
      yield* api.renew(1, "second")
      yield* api.pass(30)
      assert.strictEqual(api.connections.length, 1)
      yield* api.renew(1, "third")
      yield* api.renew(2, "third")
      api.forgetNodes()
      yield* api.pass(30)
      assert.strictEqual(api.connections.length, 1)
    })
  )

  it.effect("reads Leases that seem overdue, all before it says that they are not renewed", () =>
    Effect.gen(function* () {
      const api = yield* start(1, 2)
      api.heard()
      api.asked()
      yield* api.overdue(1)
      assert.deepStrictEqual([api.asked(), api.heard()], [["/node-1"], ["LeasesHeard"]])
      yield* api.overdue()
      yield* api.pass(5)
      assert.deepStrictEqual([api.asked(), api.heard()], [[], []])
      api.leases.set("node-2", "second")
      yield* api.overdue(1, 2)
      assert.deepStrictEqual(api.asked(), ["/node-1", "/node-2"])
      assert.deepStrictEqual(api.heard(), ["Renewed node-2", "LeasesHeard"])
      yield* api.overdue()
      // The watch tells the same later.
      yield* api.line("MODIFIED", api.object("node-2"))
      assert.deepStrictEqual(api.heard(), [])
    })
  )

  it.effect("takes an answer that took long for time in which kubelets could not renew either", () =>
    Effect.gen(function* () {
      const api = yield* start(1, 2)
      api.heard()
      api.delay(1, 4_500)
      yield* api.overdue(1)
      yield* api.pass(4)
      api.delay(1, 0)
      yield* api.pass(2)
      assert.deepStrictEqual(api.heard(), ["LeasesLost", "LeasesHeard"])
    })
  )

  it.effect("reads no Lease more often than each 2 s, and trusts nothing while one cannot be read", () =>
    Effect.gen(function* () {
      const api = yield* start(1, 2)
      api.refuse(new ServerError({ status: 500, message: "no" }))
      api.heard()
      api.asked()
      yield* api.overdue(1)
      yield* api.overdue(1, 2)
      yield* api.overdue(2)
      yield* api.overdue(1, 2)
      yield* api.pass(1)
      assert.deepStrictEqual(
        [api.asked(), api.heard()],
        [
          ["/node-1", "/node-2"],
          ["LeasesLost", "LeasesLost"]
        ]
      )
      yield* api.pass(4)
      assert.deepStrictEqual(api.asked(), ["/node-1", "/node-2", "/node-1", "/node-2"])
      assert.deepStrictEqual(new Set(api.heard()), new Set(["LeasesLost"]))
      api.refuse(new ServerError({ status: 500, message: "no" }), "node-2")
      yield* api.pass(2)
      assert.deepStrictEqual(api.heard(), ["LeasesLost"])
      // That there is none is an answer, too.
      api.refuse(new NotFound({ message: "no such Lease" }))
      yield* api.pass(2)
      assert.deepStrictEqual(api.heard(), ["LeasesHeard"])
    })
  )

  it.effect("reads one that becomes overdue meanwhile at once, and begins nothing again for it", () =>
    Effect.gen(function* () {
      const api = yield* start(1, 2, 3)
      api.heard()
      api.asked()
      api.delay(1, 1_500)
      yield* api.overdue(1)
      yield* api.pass(1)
      yield* api.overdue(1, 2)
      assert.deepStrictEqual(api.asked(), ["/node-1", "/node-2"])
      // Not before all were read: the first may have been renewed.
      assert.deepStrictEqual(api.heard(), [])
      api.leases.set("node-1", "second")
      yield* TestClock.adjust("600 millis")
      assert.deepStrictEqual([api.asked(), api.heard()], [[], ["Renewed node-1", "LeasesHeard"]])
    })
  )

  it.effect("is not kept by a stream of others from proving what it has read", () =>
    Effect.gen(function* () {
      const api = yield* start(1, 2, 3, 4, 5)
      for (const n of [1, 2, 3, 4, 5]) api.delay(n, 400)
      api.heard()
      api.asked()
      for (const nodes of [[1], [1, 2], [1, 2, 3], [1, 2, 3, 4], [1, 2, 3, 4, 5]]) {
        yield* api.overdue(...nodes)
        yield* TestClock.adjust("300 millis")
      }
      yield* TestClock.adjust("200 millis")
      assert.deepStrictEqual(
        [api.asked(), api.heard()],
        [["/node-1", "/node-2", "/node-3", "/node-4", "/node-5"], ["LeasesHeard"]]
      )
    })
  )

  it.effect("takes an API server that answers late for one that kept kubelets waiting, too", () =>
    Effect.gen(function* () {
      const api = yield* start(1, 2)
      api.delay(2, 4_500)
      api.heard()
      yield* api.overdue(1, 2)
      yield* api.pass(5)
      assert.deepStrictEqual(api.heard(), ["LeasesLost"])
    })
  )

  it.effect("takes nothing that was read long ago for a proof", () =>
    Effect.gen(function* () {
      const api = yield* start(1, 2, 3)
      api.delay(2, 3_900)
      api.delay(3, 1_000)
      api.heard()
      yield* api.overdue(1, 2)
      yield* api.pass(1)
      // Read again at 2 s, until 5.9 s.
      api.delay(1, 3_900)
      for (const seconds of [1, 1, 0.5]) yield* TestClock.adjust(Duration.seconds(seconds))
      yield* api.overdue(1, 3)
      yield* TestClock.adjust("1100 millis")
      assert.deepStrictEqual(api.heard(), [])
      yield* TestClock.adjust("1400 millis")
      assert.deepStrictEqual(api.heard(), ["LeasesHeard"])
    })
  )

  it.effect("resumes a watch whose machine is doubted, and takes that for no loss and no proof", () =>
    Effect.gen(function* () {
      const api = yield* start(1, 2)
      yield* api.renew(1, "second")
      api.heard()
      api.asked()
      yield* api.silence
      api.leases.set("node-2", "second")
      yield* api.pass(1)
      assert.deepStrictEqual([api.connections.length, api.asked(), api.heard()], [2, [], []])
      assert.strictEqual((yield* api.source.health)._tag, "Live")
      yield* api.line("MODIFIED", api.object("node-2"))
      assert.deepStrictEqual(api.heard(), ["Renewed node-2"])
      // One that was resumed since is not resumed again.
      yield* api.pass(1)
      assert.strictEqual(api.connections.length, 2)
    })
  )
})
