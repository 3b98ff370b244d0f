/**
 * Two leaders by force: the old one stands still in the middle of a move, another takes over and finishes, and the old one goes on
 * where it stood.
 */
import { assert } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { suite } from "../Suite.ts"
import * as Kill from "./Kill.ts"
import * as Move from "./Move.ts"

const sides = ["before", "after"] as const

/** The requests before which a leader may stand still, as far as there are any over this API. */
const kinds = ["PATCH group/status", "PUT ledger", "changeIPRouting", "route", "task"]

/**
 * Freezes the leader at that point, and the request with it; what the request comes to, its sender hears when all is over.
 *
 * Caveat: a call that was sent to netcup before cannot be taken back by anybody. It is held only after netcup carried it out.
 */
const freeze = Effect.fn("Frozen.freeze")(function* (
  cast: Move.Cast,
  expected: Kill.Undisturbed["outcome"],
  point: Kill.Point
) {
  const move = yield* Move.prepare(cast)
  const { leader, proxy } = move
  yield* Move.ready(yield* move.start("second"))
  const stands = yield* Deferred.make<void>()
  const goOn = yield* Deferred.make<void>()
  const act = leader.freeze.pipe(
    Effect.andThen(Deferred.succeed(stands, undefined)),
    Effect.andThen(Deferred.await(goOn))
  )
  yield* Kill.at(move, point, act, { kills: false })
  yield* move.fail
  yield* Deferred.await(stands)
  const frozen = (yield* proxy.journal.requests({ verb: "PUT", path: /\/configmaps\// })).at(-1)
  yield* Move.heldBy("second")
  yield* move.moved
  // At once: what it waits for it gives up after five seconds by itself.
  const before = (yield* move.netcup).length

  yield* Deferred.succeed(goOn, undefined)
  if (Move.kindOf(point.request) === "PUT ledger" && point.side === "before") {
    // Its write comes, late, and is refused.
    const { truth } = yield* proxy.awaitRequest({
      where: ({ id, truth }) => id === frozen?.id && truth !== undefined
    })
    assert.strictEqual(truth, 409)
  }
  yield* leader.thaw
  yield* leader.log.pipe(
    Effect.repeat({
      until: (text) => text.includes("no longer leading"),
      schedule: Schedule.spaced("100 millis")
    })
  )
  yield* move.quiet
  const said = (yield* move.netcup).slice(before).filter(({ operation }) => Move.isChange(operation))
  assert.deepStrictEqual(said, [])
  assert.deepStrictEqual(yield* move.outcome, expected)
}, Effect.scoped)

suite("a leader that stands still", { patience: 240_000 }, (scenario) => {
  scenario(
    "in the middle of a move and goes on when another has finished it: its ledger write fails, it sends nothing and steps down",
    Effect.gen(function* () {
      const { outcome, requests } = yield* Kill.undisturbed(Move.pair)
      const points = kinds.flatMap((kind): ReadonlyArray<Kill.Point> => {
        const request = requests.find((one) => Move.kindOf(one) === kind)
        if (request === undefined) return []
        const possible = Move.isChange(kind) ? (["after"] as const) : sides
        return possible.map((side) => ({ request, side }))
      })
      assert.isAtLeast(points.length, 5)
      for (const point of points) {
        yield* Effect.logInfo(Kill.textOf(point))
        yield* freeze(Move.pair, outcome, point)
      }
    })
  )
})
