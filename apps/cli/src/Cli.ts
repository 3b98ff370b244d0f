/**
 * The tool: its commands, and how it speaks of what went wrong.
 */
import * as CliConfig from "effect/cli/CliConfig"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as Stdio from "effect/Stdio"
import { explain } from "./commands/Explain.ts"
import { failoverIps } from "./commands/FailoverIps.ts"
import { login } from "./commands/Login.ts"
import { logout } from "./commands/Logout.ts"
import { network } from "./commands/Network.ts"
import { route } from "./commands/Route.ts"
import { servers } from "./commands/Servers.ts"
import { unroute } from "./commands/Unroute.ts"
import * as CredentialsFlags from "./credentials/CredentialsFlags.ts"
import * as ExitCode from "./ExitCode.ts"
import { Failure } from "./Failure.ts"
import * as Screen from "./Screen.ts"
import * as Shown from "./Shown.ts"

const name = "netcup-failover"
const version = "0.1.0"

const description = `Shows and changes where netcup routes the failover addresses of an account.

${CredentialsFlags.described}

ENDPOINTS, by the environment
  NETCUP_REST_URL, NETCUP_OIDC_ISSUER, NETCUP_SOAP_URL

${ExitCode.described}`

const root = Command.make(name).pipe(
  // Help indents the first line only.
  Command.withDescription(description.replace(/\n(?=.)/gu, "\n  ")),
  Command.withSubcommands([login, logout, servers, failoverIps, route, unroute, network, explain])
)

/** Results alone go to stdout: help that nobody asked for does not. */
const Presenter = Layer.effect(
  CliOutput.Presenter,
  Effect.map(
    Effect.context<Stdio.Stdio>(),
    (context): CliOutput.Presenter => ({
      present: (event) =>
        event._tag === "InvalidInvocation"
          ? Effect.forEach(
              [...event.errors.map(({ message }) => message), `see ${event.commandPath.join(" ")} --help`],
              (message) => Screen.say(`${name}: ${message}`),
              { discard: true }
            ).pipe(Effect.provide(context))
          : CliOutput.defaultPresenter.present(event)
    })
  )
)

const prefixes: Partial<Record<string, string>> = { Info: "note", Warn: "warning" }

const Logs = Logger.layer([
  Logger.withConsoleError(
    Logger.make(({ logLevel, message }) => {
      const words = (Array.isArray(message) ? message : [message]).map((part) =>
        typeof part === "string" ? part : JSON.stringify(part)
      )
      return Shown.line(`${name}: ${prefixes[logLevel] ?? logLevel.toLowerCase()}: ${words.join(" ")}`)
    })
  )
])

const builtIns = GlobalFlag.BuiltIns.filter((flag) => flag !== GlobalFlag.Wizard)

/** Runs what the command line says. Whatever goes wrong has been told when this fails. */
export const run = Command.run(root, { version }).pipe(
  Effect.catch((error) => {
    if (error._tag === "Failure") return Effect.andThen(Screen.say(`${name}: ${error.message}`), error)
    if (error._tag === "ShowHelp" && error.errors.length === 0) return Effect.void
    return new Failure({ code: ExitCode.ExitCode.usage, reason: error._tag, message: error.message })
  }),
  Effect.tapDefect((defect) =>
    Screen.say(`${name}: this is a bug, please report it: ${defect instanceof Error ? defect.message : "unknown"}`)
  ),
  Effect.provide(Layer.mergeAll(Logs, CliConfig.layer({ builtIns }), Presenter))
)
