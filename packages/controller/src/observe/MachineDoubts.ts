/**
 * A machine that seems to have died may be one behind the API server's address: a quiet watch that goes there would stay quiet, and
 * nothing tells that from peace.
 */
import type { NodeName } from "@netcup-failover/core/Candidate"
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** From one doubt to the next: each makes all watches anew. */
const pause = Duration.seconds(10)

/**
 * Doubts all connections to the API server when a node becomes suspect, those that become so in the pause after that together. Runs until
 * the scope closes.
 */
export const follow = Effect.fnUntraced(function* (
  suspects: Stream.Stream<ReadonlySet<NodeName>>
): Effect.fn.Return<void, never, KubeClient | Scope.Scope> {
  const { doubt } = yield* KubeClient
  let known: ReadonlySet<NodeName> = new Set()
  const isNew = (nodes: ReadonlySet<NodeName>) => {
    const before = known
    known = nodes
    return [...nodes].some((node) => !before.has(node))
  }
  yield* suspects.pipe(
    Stream.filter(isNew),
    Stream.buffer({ capacity: 1, strategy: "sliding" }),
    Stream.runForEach(() => Effect.andThen(doubt, Effect.sleep(pause))),
    Effect.forkScoped
  )
})
