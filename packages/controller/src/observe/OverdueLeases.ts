/**
 * Reads the Leases that nobody has renewed for long as far as the watch tells: before a node is thought dead, the API server is asked.
 *
 * Flow: each has a reader of its own, as long as it is overdue; none waits for another, and one that joins interrupts nobody. Once each one
 * was read lately, that proves that those which did not change are not renewed.
 */
import type { NodeName } from "@netcup-failover/core/Candidate"
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
import { objectPath } from "@netcup-failover/kubernetes/ResourceKind"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { type LeaseResource, leaseNamespace, leases } from "./LeaseResource.ts"

interface Options {
  /** Whose Leases are overdue; the present ones first. */
  readonly overdue: Stream.Stream<ReadonlySet<NodeName>>
  /** What a Lease says now. */
  readonly note: (lease: LeaseResource) => Effect.Effect<void>
  /** All of them were read, and noted. */
  readonly heard: Effect.Effect<void>
  /** One could not be read, or the API server took so long that it may have kept kubelets waiting, too. */
  readonly lost: Effect.Effect<void>
}

/** From one reading of a Lease to the next, in ms. */
const interval = 2_000

/** A reading that took longer is no sign of a dead connection, which is overtaken by then, but of an API server that stands still. In ms. */
const slow = 4_000

/** A reading that began longer ago tells nothing of now, in ms. */
const fresh = 4_000

/** How many are read at once. */
const concurrency = 8

/** Runs until the scope closes. */
export const read = Effect.fnUntraced(function* ({
  overdue,
  note,
  heard,
  lost
}: Options): Effect.fn.Return<void, never, KubeClient | Scope.Scope> {
  const client = yield* KubeClient
  const permits = yield* Semaphore.make(concurrency)
  const readers = yield* FiberMap.make<NodeName>()
  let wanted: ReadonlySet<NodeName> = new Set()
  /** When the last reading of each began, monotonic ms. */
  const begun = new Map<NodeName, number>()
  /** The same of those whose reading has told something. */
  const told = new Map<NodeName, number>()

  const ask = (node: NodeName) =>
    client
      .request({
        method: "GET",
        path: objectPath(leases, { name: node, namespace: leaseNamespace }),
        schema: leases.schema,
        retries: 0,
        // Behind no other request, and not lost with the connection that it went over.
        urgentAfter: "2 seconds"
      })
      .pipe(
        Effect.map((lease): LeaseResource | "None" => lease),
        Effect.catch(({ reason }) => Effect.succeed(reason._tag === "NotFound" ? ("None" as const) : undefined))
      )

  const readOne = Effect.fn("OverdueLeases.read")(function* (node: NodeName) {
    const startedAt = yield* Monotonic.now
    begun.set(node, startedAt)
    const lease = yield* ask(node)
    const now = yield* Monotonic.now
    if (lease === undefined || now - startedAt > slow) {
      told.clear()
      return yield* lost
    }
    told.set(node, startedAt)
    if (lease !== "None") yield* note(lease)
    const isFresh = (one: NodeName) => now - (told.get(one) ?? Number.NEGATIVE_INFINITY) <= fresh
    // Of all or of none: one that is not read may have been renewed.
    if (![...wanted].every(isFresh)) return
    told.clear()
    yield* heard
  })

  const reader = (node: NodeName) =>
    Effect.gen(function* () {
      const last = begun.get(node) ?? Number.NEGATIVE_INFINITY
      yield* Effect.sleep(Math.max(0, last + interval - (yield* Monotonic.now)))
      yield* permits.withPermit(readOne(node))
    }).pipe(Effect.forever)

  const follow = Effect.fnUntraced(function* (nodes: ReadonlySet<NodeName>) {
    const before = wanted
    wanted = nodes
    const now = yield* Monotonic.now
    for (const [node, at] of begun) if (!nodes.has(node) && now - at > interval) begun.delete(node)
    for (const node of before) {
      if (nodes.has(node)) continue
      told.delete(node)
      yield* FiberMap.remove(readers, node)
    }
    for (const node of nodes) if (!before.has(node)) yield* FiberMap.run(readers, node, reader(node))
  })

  yield* Stream.runForEach(overdue, follow).pipe(Effect.forkScoped)
})
