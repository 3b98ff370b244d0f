/**
 * A login from a Secret of a cluster, which the cluster's controller may be using.
 *
 * netcup may answer each refresh of a REST login by a new token and let the one before die, and use of a dead one may end the whole
 * login. The controller keeps its newest token in a store, and in memory for when that cannot be read: behind its back nobody may
 * refresh. So while it lives and has a rotated token of this login, we refuse. Otherwise nobody else can be using it: we go on
 * from the newest token in its store, and keep what that is rotated to where the controller will find it.
 */
import * as DataObject from "@netcup-failover/kubernetes/DataObject"
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import { TokenStore } from "@netcup-failover/netcup/TokenStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { CredentialsUnusable } from "../Problem.ts"
import * as ClusterTokenStore from "./ClusterTokenStore.ts"
import * as Controller from "./Controller.ts"
import * as CredentialsText from "./CredentialsText.ts"
import { fleeting, type Login } from "./Login.ts"

export interface SecretName {
  readonly namespace: string
  readonly name: string
}

/** What it is for: to ask netcup by it, or to end it, which takes no refresh. */
type Purpose = "use" | "revoke"

export const load = Effect.fn("SecretLogin.load")(function* (
  { name, namespace }: SecretName,
  controllerNamespace: string | undefined,
  purpose: Purpose
) {
  const secret = yield* DataObject.make({ kind: "Secret", name, namespace })
  const found = yield* secret.read
  if (found === undefined) return yield* new CredentialsUnusable({ message: `there is no Secret ${namespace}/${name}` })
  const credentials = yield* Effect.mapError(
    Effect.fromResult(CredentialsText.ofSecret(found.data)),
    (problem) => new CredentialsUnusable({ message: `the Secret ${namespace}/${name} ${problem}` })
  )
  if (credentials._tag === "Soap") return fleeting(credentials)

  const controller = yield* Controller.find(controllerNamespace)
  const client = yield* KubeClient
  const store = ClusterTokenStore.layer(controller.namespace).pipe(Layer.provide(Layer.succeed(KubeClient, client)))
  const kept = yield* TokenStore.use(({ latest }) => latest(credentials.refreshToken)).pipe(
    Effect.provide(store),
    Effect.mapError(({ message }) => new CredentialsUnusable({ message }))
  )
  if (purpose === "use" && controller.lives && Option.isSome(kept)) {
    return yield* new CredentialsUnusable({
      message: `the controller in ${controller.namespace} is using the login of ${namespace}/${name}, and netcup gives a new token at each use: a second user might end it. Log in for yourself: netcup-failover login --save FILE`
    })
  }
  return { ...fleeting(credentials), store } satisfies Login
})
