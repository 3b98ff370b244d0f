/**
 * The table of what convicts, read off the record of all that was heard: naively, for one node at one moment, and unlike the fold that
 * it checks, which keeps no record.
 */
import type { NodeName } from "@netcup-failover/core/Candidate"
import type { Signal } from "@netcup-failover/core/detect/Signal"
import { standard } from "@netcup-failover/core/detect/Thresholds"

export interface Entry {
  readonly at: number
  readonly signal: Signal
}

/** From when until when nothing can be said of Leases: the watch was lost, or our process stood still. */
const gapsIn = (record: ReadonlyArray<Entry>): ReadonlyArray<readonly [from: number, to: number]> => {
  const isSign = ({ signal }: Entry) => signal._tag === "Renewed" || signal._tag === "LeasesHeard"
  const breaks = record.filter(
    ({ at, signal }, i) => signal._tag === "LeasesLost" || at - (record[i - 1]?.at ?? at) > standard.standstill
  )
  return breaks.flatMap((broken) => {
    const index = record.indexOf(broken)
    const before = record.slice(0, index).filter(isSign)
    const after = record.slice(index).find(isSign)
    const from = before[before.length - 1]?.at
    return from === undefined ? [] : [[from, after?.at ?? Number.POSITIVE_INFINITY] as const]
  })
}

/** How much of the time between is in no gap. */
const watchedIn = (gaps: ReturnType<typeof gapsIn>, from: number, to: number): number => {
  let rest: ReadonlyArray<readonly [number, number]> = [[from, to]]
  for (const [start, end] of gaps)
    rest = rest.flatMap(([x, y]) => [
      [x, Math.min(y, Math.max(x, start))],
      [Math.max(x, Math.min(y, end)), y]
    ])
  return rest.reduce((sum, [x, y]) => sum + Math.max(0, y - x), 0)
}

/** Which rows of the table hold of the node, by what was heard until now. */
export const rows = (record: ReadonlyArray<Entry>, node: NodeName): ReadonlyArray<string> => {
  const now = record[record.length - 1]?.at ?? 0
  const gone = record.findLastIndex(({ signal }) => signal._tag === "Gone" && signal.node === node)
  const there = record.findIndex(({ signal }, i) => i > gone && signal._tag === "Declared" && signal.node === node)
  if (there < 0) return []
  const of = record.slice(there).filter(({ signal }) => "node" in signal && signal.node === node)
  const last = (tag: Signal["_tag"]) => of.findLast(({ signal }) => signal._tag === tag)

  const word = last("Declared")?.signal
  const declared = word?._tag === "Declared" ? word.declared : undefined
  const isDeclared =
    declared !== undefined &&
    (declared.deleting ||
      declared.ready === "False" ||
      declared.ready === undefined ||
      (declared.outOfService ?? []).length > 0 ||
      declared.maintenance !== undefined ||
      declared.draining === true)
  const isUnknown = declared?.ready === "Unknown"

  const gaps = gapsIn(record)
  const renewed = last("Renewed")?.at
  const proof = record.findLast(({ signal }) => signal._tag === "LeasesHeard")?.at
  const isStale =
    renewed !== undefined && proof !== undefined && watchedIn(gaps, renewed, proof) >= standard.leaseStaleAfter

  const stood = record.findLast(({ at }, i) => at - (record[i - 1]?.at ?? at) > standard.standstill)?.at ?? 0
  const answered = last("Answered")?.at
  const connects = of.flatMap(({ at, signal }) =>
    signal._tag === "Unanswered" && answered !== undefined && signal.startedAt >= Math.max(answered, stood)
      ? [{ from: signal.startedAt, to: at }]
      : []
  )
  const isSuspect = connects.length >= standard.suspectAfterProbes
  const length = Math.max(...connects.map(({ to }) => to)) - Math.min(...connects.map(({ from }) => from))
  const isSilent = isSuspect && length >= standard.silentAfter

  const said = of.findLast(({ signal }) => signal._tag === "Provider" && signal.state !== "Unknown")
  const isBack = of.some(
    ({ at, signal }) => at > (said?.at ?? 0) && (signal._tag === "Answered" || signal._tag === "Renewed")
  )
  const isDown = said?.signal._tag === "Provider" && said.signal.state === "Down" && now - said.at < 75_000 && !isBack

  return [
    ...(isDeclared ? ["Declared"] : []),
    ...(isUnknown ? ["Unknown"] : []),
    ...(isStale && isSilent ? ["Lease and silence"] : []),
    ...(isDown && (isSuspect || isStale || isUnknown) ? ["Provider"] : [])
  ]
}
