/**
 * Tasks: how netcup does what takes longer than a request.
 */
import * as Schema from "effect/Schema"
import { ApiError } from "./ApiError.ts"
import { informative } from "./Informative.ts"
import { RestTime } from "./RestTime.ts"

/**
 * One of `PENDING RUNNING FINISHED ERROR WAITING_FOR_CANCEL CANCELED ROLLBACK`, or one that came later, which is taken for not over.
 */
const TaskState = Schema.String

const Step = Schema.Struct({
  uuid: Schema.optionalKey(Schema.String),
  name: Schema.optionalKey(Schema.String),
  state: Schema.optionalKey(TaskState),
  startedAt: informative(RestTime),
  finishedAt: informative(RestTime)
})

/** A task of which only `uuid`, `name` and `state` decide anything; a list tells neither `steps` nor `responseError`. `message` is what netcup says of it as it runs. */
export const Task = Schema.Struct({
  uuid: Schema.NonEmptyString,
  name: Schema.optionalKey(Schema.String),
  state: TaskState,
  startedAt: informative(RestTime),
  finishedAt: informative(RestTime),
  message: informative(Schema.String),
  executingUser: informative(
    Schema.Struct({ id: Schema.optionalKey(Schema.Int), username: Schema.optionalKey(Schema.String) })
  ),
  taskProgress: informative(
    Schema.Struct({
      /** A guess of netcup's, which may lie before the start. */
      expectedFinishedAt: Schema.optionalKey(RestTime),
      progressInPercent: Schema.optionalKey(Schema.Finite)
    })
  ),
  onRollback: informative(Schema.Boolean),
  steps: informative(Schema.Array(Step)),
  responseError: informative(ApiError)
})
export type Task = typeof Task.Type

/** How a task ended that did not do what it was made for. */
const Failure = Schema.Literals(["ERROR", "CANCELED", "ROLLBACK"])
/** The states of a task that ended without doing its work. */
export const isFailure = Schema.is(Failure)

/** Does it route an address, or take a route away? */
export const isRouting = ({ name }: Task): boolean => name === "RouteFailoverIpTask" || name === "ClearFailoverIpTask"
