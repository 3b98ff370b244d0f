import { ServerName } from "@netcup-failover/core/ServerName"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as ChangeOfRoute from "./ChangeOfRoute.ts"

const parameters = {
  ...ChangeOfRoute.parameters,
  to: Flag.String("to").pipe(
    Flag.withSchema(ServerName),
    Flag.withMetavar("SERVER"),
    Flag.withDescription("The server, by the name that netcup gives it: v1234567890123456789")
  )
}

export const route = Command.make("route", parameters, (given) =>
  ChangeOfRoute.run(given, (account, address) => account.route(address, given.to))
).pipe(
  Command.withDescription(
    "Routes a failover address to a server, and waits until netcup says that it is done. The change is sent once, and never repeated. An outcome that nobody knows is exit code 5: look before you try again."
  ),
  Command.withShortDescription("Route a failover address to a server"),
  Command.withExamples([
    {
      command: "netcup-failover route 198.51.100.4 --to v1234567890123456789 --dry-run",
      description: "Could it be done?"
    },
    { command: "netcup-failover route 198.51.100.4 --to v1234567890123456789" },
    { command: "netcup-failover route 2001:db8:f::/64 --to v1234567890123456789 --json" }
  ])
)
