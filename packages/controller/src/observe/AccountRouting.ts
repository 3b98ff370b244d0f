/**
 * The one way to route an address of an account: asked at the last moment whether it still may, and looked after when the answer was lost.
 */
import type { FailoverAddress, Prefix } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import { NetcupError, Unreachable } from "@netcup-failover/netcup/NetcupError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import { isLoginTrouble } from "./AccountHealth.ts"
import type { ReadingOptions } from "./AccountReading.ts"
import type * as RouteMemory from "./RouteMemory.ts"

/** Nobody wants the change any more: nothing was sent. */
export class CalledOff extends Schema.TaggedError<CalledOff>()("CalledOff", {}) {}

/** How many changes an account is told at once, lest a mass failover look like an attack. */
const concurrentChanges = 32

/** A lost answer to a change that was not made, as a look has shown; it is looked for again before it is repeated. */
const notMade = (message: string) =>
  new NetcupError({ reason: new Unreachable({ message: `${message}; netcup has not moved the address` }) })

export const make = Effect.fnUntraced(function* ({
  api,
  routing,
  health,
  settle
}: Pick<ReadingOptions, "api" | "routing" | "health" | "settle">) {
  const changes = yield* Semaphore.make(concurrentChanges)

  /**
   * Asks netcup whether an address is on a server, once nothing is under way any more. `Unproven`: it is not there, but something may
   * still be under way.
   */
  const look = Effect.fnUntraced(function* (prefix: Prefix, to: ServerName) {
    const isSettled = yield* settle
    const { held, untold } = yield* routing.routes([to])
    if (held.get(prefix) === to) return "There"
    const error = untold.get(to)
    if (error !== undefined) return yield* error
    return isSettled ? "Elsewhere" : "Unproven"
  })

  const change = Effect.fnUntraced(function* (
    memory: RouteMemory.RouteMemory,
    address: FailoverAddress,
    to: ServerName,
    permitted: Effect.Effect<boolean>
  ) {
    const telling = Effect.map(Clock.currentTimeMillis, (now) => memory.telling(address.prefix, now))
    yield* routing.prepare(to)
    yield* Effect.gen(function* () {
      const { trouble } = yield* Ref.get(health.ref)
      if (trouble !== undefined && isLoginTrouble(trouble.reason))
        return yield* new NetcupError({ reason: trouble.reason })
      if (!(yield* permitted)) return yield* new CalledOff()
      yield* telling
      yield* Effect.ensuring(routing.route(address, to, permitted), telling)
    }).pipe(
      changes.withPermit,
      Effect.catchReason("NetcupError", "CalledOff", () => new CalledOff())
    )
  })

  const route = Effect.fn("NetcupAccount.route")(
    function* (address: FailoverAddress, to: ServerName, permitted: Effect.Effect<boolean>) {
      const { prefix } = address
      // Nobody decides on an account that is not read.
      const memory = (yield* Ref.get(health.ref)).known?.memory
      if (memory === undefined) return yield* new CalledOff()
      /** After a lost answer, and after a limit: it may be our own earlier change that netcup counts. */
      const lookAfter = (error: NetcupError, proven = error) =>
        look(prefix, to).pipe(
          Effect.catch(() => Effect.fail(error)),
          Effect.flatMap((place) =>
            place === "There" ? Effect.void : Effect.fail(place === "Elsewhere" ? proven : error)
          )
        )
      if (!memory.unsure.has(prefix) || (yield* look(prefix, to)) !== "There") {
        yield* change(memory, address, to, permitted).pipe(
          Effect.catchReasons("NetcupError", {
            UnknownOutcome: ({ message }, error) => {
              memory.unsure.add(prefix)
              // A SOAP call that hangs may be carried out later all the same; REST would have a task by now.
              return lookAfter(error, api === "rest" ? notMade(message) : error)
            },
            RateLimited: (_, error) => lookAfter(error),
            WrongSite: (_, error) => {
              memory.offSite(prefix, to)
              return Effect.fail(error)
            },
            ServerNotRunning: (_, error) => {
              memory.notRunning(to, true)
              return Effect.fail(error)
            }
          })
        )
      }
      memory.arrived(prefix, to)
    },
    Effect.tapError((error) =>
      error._tag === "NetcupError" && isLoginTrouble(error.reason) ? health.fail(error) : Effect.void
    )
  )

  /** Takes the route of an address away, unless netcup has it elsewhere by now. */
  const unroute = Effect.fn("NetcupAccount.unroute")(
    function* (address: FailoverAddress, from: ServerName, permitted: Effect.Effect<boolean>) {
      const { prefix } = address
      const memory = (yield* Ref.get(health.ref)).known?.memory
      if (memory === undefined) return yield* new CalledOff()
      const telling = Effect.map(Clock.currentTimeMillis, (now) => memory.telling(prefix, now))
      const lookAfter = (error: NetcupError) =>
        look(prefix, from).pipe(
          Effect.catch(() => Effect.fail(error)),
          Effect.flatMap((place) => (place === "Elsewhere" ? Effect.void : Effect.fail(error)))
        )
      yield* Effect.gen(function* () {
        if (!(yield* permitted)) return yield* new CalledOff()
        yield* telling
        yield* Effect.ensuring(routing.unroute(address, { from, permitted }), telling)
      }).pipe(
        changes.withPermit,
        Effect.catchReasons("NetcupError", {
          CalledOff: () => Effect.fail(new CalledOff()),
          UnknownOutcome: (_, error) => lookAfter(error),
          RateLimited: (_, error) => lookAfter(error)
        })
      )
      memory.left(prefix)
    },
    Effect.tapError((error) =>
      error._tag === "NetcupError" && isLoginTrouble(error.reason) ? health.fail(error) : Effect.void
    )
  )

  return { route, unroute }
})
