/**
 * The client of a Kubernetes API that answers as a test says.
 */
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import * as KubeErrors from "@netcup-failover/kubernetes/KubeError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

export interface Request {
  readonly method: string
  readonly path: string
  readonly body?: unknown
}

/** What comes of a request: JSON, or a refusal. */
export type Answer = (request: Request) => Effect.Effect<unknown, KubeErrors.KubeErrorReason>

/** Nothing else is asked than what `answer` knows, and nothing watched but by `lines`. */
export const layer = (
  answer: Answer,
  lines: KubeClient["Service"]["lines"] = () => Effect.die("no watch is expected"),
  silences: KubeClient["Service"]["silences"] = Stream.empty
) =>
  Layer.succeed(
    KubeClient,
    KubeClient.of({
      namespace: undefined,
      silences,
      doubt: Effect.void,
      lines,
      request: ({ method, path, body, schema }) =>
        answer({ method, path, body }).pipe(
          Effect.mapError((reason) => new KubeErrors.KubeError({ request: `${method} ${path}`, reason })),
          Effect.flatMap((json) =>
            Effect.orDie(Effect.fromResult(Result.mapError(Schema.decodeUnknownResult(schema)(json), String)))
          )
        )
    })
  )
