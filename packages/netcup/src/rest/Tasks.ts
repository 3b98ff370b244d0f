/**
 * What netcup is doing and has done, and waiting for it.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import { NetcupError, type NetcupErrorReason, TaskFailed, UnknownOutcome } from "../NetcupError.ts"
import * as ApiError from "./ApiError.ts"
import * as Paging from "./Paging.ts"
import { json } from "./RestCall.ts"
import type { RestTransport } from "./RestTransport.ts"
import { isFailure, Task } from "./Task.ts"

/** Which of the tasks; absent: all. */
export interface TaskFilter {
  /** netcup can't filter by `ROLLBACK`. */
  readonly state?: "PENDING" | "RUNNING" | "FINISHED" | "ERROR" | "WAITING_FOR_CANCEL" | "CANCELED"
  /** Found in the name, the uuid, or the server's name, nickname or uuid. */
  readonly q?: string
  readonly serverId?: number
}

/** The calls about tasks. */
export interface Tasks {
  /** The newest first, without their steps and errors. */
  readonly tasks: (filter?: TaskFilter) => Stream.Stream<Task, NetcupError>
  readonly task: (uuid: string) => Effect.Effect<Task, NetcupError>
  /** Asks for a task to be given up; `undefined`: it was over already. */
  readonly cancelTask: (uuid: string) => Effect.Effect<Task | undefined, NetcupError>
  /**
   * Waits until a task is over. Fails with `TaskFailed` when it did not do its work, and with `UnknownOutcome` when it is not over in
   * time, or netcup does not tell. A look that fails is repeated as long as there is time, except for what no look will mend.
   */
  readonly awaitTask: (task: Task | string) => Effect.Effect<Task, NetcupError>
}

/** Asking again with the same credentials can't help. */
const hopeless: ReadonlySet<NetcupErrorReason["_tag"]> = new Set(["InvalidCredentials", "LoginExpired"])

/** The calls over one transport. */
export const make = Effect.fnUntraced(function* ({ call, say, settings }: RestTransport) {
  const pages = yield* Paging.make(settings.pageSize)
  const list = json(Schema.Array(Task))
  const one = json(Task)
  const pathOf = (uuid: string) => `/api/v1/tasks/${encodeURIComponent(uuid)}`

  const task = (uuid: string) =>
    call({ operation: "task", kind: "read", method: "GET", path: () => pathOf(uuid), decode: one })

  const unknown = (uuid: string, message: string) =>
    new NetcupError({ reason: new UnknownOutcome({ message, taskId: uuid }) })

  /** The end of a task; `undefined`: it is not over. */
  const endOf = (seen: Task): Result.Result<Task, NetcupError> | undefined => {
    if (seen.state === "FINISHED") return Result.succeed(seen)
    if (!isFailure(seen.state)) return undefined
    const words = say((seen.responseError && ApiError.describe(seen.responseError)) || seen.message || "")
    const message = words || `the task ended as ${seen.state}`
    return Result.fail(new NetcupError({ reason: new TaskFailed({ message, taskId: seen.uuid, state: seen.state }) }))
  }

  const awaitTask = Effect.fn("RestClient.awaitTask")(function* (given: Task | string) {
    const uuid = typeof given === "string" ? given : given.uuid
    /** What is known of it, for who waits in vain. */
    const last = yield* Ref.make(typeof given === "string" ? "netcup has not told of it" : `it was ${given.state}`)

    const watch = Effect.gen(function* () {
      let end = typeof given === "string" ? undefined : endOf(given)
      let pause = settings.firstTaskPoll
      let wait = typeof given === "string" ? Duration.zero : pause
      while (end === undefined) {
        yield* Effect.sleep(wait)
        const look = yield* Effect.result(task(uuid))
        wait = Duration.times(pause, 0.75 + 0.5 * (yield* Random.next))
        pause = Duration.min(Duration.times(pause, 2), settings.longestTaskPoll)
        if (Result.isSuccess(look)) {
          yield* Ref.set(last, `it was ${say(look.success.state)}`)
          end = endOf(look.success)
        } else {
          const { reason } = look.failure
          if (hopeless.has(reason._tag))
            return yield* unknown(uuid, `task ${uuid} can't be followed: ${reason.message}`)
          yield* Ref.set(last, reason.message)
          if (reason._tag === "RateLimited" && reason.retryAt !== undefined) {
            wait = Duration.max(wait, Duration.millis(reason.retryAt - (yield* Clock.currentTimeMillis)))
          }
        }
      }
      return yield* Effect.fromResult(end)
    })

    return yield* watch.pipe(
      Effect.timeoutOrElse({
        duration: settings.taskTimeout,
        orElse: () =>
          Effect.flatMap(Ref.get(last), (words) =>
            Effect.fail(
              unknown(uuid, `task ${uuid} was not over after ${Duration.format(settings.taskTimeout)}: ${words}`)
            )
          )
      })
    )
  })

  return {
    tasks: ({ q, serverId, state } = {}) =>
      pages.all(
        ({ uuid }) => uuid,
        (limits) =>
          call({
            operation: "tasks",
            kind: "read",
            method: "GET",
            path: () => "/api/v1/tasks",
            query: { ...limits, q, serverId, state },
            decode: list
          })
      ),
    task,
    cancelTask: (uuid) =>
      call({
        operation: "cancelTask",
        kind: "change",
        method: "PUT",
        path: () => `${pathOf(uuid)}:cancel`,
        decode: (answer) => (answer.status === 204 ? Result.succeed(undefined) : one(answer))
      }),
    awaitTask
  } satisfies Tasks
})
