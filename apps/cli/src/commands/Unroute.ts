import * as Command from "effect/cli/Command"
import * as ChangeOfRoute from "./ChangeOfRoute.ts"

export const unroute = Command.make("unroute", ChangeOfRoute.parameters, (given) =>
  ChangeOfRoute.run(given, (account, address) => account.unroute(address))
).pipe(
  Command.withDescription(
    "Takes the route of a failover address away, from whichever server has it: nobody receives its traffic until it is routed again."
  ),
  Command.withShortDescription("Take the route of a failover address away"),
  Command.withExamples([{ command: "netcup-failover unroute 198.51.100.4 --dry-run" }])
)
