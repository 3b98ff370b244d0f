/**
 * The one ConfigMap or Secret in which a controller keeps something. Every write is optimistic: it fails with `Conflict` or
 * `AlreadyExists` when somebody else wrote first, so that a write tells that nobody did.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Json from "./Json.ts"
import { KubeClient } from "./KubeClient.ts"
import { KubeError } from "./KubeError.ts"
import { collectionPath, objectPath } from "./ResourceKind.ts"

export interface StoredData {
  /** Texts by their keys; a Secret's are plain here and base64 on the wire. What is no text is left out. */
  readonly data: Readonly<Record<string, string>>
  /** All of the object, with its version: what we don't know of it is written back as it was. */
  readonly object: { readonly [key: string]: Schema.Json }
}

export interface DataObject {
  readonly name: string
  /** `undefined` when there is none. */
  readonly read: Effect.Effect<StoredData | undefined, KubeError>
  /** Writes all keys in place of those that `found` has; creates the object when nothing was found. Sent once. */
  readonly write: (
    found: StoredData | undefined,
    data: Readonly<Record<string, string>>
  ) => Effect.Effect<StoredData, KubeError>
}

interface DataObjectSettings {
  readonly kind: "ConfigMap" | "Secret"
  readonly name: string
  readonly namespace: string
  /** Of the object when it is created. */
  readonly labels?: Readonly<Record<string, string>> | undefined
}

const resources = {
  ConfigMap: { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true },
  Secret: { group: "", version: "v1", kind: "Secret", plural: "secrets", namespaced: true }
} as const

const fromBase64 = Schema.decodeUnknownResult(Schema.StringFromBase64)
const toBase64 = Schema.encodeSync(Schema.StringFromBase64)

const decodeValues = (data: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(data).flatMap(([key, value]) => {
      const text = fromBase64(value)
      return Result.isSuccess(text) ? [[key, text.success] as const] : []
    })
  )

const encodeValues = (data: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(data).map(([key, text]) => [key, toBase64(text)]))

const decodeData = Json.decode(
  Schema.Struct({
    data: Schema.NullOr(Schema.Record(Schema.String, Schema.String)).pipe(
      Schema.withDecodingDefaultKey(Effect.succeed({}))
    )
  })
)

/** The object's keys and values; nothing is asked yet. */
export const make = Effect.fnUntraced(function* ({ kind, name, namespace, labels = {} }: DataObjectSettings) {
  const client = yield* KubeClient
  const resource = resources[kind]
  const collection = collectionPath(resource, namespace)
  const path = objectPath(resource, { name, namespace })

  const stored = (object: StoredData["object"]): Effect.Effect<StoredData, KubeError> =>
    Effect.fromResult(decodeData(object)).pipe(
      Effect.map(({ data }) => ({ data: kind === "Secret" ? decodeValues(data ?? {}) : (data ?? {}), object })),
      Effect.mapError((reason) => new KubeError({ request: `GET ${path}`, reason }))
    )

  const dataObject: DataObject = {
    name,
    read: client.request({ method: "GET", path, schema: Schema.JsonObject }).pipe(
      Effect.flatMap(stored),
      Effect.catchIf(
        (error) => error.reason._tag === "NotFound",
        () => Effect.succeed(undefined)
      )
    ),
    write: (found, texts) => {
      const data = kind === "Secret" ? encodeValues(texts) : texts
      const created = { apiVersion: "v1", kind, metadata: { name, namespace, labels }, data }
      return client
        .request({
          method: found === undefined ? "POST" : "PUT",
          path: found === undefined ? collection : path,
          body: found === undefined ? created : { ...found.object, data },
          schema: Schema.JsonObject
        })
        .pipe(Effect.flatMap(stored))
    }
  }
  return dataObject
})
