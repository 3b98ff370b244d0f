/**
 * Scripts for the world by chance.
 */
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { oneOf } from "../Worlds.ts"
import type { Deed, Script } from "./World.ts"

/** Tenths of a second between two times, as ms. */
export const times = (from: number, to: number): Arbitrary.Arbitrary<number> =>
  Arbitrary.map(
    Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: from / 100, maximum: to / 100 }))),
    (tenths) => tenths * 100
  )

type Trouble = "power" | "kubelet" | "port" | "api" | "watch" | "netcup" | "cut" | "freeze" | "notReady"

/** It begins, and ends after a while. */
const deedsOf = (
  what: Trouble,
  node: number,
  side: number,
  from: number,
  length: number
): ReadonlyArray<readonly [number, Deed]> => {
  const [until, nodes] = [from + length, [0, 1, 2, 3, 4, 5]]
  switch (what) {
    case "power":
    case "kubelet":
    case "port":
      return [
        [from, { do: what, node, on: false }],
        [until, { do: what, node, on: true }]
      ]
    case "api":
    case "watch":
    case "netcup":
      return [
        [from, { do: what, on: false }],
        [until, { do: what, on: true }]
      ]
    case "cut":
      return [
        [from, { do: "cut", blocks: nodes.map((n) => (n > 0 && n <= node ? 1 : 0)), api: side }],
        [until, { do: "cut", blocks: nodes.map(() => 0), api: 0 }]
      ]
    case "freeze":
      return [[from, { do: "freeze", for: length }]]
    case "notReady":
      return [
        [from, { do: "declare", node, declared: { ready: "False" } }],
        [until, { do: "declare", node, declared: { ready: "True" } }]
      ]
  }
}

/** Up to so many troubles of these kinds, in two to five nodes. */
export const scripts = (most: number, first: Trouble, ...others: ReadonlyArray<Trouble>): Arbitrary.Arbitrary<Script> =>
  Arbitrary.map(
    Arbitrary.all({
      nodes: oneOf(2, 3, 4, 5),
      phases: Arbitrary.array(times(0, 10_000), { minLength: 5, maxLength: 5 }),
      firewalled: oneOf<ReadonlyArray<number>>([], [], [1], [1, 2, 3, 4]),
      self: oneOf<NonNullable<Script["self"]>>("known", "unknown"),
      troubles: Arbitrary.array(
        Arbitrary.all({
          what: oneOf(first, ...others),
          node: oneOf(1, 1, 2, 3),
          side: oneOf(0, 1),
          from: times(12_000, 60_000),
          length: Arbitrary.flatMap(oneOf(3_000, 14_000, 30_000, 75_000), (most) => times(100, most))
        }),
        { minLength: 1, maxLength: most }
      )
    }),
    ({ troubles, ...rest }) => ({
      ...rest,
      lasts: 150_000,
      deeds: troubles.flatMap(({ what, node, side, from, length }) => deedsOf(what, node, side, from, length))
    })
  )
