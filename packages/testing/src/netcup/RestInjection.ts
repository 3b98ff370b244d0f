/**
 * The faults of the REST API that a test can ask for.
 */
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { Json } from "../embedded/JsonValue.ts"
import * as CallInjections from "./CallInjections.ts"
import type { TaskFault } from "./RestTasks.ts"

/** What the sender gets instead of the true answer. */
export type InjectedFault = Data.TaggedEnum<
  CallInjections.Faults & {
    /** Any status; without a `body` the API's usual one (of 401: none). The call is not carried out unless `applied`. */
    Status: Partial<CallInjections.Applied> & {
      readonly status: number
      readonly body?: Json
      readonly headers?: Readonly<Record<string, string>>
    }
  }
>
export const InjectedFault = Data.taggedEnum<InjectedFault>()

export interface InjectionRule extends CallInjections.CallRule<InjectedFault> {
  /** What becomes of the task: such a rule matches only calls that start one, and is used up by them even if they are refused. */
  readonly task?: TaskFault
}

export type RestInjections = CallInjections.CallInjections<InjectionRule, CallInjections.Subject>

export const make: Effect.Effect<RestInjections> = CallInjections.make(
  ({ task }: InjectionRule, { operation, routing }) =>
    task === undefined || routing !== undefined || operation === "patchServer"
)
