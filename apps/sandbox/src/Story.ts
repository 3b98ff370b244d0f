/**
 * The failover as a story, for a log: a node dies, then the leader with its node.
 */
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Board from "./Board.ts"
import * as Cast from "./Cast.ts"
import type { Sight, Theatre } from "./Theatre.ts"
import type { Timeline } from "./Timeline.ts"

/** What the story tells did not come about; the last table is shown. */
export class Stuck extends Schema.TaggedError<Stuck>()("Stuck", { message: Schema.String }) {}

const awaitSight = (theatre: Theatre, what: string, is: (sight: Sight) => boolean) =>
  theatre.sight.pipe(
    Effect.filterOrFail(is),
    Effect.retry(Schedule.spaced("100 millis")),
    Effect.timeout("60 seconds"),
    Effect.catch(() => Effect.fail(new Stuck({ message: `this did not happen within a minute: ${what}` })))
  )

const isRouted = (sight: Sight, name: string) =>
  sight.groups.some((group) => group.metadata.name === name && Stage.routed(group)?.status === "True")

const placeOf = (sight: Sight, name: string) =>
  sight.groups.find(({ metadata }) => metadata.name === name)?.status?.currentNode

const signsOf = (sight: Sight, name: string) =>
  sight.groups.find(({ metadata }) => metadata.name === name)?.status?.moves?.at(-1)?.signs ?? []

const show = Effect.fn(function* (theatre: Theatre, title: string, explains: boolean) {
  yield* Console.log(`\n${title}\n`)
  yield* Console.log(Board.render(yield* theatre.sight, theatre.isDead))
  if (explains) yield* Console.log(`\n${yield* theatre.explanation}`)
})

/** A death, and everything until the group is routed again. Gives how long that took, in seconds. */
const act = Effect.fn(function* (theatre: Theatre, timeline: Timeline, group: string, victim: string, also: string) {
  const at = yield* Clock.currentTimeMillis
  yield* timeline.note(`${victim} loses its power${also}`)
  yield* theatre.kill(victim)
  yield* awaitSight(
    theatre,
    `${group} leaves ${victim}`,
    (sight) => isRouted(sight, group) && placeOf(sight, group) !== victim
  )
  const seconds = ((yield* Clock.currentTimeMillis) - at) / 1000
  // What is seen is noted a moment later.
  yield* Effect.sleep("300 millis")
  yield* Console.log(`\n${yield* timeline.since(at)}`)
  yield* Console.log(`\nWhat convicted ${victim}, each with when it was seen first:`)
  for (const { sign, since } of signsOf(yield* theatre.sight, group)) {
    const after = (Date.parse(since) - at) / 1000
    const when = after < 0 ? `${(-after).toFixed(2)} s before its death` : `${after.toFixed(2)} s after its death`
    yield* Console.log(`${sign.padStart(14)}  ${when}`)
  }
  return seconds
})

/** @param explains whether each table is followed by why everything is where it is */
export const play = Effect.fn(function* (theatre: Theatre, timeline: Timeline, explains: boolean) {
  const begin = yield* awaitSight(
    theatre,
    "both groups are routed and a replica leads",
    (sight) => sight.leader !== undefined && Cast.groups.every(({ name }) => isRouted(sight, name))
  )
  // A signal that was never seen good is absent: each replica has to hear of each node first, more than once a second.
  yield* Effect.sleep("3 seconds")
  yield* show(theatre, "All groups are where they should be; netcup was asked, and nothing had to be moved.", explains)

  const first = placeOf(begin, "primary") ?? ""
  yield* Console.log(`\nFirst ${first} dies, which has the group "primary".`)
  const one = yield* act(theatre, timeline, "primary", first, "")
  yield* show(theatre, "The group has moved; the other one has not been touched.", explains)

  const leaderNode = Cast.replicas.find(({ name }) => name === begin.leader)?.node ?? ""
  yield* Console.log(`\nThen ${leaderNode} dies, which has the group "secondary", and the replica that leads.`)
  const two = yield* act(theatre, timeline, "secondary", leaderNode, `, and ${begin.leader} with it`)
  yield* show(theatre, "The other replica has taken over and moved the group.", explains)

  const changes = (yield* theatre.routings).length
  yield* Console.log(
    `\nDone. "primary" was back after ${one.toFixed(1)} s, "secondary" after ${two.toFixed(1)} s with a change of leader between; netcup was told ${changes} times for ${Cast.groups.flatMap(({ ips }) => ips).length} addresses. The cluster itself says NotReady later, here after 8 s, by default after 50 s. By default a node counts as dead 15 s after its last heartbeat and 5 s of silence, here after 2.5 s and 1.5 s; the Lease of who leads lasts 15 s, here 3 s.`
  )
})
