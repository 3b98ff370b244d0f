/**
 * The deterministic end of every choice among nodes: the seed system's hash of the group's name.
 */
import type { Candidate } from "./Candidate.ts"
import * as Fnv1a from "./Fnv1a.ts"
import type { Group } from "./Group.ts"
import type { Preference } from "./Preference.ts"

/** The picked one of a pool that is sorted by name; `undefined` of none. */
export const among = (group: Group, pool: ReadonlyArray<Candidate>): Candidate | undefined =>
  pool[Fnv1a.hash32(group.name) % pool.length]

/** The picked one of the most preferred of a pool that is sorted by name. */
export const best = (
  group: Group,
  pool: ReadonlyArray<Candidate>,
  preference: Preference,
  now: number | undefined
): Candidate | undefined => {
  const order = preference.order(group, now)
  const first = pool.reduce<Candidate | undefined>(
    (least, node) => (least === undefined || order(node, least) < 0 ? node : least),
    undefined
  )
  return (
    first &&
    among(
      group,
      pool.filter((node) => order(node, first) === 0)
    )
  )
}
