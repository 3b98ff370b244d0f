/**
 * Which credentials a command uses. None of them is ever a flag itself: the command line is for everybody on the machine to read.
 */
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import { SoapCredentials } from "@netcup-failover/netcup/Credentials"
import * as TokenJson from "@netcup-failover/netcup/login/TokenJson"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { CredentialsUnusable, WrongUsage } from "../Problem.ts"
import * as Settings from "../Settings.ts"
import * as CredentialsText from "./CredentialsText.ts"
import * as KubeName from "./KubeName.ts"
import { fleeting, keptIn } from "./Login.ts"
import * as SecretLogin from "./SecretLogin.ts"

export const flags = {
  credentialsFile: Flag.String("credentials-file").pipe(
    Flag.withMetavar("FILE"),
    Flag.withDescription("A refresh token, the JSON of a login, or JSON with loginName and password"),
    Flag.optional
  ),
  secret: Flag.String("secret").pipe(
    Flag.withMetavar("NAMESPACE/NAME"),
    Flag.withDescription("A Secret of the cluster that KUBECONFIG names"),
    Flag.optional
  ),
  controllerNamespace: Flag.String("controller-namespace").pipe(
    Flag.withMetavar("NAMESPACE"),
    Flag.withDescription("With --secret: where the controller is, if its Lease cannot be looked for"),
    Flag.optional
  )
}

/** For `--help`. */
export const described = `CREDENTIALS, the first of these that is there
  --credentials-file FILE   a refresh token, the JSON of a login, or JSON with loginName and password;
                            rotated tokens are kept beside it, in FILE.rotated
  --secret NAMESPACE/NAME   a Secret of the cluster that KUBECONFIG (or ~/.kube/config) names; refused
                            while a controller there is using the same REST login
  NETCUP_REFRESH_TOKEN      for the REST API; rotated tokens are kept in
                            $XDG_STATE_HOME/netcup-failover/tokens.json (~/.local/state by default)
  NETCUP_LOGIN_NAME and NETCUP_PASSWORD
                            for the SOAP webservice`

interface Given {
  readonly credentialsFile: Option.Option<string>
  readonly secret: Option.Option<string>
  readonly controllerNamespace: Option.Option<string>
}

const ofFile = Effect.fnUntraced(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* Effect.mapError(
    fs.readFileString(file),
    ({ message }) => new CredentialsUnusable({ message: `${file} cannot be read (${message})` })
  )
  const credentials = yield* Effect.mapError(
    Effect.fromResult(CredentialsText.ofFile(Redacted.make(text))),
    (problem) => new CredentialsUnusable({ message: `${file} ${problem}` })
  )
  return credentials._tag === "Soap" ? fleeting(credentials) : yield* keptIn(`${file}.rotated`, credentials)
})

const ofEnvironment = Effect.fnUntraced(function* (settings: Settings.Settings) {
  const { loginName, password, refreshToken } = settings
  if (refreshToken !== undefined) {
    const credentials = yield* Effect.mapError(
      Effect.fromResult(TokenJson.toCredentials(refreshToken)),
      (problem) => new CredentialsUnusable({ message: `NETCUP_REFRESH_TOKEN ${problem}` })
    )
    const file = yield* Settings.stateFile(settings)
    if (file !== undefined) return yield* keptIn(file, credentials)
    return yield* new CredentialsUnusable({
      message: "netcup's next refresh token could not be kept: set XDG_STATE_HOME, or HOME"
    })
  }
  if (loginName !== undefined && password !== undefined) {
    return fleeting(new SoapCredentials({ loginName, password }))
  }
  const message =
    loginName === undefined && password === undefined
      ? "no credentials: use --credentials-file, --secret, NETCUP_REFRESH_TOKEN, or NETCUP_LOGIN_NAME with NETCUP_PASSWORD. `netcup-failover login --save FILE` makes a file"
      : `no credentials: ${loginName === undefined ? "NETCUP_LOGIN_NAME" : "NETCUP_PASSWORD"} is missing`
  return yield* new CredentialsUnusable({ message })
})

/** The login that these flags, or else the environment, name. */
export const resolve = Effect.fn("CredentialsFlags.resolve")(function* (
  { controllerNamespace, credentialsFile, secret }: Given,
  settings: Settings.Settings,
  purpose: "use" | "revoke" = "use"
) {
  if (Option.isSome(credentialsFile) && Option.isSome(secret)) {
    return yield* new WrongUsage({ message: "--credentials-file and --secret exclude each other" })
  }
  if (Option.isSome(credentialsFile)) return yield* ofFile(credentialsFile.value)
  if (Option.isNone(secret)) return yield* ofEnvironment(settings)
  const name = yield* KubeName.parse(secret.value)
  const kubeconfig = yield* Settings.kubeconfig(settings)
  // It lives as long as the command, since rotated tokens are kept by it.
  const client = yield* Layer.build(KubeClient.layer({ kubeconfig, userAgent: "netcup-failover" }))
  return yield* SecretLogin.load(name, Option.getOrUndefined(controllerNamespace), purpose).pipe(Effect.provide(client))
})
