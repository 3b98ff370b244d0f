/**
 * All connections to one API server, and what the silence of one means for the others: which are dropped, and where new ones go.
 */
import { isIP, type LookupFunction } from "node:net"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Addresses from "./Addresses.ts"
import * as Agents from "./Agents.ts"
import { Unreachable } from "./KubeError.ts"
import * as Monotonic from "./Monotonic.ts"

interface Options {
  /** A name or an address. */
  readonly host: string
  readonly secure: boolean
  /** Of calls; urgent ones and watches have their own, without a limit. */
  readonly maxConnections: number
  readonly resolve: Addresses.Resolve
}

/** One exchange, for who has to say that it was silent. */
export interface Track {
  /** Monotonic ms. */
  readonly since: number
  readonly lookup: LookupFunction
  readonly onPeer: (address: string) => void
  /** A new connection stands. */
  readonly onUsed: (address: string) => void
  /** Its connection was silent: new ones go elsewhere. */
  readonly silent: Effect.Effect<void>
  readonly peer: () => string | undefined
}

export interface Connections {
  readonly calls: Agents.Agents
  readonly urgent: Agents.Agents
  readonly watches: Agents.Agents
  /** Beside others that are not answered yet it goes over a fresh connection, to another address if there is one. */
  readonly begin: (beside?: ReadonlyArray<Track>) => Effect.Effect<Track>
  /** Leaves an address of a name for another, with all that goes there: what stayed would die unseen. */
  readonly leave: (address: string) => void
  /** Connections that were made before then may be dead, idle ones among them. */
  readonly doubt: (since: number) => Effect.Effect<void>
  /** Of each doubt its moment. */
  readonly doubts: Stream.Stream<number>
  /** Registers a watch until the scope closes; what it gives fails when the address that it goes to is left. */
  readonly stay: (track: Track) => Effect.Effect<Effect.Effect<never, Unreachable>, never, Scope.Scope>
}

export const make = Effect.fnUntraced(function* (options: Options): Effect.fn.Return<Connections, never, Scope.Scope> {
  const { host, maxConnections, resolve, secure } = options
  const addresses = yield* Addresses.make(resolve)
  const doubts = yield* PubSub.sliding<number>(1)
  const open = new Map<Deferred.Deferred<never, Unreachable>, Track>()
  const agents = (most: number) => Agents.make({ secure, maxConnections: most })
  const calls = yield* agents(maxConnections)
  const urgent = yield* agents(Number.POSITIVE_INFINITY)
  const watches = yield* agents(Number.POSITIVE_INFINITY)

  const leave = (address: string) => {
    addresses.silent(address)
    // Behind an address of its own there may be many machines, each connection at another.
    if (isIP(host) !== 0) return
    for (const [cut, { peer }] of open) {
      if (peer() === address) Deferred.doneUnsafe(cut, new Unreachable({ message: `${address} fell silent` }))
    }
  }

  return {
    calls,
    urgent,
    watches,
    leave,
    begin: Effect.fnUntraced(function* (beside = []) {
      if (beside.length > 0) urgent.dropIdle()
      let peer: string | undefined
      const avoid = new Set(beside.flatMap((other) => other.peer() ?? []))
      return {
        since: yield* Monotonic.now,
        lookup: addresses.lookup(avoid),
        // Whether the others' address is to be left, their answers tell.
        onUsed: beside.length > 0 ? () => {} : addresses.used,
        peer: () => peer,
        onPeer: (address) => {
          peer = address
        },
        silent: Effect.sync(() => (peer === undefined ? undefined : leave(peer)))
      }
    }),
    doubt: Effect.fnUntraced(function* (since) {
      for (const each of [calls, urgent, watches]) each.dropIdle()
      yield* PubSub.publish(doubts, since)
    }),
    doubts: Stream.fromPubSub(doubts),
    stay: (track) =>
      Effect.map(
        Effect.acquireRelease(
          Effect.sync(() => {
            const cut = Deferred.makeUnsafe<never, Unreachable>()
            open.set(cut, track)
            return cut
          }),
          (cut) => Effect.sync(() => open.delete(cut))
        ),
        Deferred.await
      )
  }
})
