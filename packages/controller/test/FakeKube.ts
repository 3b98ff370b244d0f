/**
 * The client of a Kubernetes API that answers as a test says.
 */
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import * as KubeErrors from "@netcup-failover/kubernetes/KubeError"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
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

/** What comes of a request: JSON, or a refusal. `isUrgent`: it waits behind no other, and is insisted on. */
export type Answer = (request: Request, isUrgent?: boolean) => Effect.Effect<unknown, KubeErrors.KubeErrorReason>

type Client = KubeClient["Service"]

/** Nothing else is asked than what `answer` knows, and nothing watched but by `lines`. */
export const layer = (
  answer: Answer,
  lines: Client["lines"] = () => Effect.die("no watch is expected"),
  {
    answeredAt = Monotonic.now,
    doubt = Effect.void,
    silences = Stream.empty
  }: Partial<Pick<Client, "answeredAt" | "doubt" | "silences">> = {}
) =>
  Layer.succeed(
    KubeClient,
    KubeClient.of({
      namespace: undefined,
      silences,
      answeredAt,
      doubt,
      lines,
      request: ({ method, path, body, schema, urgentAfter }) =>
        answer({ method, path, body }, urgentAfter !== undefined).pipe(
          Effect.mapError((reason) => new KubeErrors.KubeError({ request: `${method} ${path}`, reason })),
          Effect.flatMap((json) =>
            Effect.orDie(Effect.fromResult(Result.mapError(Schema.decodeUnknownResult(schema)(json), String)))
          )
        )
    })
  )
