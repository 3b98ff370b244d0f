/**
 * What the environment says: where netcup and Kubernetes are, and perhaps credentials. Endpoints as the controller's.
 */
import type { RoutingOptions } from "@netcup-failover/netcup/FailoverRoutingOf"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { WrongUsage } from "./Problem.ts"

const WebUrl = Schema.URLFromString.check(
  Schema.makeFilter(({ protocol }) => /^https?:$/u.test(protocol) || "Expected a URL with http or https")
)
const url = (name: string, standard: string) => Config.schema(WebUrl, name).pipe(Config.withDefault(new URL(standard)))

/** A variable that is set to nothing is not set. */
const text = (name: string) =>
  Config.option(Config.String(name)).pipe(
    Config.map((value) => Option.getOrUndefined(Option.filter(value, (text) => text !== "")))
  )
const secret = (name: string) =>
  Config.option(Config.Redacted(name)).pipe(
    Config.map((value) => Option.getOrUndefined(Option.filter(value, (hidden) => Redacted.value(hidden) !== "")))
  )

const settings = Config.all({
  /** Where netcup's SOAP webservice is. */
  soapUrl: url("NETCUP_SOAP_URL", "https://www.servercontrolpanel.de/WSEndUser"),
  /** Where netcup's REST API is. */
  restUrl: url("NETCUP_REST_URL", "https://www.servercontrolpanel.de/scp-core"),
  /** Who issues the tokens of the REST API. */
  oidcIssuer: url("NETCUP_OIDC_ISSUER", "https://www.servercontrolpanel.de/realms/scp"),
  refreshToken: secret("NETCUP_REFRESH_TOKEN"),
  loginName: text("NETCUP_LOGIN_NAME"),
  password: secret("NETCUP_PASSWORD"),
  kubeconfig: text("KUBECONFIG"),
  home: text("HOME"),
  stateHome: text("XDG_STATE_HOME")
})
export type Settings = Config.Success<typeof settings>

const format = SchemaIssue.makeFormatterStandardSchemaV1()

/** Fails with a sentence that names the variable. */
export const load: Effect.Effect<Settings, WrongUsage> = settings.pipe(
  Effect.mapError(
    ({ cause }) =>
      new WrongUsage({
        message:
          cause._tag === "SchemaError"
            ? format(cause.issue)
                .issues.map(({ path = [], message }) => `${path.map(String).join(".")}: ${message}`)
                .join("; ")
            : cause.message
      })
  )
)

/** How netcup's clients are told of it. */
export const endpoints = ({ oidcIssuer, restUrl, soapUrl }: Settings) =>
  ({
    soap: { url: soapUrl.href },
    rest: { url: restUrl.href, login: { issuer: oidcIssuer.href } }
  }) satisfies RoutingOptions

/** The kubeconfig that kubectl would take; none: we may be in a Pod. */
export const kubeconfig = Effect.fn("Settings.kubeconfig")(function* ({ home, kubeconfig }: Settings) {
  if (kubeconfig !== undefined || home === undefined) return kubeconfig
  const fs = yield* FileSystem.FileSystem
  const standard = (yield* Path.Path).join(home, ".kube", "config")
  return (yield* Effect.orElseSucceed(fs.exists(standard), () => false)) ? standard : undefined
})

/** Where rotated tokens are kept that have no file of their own. */
export const stateFile = Effect.fn("Settings.stateFile")(function* ({ home, stateHome }: Settings) {
  const path = yield* Path.Path
  // The standard has relative ones ignored.
  const base = stateHome !== undefined && path.isAbsolute(stateHome) ? stateHome : undefined
  const folder = base ?? (home === undefined ? undefined : path.join(home, ".local", "state"))
  return folder === undefined ? undefined : path.join(folder, "netcup-failover", "tokens.json")
})
