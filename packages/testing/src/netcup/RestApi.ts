/**
 * What the REST API answers to an understood call: views of the world and its tasks, and the calls that start one.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Json } from "../embedded/JsonValue.ts"
import * as LoginSessions from "./LoginSessions.ts"
import * as NetcupState from "./NetcupState.ts"
import type { NetcupWorld } from "./NetcupWorld.ts"
import type { RestLimits } from "./RestLimits.ts"
import * as RestLists from "./RestLists.ts"
import * as RestReply from "./RestReply.ts"
import type { RestCall } from "./RestRequest.ts"
import * as RestRouting from "./RestRouting.ts"
import * as RestServerPatch from "./RestServerPatch.ts"
import * as RestServerView from "./RestServerView.ts"
import * as RestTask from "./RestTask.ts"
import type { RestTasks, TaskFault, TaskPlan } from "./RestTasks.ts"
import * as RestViews from "./RestViews.ts"

export interface ApiOptions {
  /** Whether requests that are refused (429, 400, 404) count for the limits too; false when absent. */
  readonly countRefused?: boolean
  /** Whether a 429 says `Retry-After`; false when absent. */
  readonly retryAfter?: boolean
  readonly pageSize?: RestLists.PageSize
}

/** How a call came, and what is to become of the task that it may start. */
export interface Circumstances {
  /** ms since the epoch. */
  readonly receivedAt: number
  readonly taskFault: TaskFault | undefined
  /** Told when the change took effect. */
  readonly applied: Effect.Effect<void>
}

export interface RestApi {
  readonly perform: (call: RestCall, circumstances: Circumstances) => Effect.Effect<RestReply.RestReply>
  /** The task of a routing, told of or not. Its failure is the sentence that the task ends with. */
  readonly routingTask: (
    loginName: string,
    routing: { readonly prefix: RestRouting.Routing["prefix"]; readonly server: string | undefined },
    applied: Effect.Effect<void>
  ) => Pick<TaskPlan, "name" | "loginName" | "server" | "prefix" | "apply">
}

interface Parts {
  readonly world: NetcupWorld
  readonly tasks: RestTasks
  readonly limits: RestLimits
}

const reply = (result: Result.Result<Json, RestReply.RestReply>): RestReply.RestReply =>
  Result.match(result, { onFailure: (refusal) => refusal, onSuccess: (body) => RestReply.ok(body) })

const started = (task: RestTask.RestTask, account: NetcupState.Account): RestReply.RestReply => ({
  ...RestReply.ok(RestTask.full(task, RestViews.userMinimal(account)), 202),
  taskId: task.uuid
})

export const make = ({ limits, tasks, world }: Parts, options: ApiOptions): RestApi => {
  const pageSize = options.pageSize ?? {}

  const routingTask: RestApi["routingTask"] = (loginName, { prefix, server }, applied) => ({
    name: server === undefined ? "ClearFailoverIpTask" : "RouteFailoverIpTask",
    loginName,
    server,
    prefix,
    apply: world
      .modify((state, now): readonly [Result.Result<void, string>, NetcupState.NetcupState] =>
        Result.match(RestRouting.apply(state, loginName, prefix, server, now), {
          onFailure: (message) => [Result.fail(message), state],
          onSuccess: (changed) => [Result.void, changed]
        })
      )
      .pipe(Effect.tap((result) => (Result.isSuccess(result) ? applied : Effect.void)))
  })

  const route = Effect.fnUntraced(function* (
    account: NetcupState.Account,
    call: RestCall,
    request: RestRouting.RoutingRequest,
    { applied, receivedAt, taskFault }: Circumstances
  ) {
    const { loginName } = account
    const place = yield* limits.take(loginName, receivedAt)
    if ("retryAt" in place) {
      if (options.countRefused === true) yield* limits.count(loginName, receivedAt)
      const seconds = Math.ceil((place.retryAt - (yield* Clock.currentTimeMillis)) / 1000)
      const headers = options.retryAfter === true ? { "retry-after": String(Math.max(0, seconds)) } : {}
      return { ...RestReply.refused(429, limits.message), headers }
    }
    const objection = RestRouting.objection(call.body)
    const checked = objection === undefined ? RestRouting.check(account, request) : Result.fail(objection)
    if (Result.isFailure(checked)) {
      if (options.countRefused !== true) yield* limits.giveBack(place.id)
      return checked.failure
    }
    const { prefix, server } = checked.success
    const plan = routingTask(loginName, { prefix, server: server?.name }, applied)
    return started(yield* tasks.start({ ...plan, fault: taskFault }), account)
  })

  const patchServer = Effect.fnUntraced(function* (
    account: NetcupState.Account,
    server: NetcupState.Server,
    call: RestCall,
    { applied, taskFault }: Circumstances
  ) {
    const read = RestServerPatch.read(call.body, call.query.stateOption)
    if (Result.isFailure(read)) return read.failure
    const patch = read.success
    const change = (changes: Partial<NetcupState.Server>) =>
      Effect.andThen(
        world.modify((state) => [
          undefined,
          NetcupState.replaceServer(state, server.name, (one) => ({ ...one, ...changes }))
        ]),
        applied
      )
    if (patch.kind === "names") {
      yield* change(patch.change)
      return RestReply.ok({})
    }
    const task = yield* tasks.start({
      name: "ServerStateChangeTask",
      loginName: account.loginName,
      server: server.name,
      prefix: undefined,
      apply: Effect.as(change({ state: patch.state, status: NetcupState.powerOf(patch.state) }), Result.void),
      fault: taskFault
    })
    return started(task, account)
  })

  const ofServer = Effect.fnUntraced(function* (
    account: NetcupState.Account,
    call: RestCall,
    circumstances: Circumstances
  ) {
    const { serverId = "" } = call.parameters
    const server = account.servers.find(({ id }) => String(id) === serverId)
    if (server === undefined) return RestReply.notFound("Server", serverId)
    switch (call.operation) {
      case "server":
        return RestReply.ok(RestServerView.server(account, server, call.query.loadServerLiveInfo !== "false"))
      case "interfaces":
        return RestReply.ok(RestServerView.interfaces(account, server, call.query.loadRdns !== "false"))
      default:
        return yield* patchServer(account, server, call, circumstances)
    }
  })

  const ofTask = Effect.fnUntraced(function* (account: NetcupState.Account, call: RestCall) {
    const { uuid = "" } = call.parameters
    const task = (yield* tasks.all).find((one) => one.uuid === uuid && one.loginName === account.loginName)
    if (task === undefined) return RestReply.notFound("Task", uuid)
    const shown = (one: RestTask.RestTask) => RestTask.full(one, RestViews.userMinimal(account))
    if (call.operation === "task") return RestReply.ok(shown(task))
    const canceled = yield* tasks.cancel(uuid)
    return canceled === undefined ? RestReply.silent(204) : RestReply.ok(shown(canceled), 202)
  })

  const asked = Effect.fnUntraced(function* (
    account: NetcupState.Account,
    call: RestCall,
    circumstances: Circumstances
  ) {
    const routing = RestRouting.requestOf(call)
    if (routing !== undefined) return yield* route(account, call, routing, circumstances)
    switch (call.operation) {
      case "servers":
        return RestReply.ok(RestLists.servers(account, call, pageSize))
      case "user":
        return RestReply.ok(RestViews.user(account))
      case "failoverIpsV4":
        return RestReply.ok(RestViews.failoverIps(account, "IPv4", call.query))
      case "failoverIpsV6":
        return RestReply.ok(RestViews.failoverIps(account, "IPv6", call.query))
      case "tasks":
        return reply(RestLists.tasks(account, yield* tasks.all, call, pageSize))
      case "task":
      case "cancelTask":
        return yield* ofTask(account, call)
      default:
        return yield* ofServer(account, call, circumstances)
    }
  })

  const perform: RestApi["perform"] = Effect.fnUntraced(function* (call, circumstances) {
    if (call.operation === "ping") {
      return call.objection ?? { ...RestReply.silent(200), plain: "OK" }
    }
    if (call.bearer === undefined) return RestReply.unauthenticated("no token", "Bearer")
    const found = LoginSessions.findAccess(yield* world.state, call.bearer)
    if (found === undefined || !LoginSessions.isAccepted(found.token, yield* Clock.currentTimeMillis)) {
      return RestReply.unauthenticated("the token is not accepted", 'Bearer error="invalid_token"')
    }
    const { account } = found
    const { userId } = call.parameters
    if (userId !== undefined && userId !== String(account.userId)) {
      return RestReply.misunderstood(403, "That is another user.")
    }
    return call.objection ?? (yield* asked(account, call, circumstances))
  })

  return { perform, routingTask }
}
