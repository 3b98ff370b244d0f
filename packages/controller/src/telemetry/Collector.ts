/**
 * The way to the collector, made harmless: an export that hangs ends, and that nothing is taken is said once, not at each export.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"

/**
 * The client of one signal's exports.
 *
 * @param timeout for a whole export, its answer included
 */
export const layer = (signal: string, timeout: Duration.Duration) =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.gen(function* () {
      const failing = yield* Ref.make(false)
      const taken = Effect.gen(function* () {
        if (yield* Ref.getAndSet(failing, false)) yield* Effect.logInfo("telemetry is taken again", { signal })
      })
      const notTaken = Effect.fnUntraced(function* (error: string) {
        if (yield* Ref.getAndSet(failing, true)) return
        yield* Effect.logWarning("telemetry is not taken by the collector and is dropped until it is", {
          signal,
          error
        })
      })
      return HttpClient.transform(yield* HttpClient.HttpClient, (sent, request) =>
        sent.pipe(
          // The body too: one that never ends would hold up all exports to come.
          Effect.tap((response) => Effect.ignore(response.arrayBuffer)),
          Effect.timeoutOrElse({
            duration: timeout,
            orElse: () =>
              Effect.fail(
                new HttpClientError.HttpClientError({
                  reason: new HttpClientError.TransportError({
                    request,
                    description: `no answer within ${Duration.format(timeout)}`
                  })
                })
              )
          }),
          Effect.tap(({ status }) => (status < 300 ? taken : notTaken(`HTTP ${status}`))),
          Effect.tapError(({ reason }) => notTaken(reason.description ?? reason._tag))
        )
      )
    })
  )
