/**
 * The addresses of the API server's name, those first that were silent longest ago or never: a connection that is made anew after a
 * silence goes elsewhere, though the name's server lists a dead one first each time. Of equals the one in use goes first, in whatever
 * order they are listed: when all connections go to one machine, any silence tells of all. An IP address has no others.
 */
import type { LookupAddress, LookupOptions } from "node:dns"
import type { LookupFunction } from "node:net"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"

/** As `lookup` of `node:dns` when asked for all. */
export type Resolve = (
  name: string,
  options: LookupOptions & { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: Array<LookupAddress>) => void
) => void

export interface Addresses {
  /**
   * For a socket; addresses to avoid go last. Gives what is known when the name's server says nothing: it may have died with the same
   * node.
   */
  readonly lookup: (avoid: ReadonlySet<string>) => LookupFunction
  /** A connection to it stands. */
  readonly used: (address: string) => void
  /** From now on others go first. */
  readonly silent: (address: string) => void
}

/** So long a name's server that answered before is waited for. */
const patience = Duration.millis(250)

/** For one name: that of the API server. */
export const make = Effect.fnUntraced(function* (resolve: Resolve): Effect.fn.Return<Addresses, never, Scope.Scope> {
  const run = yield* FiberSet.makeRuntime<never>()
  const silences = new Map<string, number>()
  let count = 0
  let current: string | undefined
  let known: ReadonlyArray<LookupAddress> = []
  let asking: Deferred.Deferred<ReadonlyArray<LookupAddress>, NodeJS.ErrnoException> | undefined

  /** One question at a time, which goes on when nobody waits for it any more: the next one has its answer. */
  const ask = (name: string, options: LookupOptions) => {
    if (asking !== undefined) return asking
    const asked = Deferred.makeUnsafe<ReadonlyArray<LookupAddress>, NodeJS.ErrnoException>()
    asking = asked
    resolve(name, { ...options, all: true }, (error, addresses) => {
      asking = undefined
      if (error === null) known = addresses
      Deferred.doneUnsafe(asked, error === null ? Effect.succeed(addresses) : Effect.fail(error))
    })
    return asked
  }

  const isOther = ({ address }: LookupAddress) => (address === current ? 0 : 1)
  const silenceOf = ({ address }: LookupAddress) => silences.get(address) ?? 0
  const byMerit = (avoid: ReadonlySet<string>) => (a: LookupAddress, b: LookupAddress) =>
    Number(avoid.has(a.address)) - Number(avoid.has(b.address)) ||
    silenceOf(a) - silenceOf(b) ||
    isOther(a) - isOther(b)

  return {
    used: (address) => {
      current = address
    },
    silent: (address) => {
      count += 1
      silences.set(address, count)
    },
    lookup: (avoid) => (name, options, callback) => {
      const before = known
      const asked = Deferred.await(ask(name, options))
      const found =
        before.length === 0
          ? asked
          : asked.pipe(
              Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.succeed(before) }),
              Effect.catch(() => Effect.succeed(before))
            )
      const told = Effect.match(found, {
        onFailure: (error) => callback(error, []),
        onSuccess: (addresses) => {
          const [first, ...others] = addresses.toSorted(byMerit(avoid))
          if (first === undefined) return callback(new Error(`${name} has no address`), [])
          return options.all === true ? callback(null, [first, ...others]) : callback(null, first.address, first.family)
        }
      })
      run(told)
    }
  }
})
