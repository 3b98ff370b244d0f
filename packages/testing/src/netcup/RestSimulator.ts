/**
 * netcup's REST API and its login server over a {@link NetcupWorld}, on loopback: as strict as the contract, and able to fail in
 * every way. The world may be served by the SOAP simulator at the same time.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as HttpListener from "./HttpListener.ts"
import type { DeviceLevers } from "./LoginDevices.ts"
import * as LoginServer from "./LoginServer.ts"
import * as NetcupWorld from "./NetcupWorld.ts"
import * as RestApi from "./RestApi.ts"
import * as RestArrival from "./RestArrival.ts"
import * as RestFailure from "./RestFailure.ts"
import * as RestInjection from "./RestInjection.ts"
import * as RestJournal from "./RestJournal.ts"
import * as RestLimits from "./RestLimits.ts"
import { loginOperations } from "./RestOperation.ts"
import * as RestPanel from "./RestPanel.ts"
import * as RestRequest from "./RestRequest.ts"
import type { RestTask } from "./RestTask.ts"
import * as RestTasks from "./RestTasks.ts"
import * as RestVoice from "./RestVoice.ts"

export interface RestSimulatorOptions extends RestVoice.VoiceOptions, RestApi.ApiOptions, LoginServer.LoginOptions {
  /** The accounts to serve; absent: an empty world of its own. */
  readonly world?: NetcupWorld.NetcupWorld
  /** Absent: a free one. */
  readonly port?: number
  /** Per account; 10 in 5 minutes and 20 in 60 minutes when absent. `undefined`, or none at all: no limit. */
  readonly limits?: ReadonlyArray<RestLimits.RoutingLimit> | undefined
  /** 400 ms when absent: PENDING for the first quarter, then RUNNING, the change at the end. */
  readonly taskDuration?: Duration.Input
}

export interface TaskLevers {
  /** All tasks of all accounts, oldest first. */
  readonly all: Effect.Effect<ReadonlyArray<RestTask>>
  /** A routing by somebody else. */
  readonly startByPanel: (routing: RestPanel.PanelRouting) => Effect.Effect<RestTask>
  /** Lets a task that {@link RestTasks.TaskFault} holds go on; absent: all of them. */
  readonly release: (uuid?: string) => Effect.Effect<void>
  /** Waits until no task is under way. */
  readonly settled: Effect.Effect<void>
}

export interface RestSimulatorShape {
  /** Where the API is: `http://127.0.0.1:PORT/scp-core`. */
  readonly url: string
  /** Where the login server is: `http://127.0.0.1:PORT/realms/scp`. */
  readonly issuer: string
  readonly world: NetcupWorld.NetcupWorld
  readonly journal: RestJournal.RestJournal
  readonly awaitCall: RestJournal.RestJournal["awaitCall"]
  readonly inject: RestInjection.RestInjections["inject"]
  readonly tasks: TaskLevers
  /** Users who decide on logins by device flow. */
  readonly devices: DeviceLevers
  /** API and login server go down: connections are dropped and refused. Tasks go on. */
  readonly stop: Effect.Effect<void>
  /** Back on the same port. */
  readonly start: Effect.Effect<void>
  /** TCP connections so far. */
  readonly connections: Effect.Effect<number>
  /** The highest number of requests that were being handled together. */
  readonly mostAtOnce: Effect.Effect<number>
}

/** Serves until the scope closes. */
export const make = Effect.fn("RestSimulator.make")(function* (
  options: RestSimulatorOptions = {}
): Effect.fn.Return<RestSimulatorShape, never, Scope.Scope> {
  const world = options.world ?? (yield* NetcupWorld.make())
  const usual = options.taskDuration ?? "400 millis"
  const recorder = yield* RestJournal.make
  const injections = yield* RestInjection.make
  const voice = yield* RestVoice.make(options)
  const tasks = yield* RestTasks.make(usual)
  const limits = yield* RestLimits.make("limits" in options ? (options.limits ?? []) : RestLimits.documented)
  const api = RestApi.make({ world, tasks, limits }, options)
  const login = yield* LoginServer.make(world, options)

  const refuse = Effect.fnUntraced(function* (exchange: HttpListener.Exchange, { path, reply }: RestRequest.NoCall) {
    const id = yield* recorder.arrive({
      ...RestArrival.unknown,
      receivedAt: yield* Clock.currentTimeMillis,
      method: exchange.method,
      path
    })
    yield* recorder.update(id, { status: reply.status, outcome: reply.outcome })
    yield* exchange.send(yield* voice.say(reply))
  })

  const serve = Effect.fnUntraced(function* (exchange: HttpListener.Exchange, call: RestRequest.RestCall) {
    const receivedAt = yield* Clock.currentTimeMillis
    const arrival = RestArrival.of(yield* world.state, call, receivedAt)
    const { after, before, delayAfter, delayBefore, fault, task } =
      (yield* injections.take({ ...arrival, operation: call.operation })) ?? {}
    const id = yield* recorder.arrive(arrival)
    const isLogin = loginOperations.includes(call.operation)
    const issuer = `http://${exchange.headers.host ?? "127.0.0.1"}/realms/scp`
    const applied = Effect.flatMap(Clock.currentTimeMillis, (appliedAt) => recorder.update(id, { appliedAt }))

    const perform = Effect.gen(function* () {
      const reply = isLogin
        ? yield* login.perform(call, issuer)
        : yield* api.perform(call, { receivedAt, taskFault: task, applied })
      if (reply.taskId !== undefined) yield* recorder.update(id, { taskId: reply.taskId })
      return { answer: isLogin ? RestVoice.plainly(reply) : yield* voice.say(reply), outcome: reply.outcome }
    })

    if (before !== undefined) yield* before
    if (delayBefore !== undefined) yield* Effect.sleep(delayBefore)
    const truth = fault === undefined || RestFailure.applies(fault) ? yield* perform : undefined
    if (after !== undefined) yield* after
    if (delayAfter !== undefined) yield* Effect.sleep(delayAfter)
    // The journal is complete before the sender knows.
    if (fault !== undefined) {
      const failure = RestFailure.make(fault, truth?.answer, isLogin)
      const outcome = RestJournal.Outcome.Injected({ fault: fault._tag })
      yield* recorder.update(id, { outcome, ...(failure._tag === "Answer" ? { status: failure.answer.status } : {}) })
      return yield* RestFailure.enact(exchange, failure)
    }
    if (truth === undefined) return
    yield* recorder.update(id, { status: truth.answer.status, outcome: truth.outcome })
    yield* exchange.send(truth.answer)
  })

  const listener = yield* HttpListener.make(options.port ?? 0, (exchange) =>
    Result.match(RestRequest.decode(exchange), {
      onFailure: (noCall) => refuse(exchange, noCall),
      onSuccess: (call) => serve(exchange, call)
    })
  )

  return {
    url: `http://127.0.0.1:${listener.port}/scp-core`,
    issuer: `http://127.0.0.1:${listener.port}/realms/scp`,
    world,
    journal: recorder,
    awaitCall: recorder.awaitCall,
    inject: injections.inject,
    tasks: {
      all: tasks.all,
      startByPanel: RestPanel.make({ api, limits, tasks, usual, world }),
      release: tasks.release,
      settled: tasks.settled
    },
    devices: login.devices,
    stop: listener.stop,
    start: listener.start,
    connections: listener.connections,
    mostAtOnce: listener.mostAtOnce
  }
})

/** The simulator as a service; see {@link make}. */
export class RestSimulator extends Context.Service<RestSimulator, RestSimulatorShape>()(
  "@netcup-failover/testing/netcup/RestSimulator"
) {
  static readonly layer = (options?: RestSimulatorOptions) => Layer.effect(RestSimulator, make(options))
}
