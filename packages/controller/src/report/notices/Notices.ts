/**
 * Tells a receiver by webhook what an operator should know: moves, failures, dying credentials.
 *
 * Flow: each pass of the loop shows the groups as they are stored; a worker of the leader's term finds what is news, sends the oldest,
 * writes down that it was told, and looks again. Guarantees: nobody waits for it; a notice is told at least once while its news is
 * true and the receiver takes it, and twice only if the controller dies between the answer and the write (`docs/decisions/0011-notices.md`). Caveat: what
 * is over before it could be told, such as a failure, is not told any more.
 */
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import { Fence } from "../../act/Fence.ts"
import * as Metrics from "../../Metrics.ts"
import type { GroupResource } from "../../observe/GroupResource.ts"
import * as Pace from "../../Pace.ts"
import { Settings } from "../../Settings.ts"
import * as Memory from "./Memory.ts"
import * as News from "./News.ts"
import * as Notice from "./Notice.ts"
import * as NoticeStore from "./NoticeStore.ts"
import * as Webhook from "./Webhook.ts"

/** Shows the groups as they are stored. Returns at once; does nothing where no receiver is set. */
export class Notices extends Context.Reference<{
  readonly look: (groups: ReadonlyArray<GroupResource>) => Effect.Effect<void>
}>("@netcup-failover/controller/report/notices/Notices", {
  defaultValue: () => ({ look: () => Effect.void })
}) {}

/** The longest pause between two attempts; they start at a second and double. */
const longestPause = Duration.minutes(1)

/** Until what could not be written down is tried again. */
const writePause = Duration.seconds(5)

/** After so many in vain another notice has its turn: it may be this one that the receiver stumbles over. */
const triesInARow = 5

/** What is being sent when the term ends may be answered until so long after it was sent, ms: the Lease waits for that. */
const lastWords = 1_000

const outcomes = { Delivered: "delivered", Refused: "refused", Failed: "failed" } as const

const make = Effect.fnUntraced(function* (receiver: Webhook.Receiver) {
  yield* Metrics.beginNotices(Notice.kinds)
  const client = yield* HttpClient.HttpClient
  const kube = yield* KubeClient
  const mayAct = yield* Fence
  const settings = yield* Settings
  const grace = Duration.toMillis(settings.noticeGrace)
  const store = yield* Effect.provideService(NoticeStore.make(settings.namespace), KubeClient, kube)

  let groups: ReadonlyArray<GroupResource> = []
  const shown = yield* Queue.sliding<void>(1)

  /** By key, how often a notice was sent in vain; `Infinity`: the receiver refuses it for good, so not again in this term. */
  let tries: ReadonlyMap<string, number> = new Map()
  /** Told and not yet written down. */
  let unwritten: ReadonlyArray<Memory.Telling> = []
  let failures = 0
  /** Since when (monotonic ms) the receiver owes us an answer. */
  let askedAt: number | undefined

  const pauseFor = (asked: number | undefined) =>
    Effect.map(Random.next, (chance) =>
      Duration.millis(Math.max(asked ?? 0, Pace.backoff(failures, chance, longestPause)))
    )

  const rememberAll = (memory: Memory.Memory) => unwritten.reduce(Memory.remember, memory)

  const writeDown = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const uids = new Set(groups.map(({ metadata }) => metadata.uid))
    const secrets = new Set(News.bySecret(groups).keys())
    const memory = yield* store.change((before) => Memory.prune(rememberAll(before), uids, secrets, now))
    unwritten = []
    return memory
  })

  /** Sends one, and writes down that it was told. Gives how long to wait then. */
  const tell = Effect.fnUntraced(function* ({ notice, telling }: News.News) {
    const { kind, key } = notice
    askedAt = yield* Monotonic.now
    const delivery = yield* Webhook.send(client, receiver, notice)
    askedAt = undefined
    yield* Metric.update(Metrics.notices(kind, outcomes[delivery._tag]), 1)
    switch (delivery._tag) {
      case "Delivered":
        failures = 0
        unwritten = [...unwritten, telling]
        yield* Effect.logInfo("notice delivered", { kind, key })
        return undefined
      case "Refused":
        tries = new Map(tries).set(key, Number.POSITIVE_INFINITY)
        yield* Effect.logError("notice refused: it is not sent again", { kind, key, message: delivery.message })
        return undefined
      case "Failed":
        failures += 1
        tries = new Map(tries).set(key, (tries.get(key) ?? 0) + 1)
        if (failures === 1) yield* Effect.logWarning("notice not delivered: tried again", { kind, key, ...delivery })
        return yield* pauseFor(delivery.pause)
    }
  })

  const patienceWith = ({ notice }: News.News) => Math.floor((tries.get(notice.key) ?? 0) / triesInARow)

  /** Of the news the oldest that may be taken, and how long until its time comes (ms). */
  const next = Effect.fnUntraced(function* (memory: Memory.Memory) {
    const now = yield* Clock.currentTimeMillis
    const all = News.of(groups, memory, now, grace)
    const keys = new Set(all.map(({ notice }) => notice.key))
    tries = new Map([...tries].filter(([key]) => keys.has(key)))
    const open = all.filter(({ notice }) => tries.get(notice.key) !== Number.POSITIVE_INFINITY)
    const due = open.filter(({ dueAt }) => dueAt <= now).sort((a, b) => patienceWith(a) - patienceWith(b))
    const news = due[0] ?? open[0]
    return { news, wait: news === undefined ? Number.POSITIVE_INFINITY : news.dueAt - now }
  })

  /** What is known to be told after writing it down, whether that worked or not. */
  const noteDown = Effect.fnUntraced(function* (memory: Memory.Memory) {
    if (unwritten.length === 0) return memory
    const written = yield* Effect.result(writeDown)
    if (Result.isSuccess(written)) return written.success
    // It is known here all the same, and written with the next.
    yield* Effect.logWarning("what was told is not written down: tried again", written.failure)
    return memory
  })

  const restOfLastWords = Effect.map(Monotonic.now, (now) => Math.max(0, lastWords - (now - (askedAt ?? now))))

  const worker = Effect.gen(function* () {
    let memory = yield* store.open
    while (true) {
      const { news, wait } = yield* next(rememberAll(memory))
      if (news !== undefined && wait <= 0 && (yield* mayAct)) {
        const [pause, known] = yield* lasting(
          Effect.all([tell(news), Effect.suspend(() => noteDown(memory))]),
          restOfLastWords
        )
        memory = known
        if (pause !== undefined) yield* Effect.sleep(pause)
      } else {
        const again = unwritten.length > 0 || wait <= 0 ? Duration.toMillis(writePause) : wait
        yield* Effect.raceFirst(Queue.take(shown), Effect.sleep(Duration.millis(Math.min(again, Memory.newsFor))))
        memory = yield* noteDown(memory)
      }
    }
  })

  yield* worker.pipe(
    // A defect is a bug; silence, unnoticed, would be a worse one.
    Effect.catchCause((cause) =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.failCause(cause)
        : Effect.andThen(Effect.logWarning("notices cannot be sent: tried again", cause), Effect.sleep(writePause))
    ),
    Effect.forever,
    // Before anything was shown there is nothing to tell.
    (telling) => Effect.andThen(Queue.take(shown), telling),
    Effect.forkScoped
  )

  return {
    look: (now: ReadonlyArray<GroupResource>) =>
      Effect.suspend(() => {
        groups = now
        return Effect.asVoid(Queue.offer(shown, undefined))
      })
  }
})

/** When it is interrupted it may still come to its end for a moment (ms): who takes over would have to say it twice. */
const lasting = <A, E>(effect: Effect.Effect<A, E>, moment: Effect.Effect<number>): Effect.Effect<A, E> =>
  Effect.flatMap(Effect.forkDetach(effect), (fiber) =>
    Fiber.join(fiber).pipe(
      Effect.onInterrupt(() =>
        Effect.flatMap(moment, (millis) =>
          Effect.andThen(Effect.timeoutOption(Fiber.await(fiber), Duration.millis(millis)), Fiber.interrupt(fiber))
        )
      )
    )
  )

/** One for the leader's term. */
export const layer = Layer.unwrap(
  Effect.map(Settings, ({ noticeUrl, noticeFormat: format, noticeTimeout: timeout }) =>
    Option.match(noticeUrl, {
      onNone: () => Layer.empty,
      onSome: (url) => Layer.effect(Notices, make({ url, format, timeout }))
    })
  )
)
