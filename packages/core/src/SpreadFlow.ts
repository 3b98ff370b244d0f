/**
 * The most even assignment of unit jobs to machines, and of those the one of least rank: a flow of least cost from kinds
 * of jobs through machines to a sink, where the k-th job on a machine costs k. Costs that are strictly convex in the load
 * make the sorted loads lexicographically least (Harvey, Ladner, Lovász and Tamir, "Semi-matchings for bipartite graphs
 * and load balancing", Journal of Algorithms 59, 2006; a starting load is jobs that fit one machine only).
 *
 * Found by successive shortest paths with prices, as the Hungarian method does it (Tomizawa 1971; Edmonds and Karp,
 * "Theoretical improvements in algorithmic efficiency for network flow problems", Journal of the ACM 19, 1972): jobs are
 * added one by one, each along the cheapest chain of displaced jobs.
 *
 * Guarantee: prices stay feasible, so that the result is optimal, and every optimum obeys them (complementary slackness).
 *
 * Caveat: costs are integers, exact below 2^53: (jobs × highest rank) × highest load must stay below that.
 */

/** The rank of a machine that a job cannot have. */
export const barred = -1

/** Jobs of a kind are alike; `ranks` has a row for each kind with the rank of each machine, or {@link barred}. */
export interface Problem {
  readonly ranks: ReadonlyArray<Int32Array>
  /** How many jobs are of each kind. */
  readonly sizes: ReadonlyArray<number>
  /** What each machine carries already. */
  readonly loads: ReadonlyArray<number>
}

export interface Flow {
  readonly ranks: ReadonlyArray<Int32Array>
  /** How many jobs of each kind each machine has. */
  readonly counts: ReadonlyArray<Int32Array>
  readonly loads: Float64Array
  /** What it costs to be on a machine, beside the rank. A job is only where rank and price together are least. */
  readonly prices: Float64Array
  /** What one more of load costs: more than all ranks together, so that no rank outweighs evenness. */
  readonly unit: number
}

const unreached = Number.MAX_SAFE_INTEGER
const none = -1

/** Each kind needs a machine that is not barred. */
export const solve = ({ ranks, sizes, loads: carried }: Problem): Flow => {
  const machines = carried.length
  const unit =
    1 + ranks.reduce((sum, row, kind) => sum + (sizes[kind] ?? 0) * row.reduce((a, b) => Math.max(a, b), 0), 0)
  const loads = Float64Array.from(carried)
  const prices = loads.map((load) => load * unit)
  const counts = ranks.map(() => new Int32Array(machines))
  const kindsAt = carried.map(() => new Set<number>())

  // The shortest chains to machines: which kind comes to a machine, from which other one.
  const distance = new Float64Array(machines)
  const settled = new Uint8Array(machines)
  const kindTo = new Int32Array(machines)
  const cameFrom = new Int32Array(machines)

  const add = (kind: number, machine: number, more: number) => {
    const row = counts[kind]
    if (row === undefined || machine === none) return
    const count = (row[machine] ?? 0) + more
    row[machine] = count
    if (count === 0) kindsAt[machine]?.delete(kind)
    else kindsAt[machine]?.add(kind)
  }

  const addJob = (kind: number) => {
    let end = none
    let cost = unreached
    const reach = (moved: number, from: number, base: number) => {
      const row = ranks[moved]
      if (row === undefined) return
      for (let machine = 0; machine < machines; machine++) {
        const rank = row[machine] ?? barred
        if (rank === barred) continue
        const far = base + rank + (prices[machine] ?? 0)
        if (far >= (distance[machine] ?? 0)) continue
        distance[machine] = far
        kindTo[machine] = moved
        cameFrom[machine] = from
        const whole = base + rank + (loads[machine] ?? 0) * unit
        if (whole < cost) {
          cost = whole
          end = machine
        }
      }
    }
    const nearest = () => {
      let at = none
      let least = cost
      for (let machine = 0; machine < machines; machine++) {
        const far = distance[machine] ?? 0
        if (settled[machine] === 1 || far >= least) continue
        at = machine
        least = far
      }
      return at
    }

    distance.fill(unreached)
    settled.fill(0)
    reach(kind, none, 0)
    for (let at = nearest(); at !== none; at = nearest()) {
      settled[at] = 1
      const base = (distance[at] ?? 0) - (prices[at] ?? 0)
      for (const moved of kindsAt[at] ?? []) reach(moved, at, base - (ranks[moved]?.[at] ?? 0))
    }
    for (let machine = 0; machine < machines; machine++)
      if (settled[machine] === 1) prices[machine] = (prices[machine] ?? 0) + cost - (distance[machine] ?? 0)

    loads[end] = (loads[end] ?? 0) + 1
    for (let to = end; to !== none; ) {
      const moved = kindTo[to] ?? none
      const from = cameFrom[to] ?? none
      add(moved, to, 1)
      add(moved, from, -1)
      to = from
    }
  }

  sizes.forEach((size, kind) => {
    for (let i = 0; i < size; i++) addJob(kind)
  })
  return { ranks, counts, loads, prices, unit }
}
