import * as Revocation from "@netcup-failover/netcup/login/Logout"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as CredentialsFlags from "../credentials/CredentialsFlags.ts"
import { WrongUsage } from "../Problem.ts"
import * as Settings from "../Settings.ts"
import * as Run from "./Run.ts"

export const logout = Command.make("logout", { ...CredentialsFlags.flags, json: Run.json }, (given) =>
  Run.run(
    given.json,
    Effect.gen(function* () {
      const settings = yield* Settings.load
      const { credentials, store } = yield* CredentialsFlags.resolve(given, settings, "revoke")
      if (credentials._tag === "Soap") {
        return yield* new WrongUsage({
          message: "login name and password cannot be logged out: change the password in the panel"
        })
      }
      const { login } = Settings.endpoints(settings).rest
      yield* Effect.provide(Revocation.revoke(credentials, login), store)
      return { json: { loggedOut: true }, text: "logged out: netcup accepts this login no more" }
    })
  )
).pipe(
  Command.withDescription(
    "Ends a login of the REST API at netcup, for everybody who uses it: with --secret also for the controller."
  ),
  Command.withShortDescription("End a login at netcup"),
  Command.withExamples([{ command: "netcup-failover logout --credentials-file netcup.json" }])
)
