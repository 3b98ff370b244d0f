/**
 * The command line: a flag for each setting, which goes before its environment variable; `--help` and `--version`.
 */
import { parseArgs } from "node:util"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import * as OneLine from "./OneLine.ts"
import { Meaning, seedFlags } from "./SeedFlags.ts"
import { type About, flagOf } from "./Setting.ts"

/** The command line is not understood. The message says what to write. */
export class UsageError extends Schema.TaggedError<UsageError>()("UsageError", { message: Schema.String }) {
  override readonly [Runtime.errorExitCode] = 2
}

/** What is asked for. */
export type Request = Data.TaggedEnum<{
  /** `environment`: what flags set, by the names of their variables. */
  Run: { readonly environment: Readonly<Record<string, string>> }
  Help: {}
  Version: {}
}>
export const Request = Data.taggedEnum<Request>()

const usage = (message: string) => Result.fail(new UsageError({ message: `${OneLine.escape(message)} (see --help)` }))

/** A flag of others, as variable and value. */
const translated = (flag: string, value: string | undefined): Result.Result<readonly [string, string], UsageError> => {
  const meaning = seedFlags[flag] ?? Meaning.None({ instead: "unknown flag" })
  switch (meaning._tag) {
    case "Same":
      return Result.succeed([meaning.variable, value ?? ""])
    case "Words": {
      const word = meaning.words[value ?? ""]
      const words = Object.keys(meaning.words).join(", ")
      return word === undefined
        ? usage(`${flag}: expected one of ${words}, got "${value ?? ""}"`)
        : Result.succeed([meaning.variable, word])
    }
    case "Always":
      return value === undefined || value === "true" ? Result.succeed(["", ""]) : usage(`${flag}: ${meaning.instead}`)
    case "None":
      return usage(`${flag}: ${meaning.instead}`)
  }
}

/** Flags of others that stand alone, as Go's Boolean flags do. */
const standalone = ["--leader-elect", "--zap-devel", "--metrics-secure", "--enable-http2"]

/**
 * Reads arguments. The last of equal flags counts, as in Go.
 *
 * @param settings what can be set
 */
export const parse = (
  args: ReadonlyArray<string>,
  settings: ReadonlyArray<About>
): Result.Result<Request, UsageError> => {
  const variables = new Map(settings.flatMap(({ flag, variable }) => (flag === undefined ? [] : [[flag, variable]])))
  const secrets = new Map(
    settings.flatMap(({ flag, variable }) => (flag === undefined ? [[flagOf(variable), variable]] : []))
  )
  const known = [...variables.keys(), ...secrets.keys(), ...Object.keys(seedFlags)]
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: {
      ...Object.fromEntries(known.map((flag) => [flag.slice(2), { type: "string" as const }])),
      ...Object.fromEntries(standalone.map((flag) => [flag.slice(2), { type: "boolean" as const }]))
    }
  })
  const asked = tokens.flatMap((token) => (token.kind === "option" ? [token.rawName] : []))
  if (asked.some((flag) => flag === "--help" || flag === "-h")) return Result.succeed(Request.Help())
  if (asked.includes("--version")) return Result.succeed(Request.Version())

  const environment: Record<string, string> = {}
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue
    if (token.kind === "positional") return usage(`unexpected argument "${token.value}": settings are --NAME=VALUE`)
    const { rawName: flag, value, inlineValue } = token
    const secret = secrets.get(flag)
    if (secret !== undefined) return usage(`${flag} holds a secret: set the environment variable ${secret}`)
    const variable = variables.get(flag)
    if (variable === undefined && !Object.hasOwn(seedFlags, flag)) return usage(`unknown flag ${flag}`)
    const isMissing =
      value === undefined
        ? !standalone.includes(flag)
        : value === "" || (inlineValue === false && value.startsWith("--"))
    if (isMissing) return usage(`${flag} needs a value: ${flag}=VALUE`)
    const setting = variable === undefined ? translated(flag, value) : Result.succeed([variable, value ?? ""] as const)
    if (Result.isFailure(setting)) return Result.fail(setting.failure)
    const [name, text] = setting.success
    if (name !== "") environment[name] = text
  }
  return Result.succeed(Request.Run({ environment }))
}

/** What flags set goes before the rest. */
export const over = (
  flags: Readonly<Record<string, string>>,
  rest: ConfigProvider.ConfigProvider
): ConfigProvider.ConfigProvider =>
  // Not `orElse`, to which a flag whose name goes on where a variable's ends hides that variable.
  ConfigProvider.make((path) => {
    const variable = path.join("_")
    const flag = Object.hasOwn(flags, variable) ? flags[variable] : undefined
    return flag === undefined ? rest.load(path) : Effect.succeed(ConfigProvider.makeValue(flag))
  })

const entry = ({ flag, variable, unit, standard, meaning }: About): string =>
  [
    `  ${flag === undefined ? variable : `${flag}, ${variable}`}`,
    `      ${meaning.replaceAll("`", "")}`,
    `      ${unit}${standard === "" ? "" : `; default ${standard}`}`
  ].join("\n")

/** What `--help` prints. */
export const help = (settings: ReadonlyArray<About>): string =>
  `netcup-failover-controller: routes netcup failover IPs to healthy Kubernetes nodes.

Each setting is an environment variable or a flag; the flag goes first. A period is written 500ms, 15s, 1m30s.

${settings.map(entry).join("\n")}
  --help, --version

EXIT CODES
  0  ended as it was told to (SIGTERM)
  1  cannot run: a setting, Kubernetes' credentials, or a port; or a bug
  2  the command line is not understood
`
