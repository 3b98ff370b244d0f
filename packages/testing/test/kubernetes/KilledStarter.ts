/** A program of its own: starts a leashed process in the folder given, prints the process group, and waits to be killed. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as LeashedProcess from "@netcup-failover/testing/kubernetes/LeashedProcess"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"

const [folder = "."] = process.argv.slice(2)
const keepAlive = setInterval(() => {}, 1000)
await Effect.runPromise(
  LeashedProcess.start({ name: "sleeper", program: "sleep", args: ["600"], folder }).pipe(
    Effect.flatMap(({ group }) => Console.log(group)),
    Effect.andThen(Effect.never),
    Effect.scoped,
    Effect.provide(NodeServices.layer)
  )
)
clearInterval(keepAlive)
