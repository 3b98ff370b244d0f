/**
 * The one optimum among all that a flow of least cost stands for. Jobs choose in turn, each among the machines that it has
 * in any optimum in which the jobs before it are where they chose to be.
 *
 * By complementary slackness the optima are the flows that use tight edges only, where rank and price together are least, and
 * give each machine a load that its price allows, of which there are one or two. From one of them a job can have another
 * machine exactly if there is a chain of such shifts from that machine back to one where a job of its kind is: a search
 * through the residual network (Ahuja, Magnanti and Orlin, "Network Flows", 1993, section 2.4), for each job.
 */
import * as BitRow from "./BitRow.ts"
import { barred, type Flow } from "./SpreadFlow.ts"

/** A job to be picked for: its kind, and what it takes modulo the number of its machines. */
export interface Job {
  readonly kind: number
  readonly seed: number
}

const none = -1

/** For each job its machine. The jobs of each kind must be as many as the flow has; `flow` is used up. */
export const pick = ({ ranks, counts, loads, prices, unit }: Flow, jobs: ReadonlyArray<Job>): ReadonlyArray<number> => {
  const machines = loads.length
  /** Passing it, one machine gets a job more and another one less. */
  const sink = machines
  const tightTo = Array.from({ length: machines }, () => BitRow.make(ranks.length))
  const homes = counts.map((row) => {
    const home = BitRow.make(machines)
    row.forEach((count, machine) => {
      if (count > 0) BitRow.add(home, machine)
    })
    return home
  })
  const tight = ranks.map((row, kind) => {
    let found: Array<number> = []
    let least = Number.MAX_SAFE_INTEGER
    row.forEach((rank, machine) => {
      const cost = rank + (prices[machine] ?? 0)
      if (rank === barred || cost > least) return
      if (cost < least) found = []
      least = cost
      found.push(machine)
    })
    for (const machine of found) {
      const kinds = tightTo[machine]
      if (kinds !== undefined) BitRow.add(kinds, kind)
    }
    return found
  })

  const shift = (kind: number, machine: number, more: number) => {
    const row = counts[kind]
    const home = homes[kind]
    if (row === undefined || home === undefined) return
    const count = (row[machine] ?? 0) + more
    row[machine] = count
    if (count > 0) BitRow.add(home, machine)
    else BitRow.remove(home, machine)
  }

  // The chains back: which kind of job leaves a machine, and for where.
  const kindFrom = new Int32Array(machines + 1)
  const next = new Int32Array(machines + 1)
  const queue = new Int32Array(machines + 1)
  const seen = BitRow.make(machines + 1)
  const seenKinds = BitRow.make(ranks.length)

  /** Fills `seen` with the machines from which there is a chain to a job of this kind. */
  const search = (kind: number, home: BitRow.BitRow) => {
    let length = 0
    let missing = tight[kind]?.length ?? 0
    const enter = (place: number, to: number, moved: number) => {
      next[place] = to
      kindFrom[place] = moved
      queue[length++] = place
      const kinds = tightTo[place]
      if (kinds !== undefined && BitRow.has(kinds, kind)) missing--
    }
    seen.fill(0)
    seenKinds.fill(0)
    BitRow.add(seenKinds, kind)
    BitRow.visitNew(home, seen, (machine) => enter(machine, none, none))
    for (let i = 0; i < length && missing > 0; i++) {
      const to = queue[i] ?? none
      if (to === sink) {
        for (let machine = 0; machine < machines; machine++) {
          const mayHaveMore = prices[machine] === (loads[machine] ?? 0) * unit
          if (!mayHaveMore || BitRow.has(seen, machine)) continue
          BitRow.add(seen, machine)
          enter(machine, sink, none)
        }
        continue
      }
      const kinds = tightTo[to]
      if (kinds === undefined) continue
      BitRow.visitNew(kinds, seenKinds, (moved) => {
        const from = homes[moved]
        if (from !== undefined) BitRow.visitNew(from, seen, (machine) => enter(machine, to, moved))
      })
      const mayHaveLess = prices[to] === ((loads[to] ?? 0) - 1) * unit
      if (!mayHaveLess || BitRow.has(seen, sink)) continue
      BitRow.add(seen, sink)
      enter(sink, to, none)
    }
  }

  /** Brings a job of this kind to a machine by the chain that starts there. */
  const fetch = (kind: number, machine: number) => {
    shift(kind, machine, 1)
    let at = machine
    for (let to = next[at] ?? none; to !== none; to = next[at] ?? none) {
      if (to === sink) loads[at] = (loads[at] ?? 0) + 1
      else if (at === sink) loads[to] = (loads[to] ?? 0) - 1
      else {
        shift(kindFrom[at] ?? none, at, -1)
        shift(kindFrom[at] ?? none, to, 1)
      }
      at = to
    }
    shift(kind, at, -1)
  }

  return jobs.map(({ kind, seed }) => {
    const home = homes[kind]
    if (home === undefined) return none
    search(kind, home)
    const pool = (tight[kind] ?? []).filter((machine) => BitRow.has(seen, machine))
    const chosen = pool[seed % pool.length] ?? none
    if (chosen === none) return none
    if (!BitRow.has(home, chosen)) fetch(kind, chosen)
    // From now on this job stays: it is part of the load, and no chain may move it.
    shift(kind, chosen, -1)
    return chosen
  })
}
