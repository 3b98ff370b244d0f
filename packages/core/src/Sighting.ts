/**
 * A sign against a node with the time at which it was seen first: what a conviction is told by.
 */
import { clock, renderSign, type Sign } from "./Verdict.ts"

export interface Sighting {
  /** `Gone`: there is no such Node any more. */
  readonly sign: Sign["_tag"] | "Gone"
  /** In ms since the epoch. */
  readonly since: number
  /** The end of "the node …", with the time. */
  readonly words: string
}

const seen = (words: string, since: number) => `${words} (seen at ${clock(since)})`

/** @param heardAt when it was first heard, in ms since the epoch, for signs that don't have a time of their own */
export const of = (sign: Sign, heardAt: number): Sighting =>
  "since" in sign
    ? { sign: sign._tag, since: sign.since, words: renderSign(sign) }
    : { sign: sign._tag, since: heardAt, words: seen(renderSign(sign), heardAt) }

/** @param heardAt when the Node was missed first, in ms since the epoch */
export const gone = (heardAt: number): Sighting => ({ sign: "Gone", since: heardAt, words: seen("is gone", heardAt) })

/** When the first of them was seen, in ms since the epoch; `undefined`: there are none. */
export const first = (sightings: ReadonlyArray<Sighting>): number | undefined =>
  sightings.length === 0 ? undefined : Math.min(...sightings.map(({ since }) => since))

/** All of them as the end of "the node …". */
export const render = (sightings: ReadonlyArray<Sighting>): string => sightings.map(({ words }) => words).join("; ")
