/**
 * Routing tasks that somebody else has started: in the panel, or by another client of the same account.
 */
import * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { NetcupWorld } from "./NetcupWorld.ts"
import type { RestApi } from "./RestApi.ts"
import type { RestLimits } from "./RestLimits.ts"
import type { RestTask } from "./RestTask.ts"
import type { RestTasks, TaskFault } from "./RestTasks.ts"

/** The test asked for a routing of what nobody has. */
class PanelMisused extends Schema.TaggedError<PanelMisused>()("PanelMisused", { message: Schema.String }) {}

export interface PanelRouting {
  readonly cidr: string
  /** By name; absent: an unroute. */
  readonly server?: string
  /**
   * How long ago it was started; now when absent. One that is over by now is history: it is in the task list and has not moved
   * the address. One that is not over moves it at its end.
   */
  readonly age?: Duration.Input
  /** Absent: the simulator's. */
  readonly duration?: Duration.Input
  readonly fault?: Exclude<TaskFault, { readonly _tag: "Take" }>
  /** Whether it takes a place within the account's limits; true when absent. */
  readonly counts?: boolean
}

/** What is done by others. They die of what no account has. */
export const make =
  ({
    api,
    limits,
    tasks,
    usual,
    world
  }: {
    readonly api: RestApi
    readonly limits: RestLimits
    readonly tasks: RestTasks
    readonly usual: Duration.Input
    readonly world: NetcupWorld
  }) =>
  (routing: PanelRouting): Effect.Effect<RestTask> =>
    Effect.gen(function* () {
      const { prefix } = yield* Effect.orDie(Effect.fromResult(FailoverAddress.parse(routing.cidr)))
      const account = (yield* world.state).find(({ addresses }) =>
        addresses.some(({ address }) => address.prefix === prefix)
      )
      if (account === undefined) {
        return yield* Effect.die(new PanelMisused({ message: `there is no failover address "${prefix}"` }))
      }
      const now = yield* Clock.currentTimeMillis
      const age = Duration.toMillis(Duration.fromInputUnsafe(routing.age ?? 0))
      const duration = Duration.toMillis(Duration.fromInputUnsafe(routing.duration ?? usual))
      const plan = api.routingTask(account.loginName, { prefix, server: routing.server }, Effect.void)
      if (routing.counts !== false) yield* limits.count(account.loginName, now - age)
      const { fault } = routing
      if (age < duration || fault?._tag === "Hold") {
        return yield* tasks.start({ ...plan, fault, duration, startedAt: now - age })
      }
      return yield* tasks.remember({ ...plan, fault, duration, startedAt: now - age })
    })
