import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as AccountOf from "../account/AccountOf.ts"
import * as CredentialsFlags from "../credentials/CredentialsFlags.ts"
import * as Settings from "../Settings.ts"
import * as Table from "../Table.ts"
import * as Run from "./Run.ts"

export const servers = Command.make("servers", { ...CredentialsFlags.flags, json: Run.json }, (given) =>
  Run.run(
    given.json,
    Effect.gen(function* () {
      const settings = yield* Settings.load
      const account = yield* AccountOf.make(yield* CredentialsFlags.resolve(given, settings), settings)
      const rows = yield* account.servers
      return {
        json: rows.map(({ name, nickname, site, state }) => ({
          name,
          nickname: nickname ?? null,
          site: site ?? null,
          state: state ?? null
        })),
        text: Table.render(
          ["NAME", "NICKNAME", "SITE", "STATE"],
          rows.map(({ name, nickname, site, state }) => [name, nickname, site, state])
        )
      }
    })
  )
).pipe(
  Command.withDescription("Lists the servers of the account: name, nickname, site, and whether they run."),
  Command.withShortDescription("List the servers of the account"),
  Command.withExamples([{ command: "netcup-failover servers --json", description: "For a script" }])
)
