import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

/** What the process answers on one of its own ports. */
export const get = (url: string) =>
  Effect.tryPromise(async () => {
    const answer = await fetch(url)
    return { status: answer.status, body: await answer.text() }
  })

/** Asks until the answer is as described. */
export const eventually = <A, E, R>(ask: Effect.Effect<A, E, R>, is: (answer: A) => boolean) =>
  ask.pipe(Effect.filterOrFail(is), Effect.retry(Schedule.spaced("100 millis")), Effect.timeout("30 seconds"))
