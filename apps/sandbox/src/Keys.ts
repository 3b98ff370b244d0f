/**
 * The sandbox in a person's hands: a live table, and keys.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Terminal from "effect/Terminal"
import * as Board from "./Board.ts"
import * as Cast from "./Cast.ts"
import type { Theatre } from "./Theatre.ts"
import type { Timeline } from "./Timeline.ts"

const help = "1-4 kill or revive a node   g add a group   l limit netcup   q quit"

/** Clears the screen, the cursor at its top. */
const clear = "\u001b[2J\u001b[H"

/** @param explains whether the table is followed by why everything is where it is */
export const play = Effect.fn(function* (theatre: Theatre, timeline: Timeline, explains: boolean) {
  const terminal = yield* Terminal.Terminal
  const keys = yield* terminal.readInput
  const beganAt = yield* Clock.currentTimeMillis
  let unlimited: Effect.Effect<void> | undefined

  const draw = Effect.gen(function* () {
    const lines = (yield* timeline.since(beganAt)).split("\n")
    const limit = unlimited === undefined ? "" : "   netcup refuses every change: l lets it"
    const kubectl = `kubectl --kubeconfig ${theatre.kubeconfig} get netcupfailoverips -w`
    const board = Board.render(yield* theatre.sight, theatre.isDead)
    const why = explains ? `${yield* theatre.explanation}\n\n` : ""
    yield* terminal.display(`${clear}${board}\n\n${why}${lines.slice(-12).join("\n")}\n\n${help}${limit}\n${kubectl}\n`)
  })
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.ignore(draw), Effect.sleep("500 millis"))))

  const press = Effect.fn(function* (key: string) {
    const node = Cast.nodes[Number(key) - 1]?.name
    if (node !== undefined) {
      const isDead = theatre.isDead(node)
      yield* timeline.note(isDead ? `${node} starts again` : `${node} loses its power`)
      yield* isDead ? theatre.revive(node) : theatre.kill(node)
    } else if (key === "g") {
      const name = yield* theatre.addGroup()
      yield* timeline.note(name === undefined ? "no address is left for another group" : `${name} is created`)
    } else if (key === "l") {
      yield* timeline.note(unlimited === undefined ? "netcup refuses every change" : "netcup permits changes again")
      const lift = unlimited
      unlimited = lift === undefined ? yield* theatre.limit : undefined
      yield* lift ?? Effect.void
    }
  })

  const obey = Effect.flatMap(Queue.take(keys), ({ key }) =>
    key.name === "q" || (key.ctrl && key.name === "c")
      ? Effect.succeed(true)
      : Effect.as(Effect.ignore(press(key.name)), false)
  )
  // The input ends when the terminal is closed: as good as q.
  yield* Effect.ignore(Effect.repeat(obey, { until: (quits) => quits }))
})
