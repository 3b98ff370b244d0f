import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import type { KubeError } from "@netcup-failover/kubernetes/KubeError"
import { RestCredentials } from "@netcup-failover/netcup/Credentials"
import * as DeviceLogin from "@netcup-failover/netcup/login/DeviceLogin"
import * as Logout from "@netcup-failover/netcup/login/Logout"
import * as MemoryTokenStore from "@netcup-failover/netcup/login/MemoryTokenStore"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as KubeName from "../credentials/KubeName.ts"
import type { SecretName } from "../credentials/SecretLogin.ts"
import { type NotStored, WrongUsage } from "../Problem.ts"
import * as Screen from "../Screen.ts"
import * as Settings from "../Settings.ts"
import * as Shown from "../Shown.ts"
import * as FileTarget from "./FileTarget.ts"
import * as LoginRestrictions from "./LoginRestrictions.ts"
import * as Run from "./Run.ts"
import * as SecretTarget from "./SecretTarget.ts"

const parameters = {
  name: Flag.String("name").pipe(
    Flag.withDescription("Of the Secret; netcup-credentials by default"),
    Flag.withDefault("netcup-credentials")
  ),
  namespace: Flag.String("namespace").pipe(
    Flag.withDescription("Of the Secret; netcup-system by default"),
    Flag.withDefault("netcup-system")
  ),
  apply: Flag.Boolean("apply").pipe(
    Flag.withDescription("Create or update the Secret in the cluster of KUBECONFIG instead of printing it"),
    Flag.withDefault(false)
  ),
  save: Flag.String("save").pipe(
    Flag.withMetavar("FILE"),
    Flag.withDescription("Write the login to a file for --credentials-file instead of printing a Secret"),
    Flag.optional
  ),
  json: Run.json
}

/** Puts a token where it is to go. */
type Store = (token: Redacted.Redacted) => Effect.Effect<Run.Output, KubeError | NotStored, FileSystem.FileSystem>

const toManifest =
  (secret: SecretName): Store =>
  (token) =>
    Effect.succeed({ json: SecretTarget.manifest(secret, token), text: SecretTarget.yaml(secret, token) })

const toCluster = Effect.fnUntraced(function* (secret: SecretName, settings: Settings.Settings) {
  const kubeconfig = yield* Settings.kubeconfig(settings)
  const kube = yield* Layer.build(KubeClient.layer({ kubeconfig, userAgent: "netcup-failover" }))
  yield* Effect.provide(SecretTarget.exists(secret), kube)
  const store: Store = (token) =>
    Effect.map(Effect.provide(SecretTarget.write(secret, token), kube), (outcome) => {
      const { name, namespace } = secret
      return { json: { namespace, name, outcome }, text: `Secret ${namespace}/${name} ${outcome}` }
    })
  return store
})

const toFile = Effect.fnUntraced(function* (file: string) {
  yield* FileTarget.check(file)
  const store: Store = (token) =>
    Effect.as(FileTarget.write(file, token), { json: { file }, text: Shown.line(`the login is in ${file}`) })
  return store
})

/** Where the token goes: known to be fit before anybody is asked to log in. */
const target = Effect.fnUntraced(function* (
  { apply, name, namespace, save }: Command.Command.Config.Infer<typeof parameters>,
  settings: Settings.Settings
) {
  if (Option.isSome(save)) {
    if (apply) return yield* new WrongUsage({ message: "--apply and --save exclude each other" })
    return yield* toFile(save.value)
  }
  const secret = yield* KubeName.check({ name, namespace })
  return apply ? yield* toCluster(secret, settings) : toManifest(secret)
})

export const login = Command.make("login", parameters, (given) =>
  Run.run(
    given.json,
    Effect.gen(function* () {
      const settings = yield* Settings.load
      const store = yield* target(given, settings)
      const { login: options } = Settings.endpoints(settings).rest
      const device = yield* DeviceLogin.begin(options)
      const until = new Date(device.expiresAt).toISOString()
      yield* Screen.say(`Open ${device.verificationUriComplete ?? device.verificationUri}`)
      yield* Screen.say(`and allow the login, if the code there is ${device.userCode}. It is good until ${until}.`)
      const { accessToken, refreshToken } = yield* device.await.pipe(
        Screen.during("waiting for you to allow the login")
      )

      const output = yield* store(refreshToken).pipe(
        // A login that nobody has written down is of no use to anybody but a thief.
        Effect.tapError(() =>
          Logout.revoke(new RestCredentials({ refreshToken }), options).pipe(
            Effect.provide(MemoryTokenStore.layer),
            Effect.ignore
          )
        ),
        Effect.uninterruptible
      )
      yield* LoginRestrictions.ask(settings, accessToken).pipe(
        Effect.flatMap((only) =>
          only === ""
            ? Effect.void
            : Effect.logWarning(
                `netcup lets the API be used from ${only} only. A controller on a node with another address is locked out: add the addresses of all nodes to the API login restrictions in the panel, or remove them`
              )
        ),
        Effect.catch((why) => Effect.logWarning(`it is not known whether there are API login restrictions: ${why}`))
      )
      return output
    })
  )
).pipe(
  Command.withDescription(
    "Logs in to netcup's REST API: shows a page to open in any browser, waits until the login is allowed there, and prints a Secret for the controller to stdout. A login lives as long as it is used once in 30 days."
  ),
  Command.withShortDescription("Log in, and print, apply or save the login"),
  Command.withExamples([
    { command: "netcup-failover login | kubectl apply -f -", description: "For the controller" },
    { command: "netcup-failover login --apply --name netcup --namespace netcup-system", description: "The same" },
    { command: "netcup-failover login --save netcup.json", description: "For this tool" }
  ])
)
