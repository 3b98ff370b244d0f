import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as AccountOf from "../account/AccountOf.ts"
import * as CredentialsFlags from "../credentials/CredentialsFlags.ts"
import * as Settings from "../Settings.ts"
import * as Table from "../Table.ts"
import * as Run from "./Run.ts"

const yesOrNo = (value: boolean | undefined) => (value === undefined ? undefined : value ? "yes" : "no")

export const failoverIps = Command.make("failover-ips", { ...CredentialsFlags.flags, json: Run.json }, (given) =>
  Run.run(
    given.json,
    Effect.gen(function* () {
      const settings = yield* Settings.load
      const account = yield* AccountOf.make(yield* CredentialsFlags.resolve(given, settings), settings)
      const rows = yield* account.addresses
      return {
        json: rows.map(({ address, editable, server, site }) => ({
          address,
          server: server ?? null,
          site: site ?? null,
          editable: editable ?? null
        })),
        text: Table.render(
          ["ADDRESS", "SERVER", "SITE", "EDITABLE"],
          rows.map(({ address, editable, server, site }) => [address, server, site, yesOrNo(editable)])
        )
      }
    })
  )
).pipe(
  Command.withDescription(
    "Lists the failover addresses of the account: which server each is routed to, at which site it is, and whether this login may route it. While a task of netcup routes an address, it is shown where it was before."
  ),
  Command.withShortDescription("List the failover addresses, and where they are routed"),
  Command.withExamples([
    { command: "netcup-failover failover-ips", description: "With credentials from the environment" },
    { command: "netcup-failover failover-ips --credentials-file netcup.json" }
  ])
)
