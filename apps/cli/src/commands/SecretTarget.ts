/**
 * The Secret that a login goes into, for the controller to read.
 */
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { SecretName } from "../credentials/SecretLogin.ts"

const toBase64 = Schema.encodeSync(Schema.StringFromBase64)

/** As JSON, which kubectl takes as well. */
export const manifest = ({ name, namespace }: SecretName, token: Redacted.Redacted) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace },
  type: "Opaque",
  stringData: { refreshToken: Redacted.value(token) }
})

/** The same as YAML. All texts are quoted as in JSON, which is YAML. */
export const yaml = (secret: SecretName, token: Redacted.Redacted): string => {
  const { apiVersion, kind, metadata, stringData, type } = manifest(secret, token)
  return [
    `apiVersion: ${apiVersion}`,
    `kind: ${kind}`,
    "metadata:",
    `  name: ${JSON.stringify(metadata.name)}`,
    `  namespace: ${JSON.stringify(metadata.namespace)}`,
    `type: ${type}`,
    "stringData:",
    `  refreshToken: ${JSON.stringify(stringData.refreshToken)}`
  ].join("\n")
}

const paths = ({ name, namespace }: SecretName) => {
  const collection = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`
  return { collection, object: `${collection}/${encodeURIComponent(name)}` }
}

/** Whether there is one. Asked before the login, to learn of what stands against writing it. */
export const exists = Effect.fn("SecretTarget.exists")(function* (secret: SecretName) {
  const client = yield* KubeClient
  return yield* client.request({ method: "GET", path: paths(secret).object, schema: Schema.JsonObject }).pipe(
    Effect.as(true),
    Effect.catchIf(
      ({ reason }) => reason._tag === "NotFound",
      () => Effect.succeed(false)
    )
  )
})

/** Puts the token in. Of a Secret that is there all else stays, but a key `token`, which would come before it. */
export const write = Effect.fn("SecretTarget.write")(function* (secret: SecretName, token: Redacted.Redacted) {
  const client = yield* KubeClient
  const { collection, object } = paths(secret)
  const update = client.request({
    method: "PATCH",
    path: object,
    contentType: "application/merge-patch+json",
    body: { data: { refreshToken: toBase64(Redacted.value(token)), token: null } },
    schema: Schema.JsonObject
  })
  const create = client.request({
    method: "POST",
    path: collection,
    body: manifest(secret, token),
    schema: Schema.JsonObject
  })
  return yield* update.pipe(
    Effect.as("updated" as const),
    Effect.catchIf(
      ({ reason }) => reason._tag === "NotFound",
      () => Effect.as(create, "created" as const)
    )
  )
})
