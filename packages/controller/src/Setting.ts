/**
 * One setting: an environment variable and the flag of the same name, the schema of its text, and what documents it.
 */
import * as Config from "effect/Config"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"

/** What `--help` and the settings' page tell. */
export interface About {
  readonly variable: string
  /** `undefined`: a secret, which has no place in a command line that every process of the machine can read. */
  readonly flag: string | undefined
  /** As it would be written; empty: not set. */
  readonly standard: string
  /** What a value looks like, or its unit. */
  readonly unit: string
  readonly meaning: string
}

/** Reads the setting, and is documented. */
export type Setting<A> = Config.Config<A> & { readonly about: About }

/** How a setting is documented. */
export interface Documented {
  readonly unit: string
  readonly meaning: string
}

/** The flag of a variable: `LEASE_DURATION` is `--lease-duration`. */
export const flagOf = (variable: string): string => `--${variable.toLowerCase().replaceAll("_", "-")}`

/** How messages name a setting. */
export const nameOf = (variable: string): string => `${variable} (${flagOf(variable)})`

const documented = <A>(config: Config.Config<A>, about: Omit<About, "flag">, flag?: string): Setting<A> =>
  Object.assign(config, { about: { ...about, flag } })

/** A setting with a default, which is written as users write it. Empty text counts as not set. */
export const make = <A>(
  variable: string,
  codec: Schema.Codec<A, string>,
  standard: string,
  about: Documented
): Setting<A> => {
  const config = Config.schema(codec, variable).pipe(Config.withDefault(Schema.decodeSync(codec)(standard)))
  return documented(config, { variable, standard, ...about }, flagOf(variable))
}

/** A setting that is one of a few words. */
export const choice = <const A extends string>(
  variable: string,
  values: ReadonlyArray<A>,
  standard: NoInfer<A>,
  meaning: string
): Setting<A> => make(variable, Schema.Literals(values), standard, { unit: values.join(", "), meaning })

/** A setting that may be absent. */
export const optional = <A>(
  variable: string,
  codec: Schema.Codec<A, string>,
  about: Documented
): Setting<Option.Option<A>> =>
  documented(Config.option(Config.schema(codec, variable)), { variable, standard: "", ...about }, flagOf(variable))

/** A secret that may be absent; by environment only. */
export const secret = <A>(
  variable: string,
  codec: Schema.Codec<A, string>,
  about: Documented
): Setting<Option.Option<A>> =>
  documented(Config.option(Config.schema(codec, variable)), { variable, standard: "", ...about })

/** A setting cannot be used; the message names its environment variable and its flag. */
export class SettingsError extends Schema.TaggedError<SettingsError>()("SettingsError", { message: Schema.String }) {}

const format = SchemaIssue.makeFormatterStandardSchemaV1()

/** Why settings cannot be read, in one line. */
export const explain = ({ cause }: Config.ConfigError, settings: ReadonlyArray<About>): SettingsError => {
  const nameIn = (path: ReadonlyArray<string>) => {
    const variable = path.join(".")
    return settings.some((one) => one.variable === variable && one.flag === undefined) ? variable : nameOf(variable)
  }
  const message =
    cause._tag === "SchemaError"
      ? format(cause.issue)
          .issues.map(({ path = [], message }) => `${nameIn(path.map(String))}: ${message}`)
          .join("; ")
      : cause.message
  return new SettingsError({ message: message.replace(/\s+/gu, " ") })
}

/** The documentation of a table of settings. */
export const aboutAll = (settings: Readonly<Record<string, { readonly about: About }>>): ReadonlyArray<About> =>
  Object.values(settings).map(({ about }) => about)
