/**
 * kubectl as a function: what an operator does by hand, tests do with the same program.
 */

import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as ProcessOutput from "./ProcessOutput.ts"

/** kubectl said no, or did not run. `message` holds its stderr. */
export class KubectlFailed extends Schema.TaggedError<KubectlFailed>()("KubectlFailed", {
  args: Schema.Array(Schema.String),
  message: Schema.String
}) {}

/** Runs kubectl and gives its stdout. `home` holds its caches; no setting of the developer's own reaches it. */
export const run = Effect.fn("Kubectl.run")(
  function* (options: {
    readonly program: string
    readonly kubeconfig: string
    readonly home: string
    readonly args: ReadonlyArray<string>
    readonly stdin?: string | undefined
  }) {
    const kubectl = yield* ChildProcess.make(options.program, ["--kubeconfig", options.kubeconfig, ...options.args], {
      env: { HOME: options.home },
      stdin: options.stdin === undefined ? "ignore" : Stream.encodeText(Stream.succeed(options.stdin)),
      killSignal: "SIGKILL"
    })
    const { stdout, stderr, code } = yield* ProcessOutput.collect(kubectl)
    if (code !== 0) return yield* new KubectlFailed({ args: options.args, message: stderr.trim() })
    return stdout
  },
  Effect.scoped,
  (effect, { args }) =>
    Effect.catchTag(effect, "PlatformError", (error) =>
      Effect.fail(new KubectlFailed({ args, message: error.message }))
    )
)
