/**
 * The leader of a move killed at one of its requests.
 */
import { assert } from "@effect/vitest"
import { KubeFault } from "@netcup-failover/testing/kubernetes/KubeInjection"
import { InjectedFault } from "@netcup-failover/testing/netcup/SoapInjection"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Move from "./Move.ts"

/** `before`: the request never leaves. `after`: it is carried out, and nobody hears of it. */
export interface Point {
  readonly request: Move.Request
  readonly side: "before" | "after"
}

export const textOf = ({ request, side }: Point): string => `${side} ${Move.textOf(request)}`

/** What is seen without a kill: the requests of the move, and what came of it. */
export const undisturbed = Effect.fn("Kill.undisturbed")(function* (cast: Move.Cast) {
  const move = yield* Move.prepare(cast)
  yield* move.fail
  yield* move.moved
  yield* move.quiet
  const outcome = yield* move.outcome
  for (const { servers, cidr } of outcome.changes) assert.lengthOf(servers, 1, cidr)
  assert.strictEqual(outcome.limited, 0)
  return { requests: yield* move.requests, outcome }
}, Effect.scoped)

export type Undisturbed = Effect.Success<ReturnType<typeof undisturbed>>

/** Has `act` done at that point; with `kills` nobody hears of the request from then on. */
export const at = (
  { proxy, stage }: Move.Move,
  { request, side }: Point,
  act: Effect.Effect<void>,
  { kills }: { readonly kills: boolean }
) => {
  const applied = side === "after"
  const when = { skip: request.nth, times: 1, [side]: act }
  if (request.to === "kubernetes") {
    const { path, verb } = request
    const fault = kills ? { fault: KubeFault.Reset({ applied }) } : {}
    return proxy.inject({ ...when, verb, path: (other) => other === path, ...fault })
  }
  const { cidr, operation } = request
  const about = cidr === undefined ? { operation } : { operation, cidr }
  const fault = kills ? { fault: InjectedFault.Reset({ applied }) } : {}
  return stage.simulator.inject({ ...when, ...about, ...fault })
}

/**
 * The same move with the leader killed there. `standby`: another replica stands by; else the killed one is started again.
 *
 * Gives whether the request came at all: writes that are folded are sometimes fewer.
 */
export const play = Effect.fn("Kill.play")(function* (
  cast: Move.Cast,
  expected: Undisturbed["outcome"],
  point: Point,
  standby: boolean
) {
  const move = yield* Move.prepare(cast)
  if (standby) yield* Move.ready(yield* move.start("second"))
  const killed = yield* Deferred.make<void>()
  const kill = Effect.andThen(
    Effect.sync(() => process.kill(move.leader.pid, "SIGKILL")),
    Effect.asVoid(Deferred.succeed(killed, undefined))
  )
  const rule = yield* at(move, point, kill, { kills: true })
  yield* move.fail
  const reached = yield* Effect.raceFirst(
    Effect.as(Deferred.await(killed), true),
    Effect.as(Effect.andThen(move.moved, move.quiet), false)
  )
  yield* rule.remove
  if (!reached) yield* kill
  if (!standby) yield* move.start("again")
  yield* Move.heldBy(standby ? "second" : "again")
  yield* move.moved
  yield* move.quiet
  assert.deepStrictEqual(yield* move.outcome, expected)
  return reached
}, Effect.scoped)
