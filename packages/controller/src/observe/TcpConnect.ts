/**
 * One TCP connect, closed as soon as it is known what came of it.
 */
import { Socket } from "node:net"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { ProbeTarget } from "./ProbeTarget.ts"

export type Outcome = Data.TaggedEnum<{
  /** Accepted or refused: somebody lives there. */
  Answered: {}
  /** No word within the time-out, or no way there. `startedAt` is monotonic, in ms. */
  Unanswered: { readonly startedAt: number }
  /** Something of our own was in the way: nothing was learned. `code` is the system's, or `LATE`: this process was not there to hear. */
  Unasked: { readonly code: string }
}>
export const Outcome = Data.taggedEnum<Outcome>()

/** So many times its time-out and a connect was not watched: the process stood still, or was too busy. */
const late = 1.5

/** What the other side, and only it, can have said. */
const answers: ReadonlySet<string> = new Set(["ECONNREFUSED", "ECONNRESET"])

/** Nobody there, as far as the network can tell. */
const silences: ReadonlySet<string> = new Set(["ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN"])

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "UNKNOWN"

/** What the socket has told so far: `accepted`, `timeout`, or the code of an error. */
type Event = "accepted" | "timeout" | { readonly code: string }

const judge = (event: Event, startedAt: number, took: number, timeout: number): Outcome => {
  if (took > timeout * late) return Outcome.Unasked({ code: "LATE" })
  if (event === "accepted") return Outcome.Answered()
  if (event === "timeout" || silences.has(event.code)) return Outcome.Unanswered({ startedAt })
  return answers.has(event.code) ? Outcome.Answered() : Outcome.Unasked({ code: event.code })
}

/**
 * Connects once. Whatever comes of it, interruption too, the socket is gone at the end; a connection that was made is reset rather than
 * closed, so that neither side's kernel remembers it for a minute. Asks no DNS.
 *
 * @param timeout in ms
 */
export const connect = ({ host, port }: ProbeTarget, timeout: number): Effect.Effect<Outcome> =>
  Effect.suspend(() => {
    const socket = new Socket()
    let told: Event | undefined
    const next = Effect.callback<void>((resume) => {
      const tell = (event: Event) => {
        // What the socket itself says counts for more than that our timer was first.
        if (told === undefined || told === "timeout") told = event
        resume(Effect.void)
      }
      socket.on("connect", () => tell("accepted"))
      socket.on("error", (error) => tell({ code: codeOf(error) }))
      socket.on("timeout", () => tell("timeout"))
      socket.setTimeout(timeout)
      // Sync errors (a bad port) come as events, too, but for programming errors.
      socket.connect({ host, port })
    })
    return Effect.gen(function* () {
      const startedAt = yield* Monotonic.now
      yield* next
      const took = (yield* Monotonic.now) - startedAt
      // Timers come before sockets in a turn of the event loop: after a busy moment the answer may lie there unheard.
      if (told === "timeout") yield* Effect.yieldNow
      return judge(told ?? "timeout", startedAt, took, timeout)
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          if (told === "accepted") socket.resetAndDestroy()
          else socket.destroy()
        })
      )
    )
  })
