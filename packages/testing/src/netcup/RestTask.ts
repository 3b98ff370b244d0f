/**
 * A task of the REST API and how it is shown.
 */
import type * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import { hash32 } from "@netcup-failover/core/Fnv1a"
import * as DateTime from "effect/DateTime"
import type { Json, JsonObject } from "../embedded/JsonValue.ts"

export type TaskState = "PENDING" | "RUNNING" | "FINISHED" | "ERROR" | "WAITING_FOR_CANCEL" | "CANCELED" | "ROLLBACK"

export const taskStates: ReadonlyArray<string> = [
  "PENDING",
  "RUNNING",
  "FINISHED",
  "ERROR",
  "WAITING_FOR_CANCEL",
  "CANCELED",
  "ROLLBACK"
]

export type TaskName = "RouteFailoverIpTask" | "ClearFailoverIpTask" | "ServerStateChangeTask"

/** Times in ms since the epoch. */
export interface RestTask {
  readonly uuid: string
  readonly name: TaskName
  readonly loginName: string
  readonly state: TaskState
  readonly startedAt: number
  /** What it takes when nothing comes between. */
  readonly duration: number
  readonly runningSince: number | undefined
  readonly finishedAt: number | undefined
  readonly message: string | null
  /** The server that it is about. */
  readonly server: string | undefined
  readonly prefix: FailoverAddress.Prefix | undefined
  readonly error: string | undefined
}

export const isOver = ({ state }: RestTask): boolean =>
  state === "FINISHED" || state === "ERROR" || state === "CANCELED" || state === "ROLLBACK"

/** With more decimals than a clock of milliseconds has, the same for the same `salt`: 6 of what is stored, 9 of what is just made. */
const instant = (at: number | undefined, salt: string, decimals: 6 | 9): string | null => {
  if (at === undefined) return null
  const more = String(hash32(salt) % 10 ** (decimals - 3)).padStart(decimals - 3, "0")
  return DateTime.formatIso(DateTime.makeUnsafe(at)).replace("Z", `${more}Z`)
}

const progressOf = (task: RestTask) => {
  if (isOver(task)) return 100
  return task.state === "PENDING" ? 0 : 50
}

/** As lists have it: without steps, result and error. `user` is the one who started it. */
export const minimal = (task: RestTask, user: JsonObject): JsonObject => {
  const decimals = task.state === "PENDING" ? 9 : 6
  return {
    uuid: task.uuid,
    name: task.name,
    state: task.state,
    startedAt: instant(task.startedAt, task.uuid, decimals),
    finishedAt: instant(task.finishedAt, `${task.uuid} end`, 6),
    executingUser: user,
    taskProgress: {
      // What a task that is not over expects is no use: it lies before its start.
      expectedFinishedAt: isOver(task)
        ? instant(task.finishedAt, `${task.uuid} end`, 6)
        : instant(task.startedAt - 1, task.uuid, decimals),
      progressInPercent: progressOf(task)
    },
    message: task.message,
    // Documented, and in no recorded answer.
    ...(task.state === "ROLLBACK" ? { onRollback: true } : {})
  }
}

const stepState = (task: RestTask): TaskState => (task.state === "ROLLBACK" ? "ERROR" : task.state)

const steps = (task: RestTask): Json =>
  [`${task.name}Step`, `${task.name}LogStep`].map((name, at) => {
    const later = at > 0 && !isOver(task)
    return {
      uuid: task.uuid.replace(/.$/u, String(at)),
      name,
      state: later ? "PENDING" : stepState(task),
      startedAt: later ? null : instant(task.runningSince, `${task.uuid} step`, 6),
      finishedAt: instant(task.finishedAt, `${task.uuid} step end`, 6)
    }
  })

export const full = (task: RestTask, user: JsonObject): JsonObject => ({
  ...minimal(task, user),
  steps: steps(task),
  result: {},
  responseError: task.error === undefined ? null : { code: null, message: task.error },
  serverActionId: null
})
