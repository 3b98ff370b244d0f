/**
 * The tasks of a simulated REST API: they live on their own, whatever becomes of the request that started them.
 */
import type * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as LoginToken from "./LoginToken.ts"
import { isOver, type RestTask, type TaskName, type TaskState } from "./RestTask.ts"

/** What becomes of a task instead of the usual. */
export type TaskFault = Data.TaggedEnum<{
  /** Ends like that when it is time; nothing has changed. */
  End: { readonly state: "ERROR" | "CANCELED" | "ROLLBACK"; readonly message: string }
  /** Stays like that until it is released, then goes on. */
  Hold: { readonly at: "PENDING" | "RUNNING" }
  /** Takes so long. */
  Take: { readonly duration: Duration.Input }
}>
export const TaskFault = Data.taggedEnum<TaskFault>()

/** What to start. `apply` is the change, carried out when the task finishes; its failure is a sentence, and the task an `ERROR`. */
export interface TaskPlan {
  readonly name: TaskName
  readonly loginName: string
  readonly server: string | undefined
  readonly prefix: FailoverAddress.Prefix | undefined
  readonly apply: Effect.Effect<Result.Result<void, string>>
  readonly fault?: TaskFault | undefined
  /** ms since the epoch; absent: now. */
  readonly startedAt?: number
  /** Absent: the simulator's. */
  readonly duration?: Duration.Input | undefined
}

export interface RestTasks {
  /** All tasks of all accounts, oldest first. */
  readonly all: Effect.Effect<ReadonlyArray<RestTask>>
  readonly start: (plan: TaskPlan) => Effect.Effect<RestTask>
  /** A task that is over by now and whose change is none of ours. */
  readonly remember: (plan: TaskPlan) => Effect.Effect<RestTask>
  /** `undefined` when it is over already. */
  readonly cancel: (uuid: string) => Effect.Effect<RestTask | undefined>
  /** Lets a held task go on, or all of them. */
  readonly release: (uuid?: string) => Effect.Effect<void>
  /** Waits until no task is under way. */
  readonly settled: Effect.Effect<void>
}

const messages: Readonly<Record<TaskName, string>> = {
  RouteFailoverIpTask: "Failover IP routing is running.",
  ClearFailoverIpTask: "Removal of failover IP routing is running.",
  ServerStateChangeTask: "Server state change is running."
}

const canceled = "The task was canceled."

/** Tasks end with the scope, wherever they are. */
export const make = Effect.fn("RestTasks.make")(function* (usual: Duration.Input) {
  const ref = yield* SubscriptionRef.make<ReadonlyArray<RestTask>>([])
  const gates = new Map<string, Deferred.Deferred<void>>()
  const fibers = yield* FiberMap.make<string>()

  const update = (uuid: string, news: Partial<RestTask>) =>
    SubscriptionRef.update(ref, (tasks) => tasks.map((task) => (task.uuid === uuid ? { ...task, ...news } : task)))

  // By the clock and not by length: a fiber that comes late to its sleep does not end late.
  const sleepUntil = Effect.fnUntraced(function* (at: number) {
    const left = at - (yield* Clock.currentTimeMillis)
    if (left > 0) yield* Effect.sleep(left)
  })

  const end = Effect.fnUntraced(function* (uuid: string, state: TaskState, error?: string) {
    const finishedAt = yield* Clock.currentTimeMillis
    yield* update(uuid, { state, finishedAt, message: error ?? null, error })
  })

  const hold = (uuid: string) =>
    Effect.suspend(() => {
      const gate = gates.get(uuid)
      return gate === undefined ? Effect.void : Deferred.await(gate)
    })

  const run = Effect.fnUntraced(function* ({ duration, startedAt, uuid }: RestTask, { apply, fault }: TaskPlan) {
    yield* sleepUntil(startedAt + duration / 4)
    if (fault?._tag === "Hold" && fault.at === "PENDING") yield* hold(uuid)
    yield* update(uuid, { state: "RUNNING", runningSince: yield* Clock.currentTimeMillis })
    yield* sleepUntil(startedAt + duration)
    if (fault?._tag === "Hold" && fault.at === "RUNNING") yield* hold(uuid)
    if (fault?._tag === "End") return yield* end(uuid, fault.state, fault.message)
    const change = Effect.flatMap(apply, (result) =>
      Result.isSuccess(result) ? end(uuid, "FINISHED") : end(uuid, "ERROR", result.failure)
    )
    yield* Effect.uninterruptible(change)
  })

  const born = Effect.fnUntraced(function* (plan: TaskPlan) {
    const { fault, loginName, name, prefix, server } = plan
    const chosen = fault?._tag === "Take" ? fault.duration : (plan.duration ?? usual)
    const task: RestTask = {
      uuid: yield* LoginToken.uuid,
      name,
      loginName,
      state: "PENDING",
      startedAt: plan.startedAt ?? (yield* Clock.currentTimeMillis),
      duration: Duration.toMillis(Duration.fromInputUnsafe(chosen)),
      runningSince: undefined,
      finishedAt: undefined,
      message: messages[name],
      server,
      prefix,
      error: undefined
    }
    return task
  })

  const start = Effect.fnUntraced(function* (plan: TaskPlan) {
    const task = yield* born(plan)
    const { uuid } = task
    if (plan.fault?._tag === "Hold") gates.set(uuid, yield* Deferred.make<void>())
    yield* SubscriptionRef.update(ref, (tasks) => [...tasks, task])
    // Its first sleep is under way before anybody hears of the task.
    yield* FiberMap.run(fibers, uuid, run(task, plan))
    return task
  })

  const remember = Effect.fnUntraced(function* (plan: TaskPlan) {
    const { duration, startedAt, ...task } = yield* born(plan)
    const runningSince = startedAt + duration / 4
    const over = { ...task, startedAt, duration, runningSince, finishedAt: startedAt + duration }
    const { fault } = plan
    const ended =
      fault?._tag === "End"
        ? { state: fault.state, error: fault.message }
        : { state: "FINISHED" as const, error: undefined }
    const finished: RestTask = { ...over, ...ended, message: ended.error ?? null }
    yield* SubscriptionRef.update(ref, (tasks) => [...tasks, finished])
    return finished
  })

  const cancel = Effect.fnUntraced(function* (uuid: string) {
    const task = (yield* SubscriptionRef.get(ref)).find((one) => one.uuid === uuid)
    if (task === undefined || isOver(task)) return undefined
    if (task.state === "WAITING_FOR_CANCEL") return task
    yield* update(uuid, { state: "WAITING_FOR_CANCEL" })
    const wait = (yield* Clock.currentTimeMillis) + task.duration / 4
    // In place of what was under way.
    yield* FiberMap.run(fibers, uuid, Effect.andThen(sleepUntil(wait), end(uuid, "CANCELED", canceled)))
    return { ...task, state: "WAITING_FOR_CANCEL" } satisfies RestTask
  })

  const tasks: RestTasks = {
    all: SubscriptionRef.get(ref),
    start,
    remember,
    cancel,
    release: (uuid) =>
      Effect.suspend(() => {
        const open = uuid === undefined ? [...gates.values()] : [gates.get(uuid)].flatMap((gate) => gate ?? [])
        return Effect.forEach(open, (gate) => Deferred.succeed(gate, undefined), { discard: true })
      }),
    settled: SubscriptionRef.changes(ref).pipe(
      Stream.filter((all) => all.every(isOver)),
      Stream.runHead,
      Effect.asVoid
    )
  }
  return tasks
})
