/**
 * What happened, as it is seen from outside: nodes, the Lease, netcup's journal, statuses. Each with the time since the last cut.
 */
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Cast from "./Cast.ts"
import type { Sight, Theatre } from "./Theatre.ts"

export interface Happening {
  /** ms since the epoch */
  readonly at: number
  readonly text: string
}

/** What one look shows that the look before it did not. */
const news = (before: Sight, after: Sight, at: number): ReadonlyArray<Happening> => {
  const texts: Array<string> = []
  for (const [node, ready] of after.ready) {
    if (before.ready.get(node) !== ready) texts.push(`${node} is Ready=${ready} now`)
  }
  if (after.leader !== before.leader && after.leader !== undefined) texts.push(`${after.leader} leads`)
  for (const group of after.groups) {
    const old = before.groups.find(({ metadata }) => metadata.name === group.metadata.name)
    const [was, is] = [old === undefined ? undefined : Stage.routed(old), Stage.routed(group)]
    const isMoved = old?.status?.currentNode !== group.status?.currentNode
    if (is === undefined || (!isMoved && was?.status === is.status && was.reason === is.reason)) continue
    texts.push(`${group.metadata.name}: Routed=${is.status} (${is.reason}), ${is.message}`)
  }
  return texts.map((text) => ({ at, text }))
}

/** Watches until the scope ends. */
export const watch = Effect.fn(function* (theatre: Theatre) {
  const happenings: Array<Happening> = []
  let told = 0
  let before = yield* theatre.sight

  const look = Effect.gen(function* () {
    const calls = yield* theatre.routings
    for (const { receivedAt, routing, status = 0 } of calls.slice(told)) {
      const node = Cast.nodes.find(({ server }) => server === routing?.server)?.name ?? routing?.server
      const said = status < 400 ? "" : `, and refuses (HTTP ${status})`
      happenings.push({ at: receivedAt, text: `netcup is told to route ${routing?.prefix} to ${node}${said}` })
    }
    told = calls.length
    const after = yield* theatre.sight
    happenings.push(...news(before, after, yield* Clock.currentTimeMillis))
    before = after
  })
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.ignore(look), Effect.sleep("50 millis"))))

  return {
    note: (text: string) =>
      Effect.flatMap(Clock.currentTimeMillis, (at) => Effect.sync(() => void happenings.push({ at, text }))),
    /** What happened since `at`, in order, as lines. */
    since: (at: number) =>
      Effect.sync(() =>
        happenings
          .filter((happening) => happening.at >= at)
          .toSorted((a, b) => a.at - b.at)
          .map(({ at: then, text }) => `${((then - at) / 1000).toFixed(2).padStart(7)} s  ${text}`)
          .join("\n")
      )
  }
})

export type Timeline = Effect.Success<ReturnType<typeof watch>>
