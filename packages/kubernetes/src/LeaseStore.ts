/**
 * The one Lease that an election is about. Every write is optimistic: it fails with `Conflict` or `AlreadyExists` when somebody
 * else wrote first. So it may be sent twice: on a connection that went dead a request costs seconds, not the Lease.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Json from "./Json.ts"
import { KubeClient } from "./KubeClient.ts"
import { KubeError } from "./KubeError.ts"
import { LeaseRecord } from "./LeaseRecord.ts"
import { collectionPath, objectPath } from "./ResourceKind.ts"

export interface StoredLease {
  readonly record: LeaseRecord
  /** All of the object, with its version: what we don't know of it is written back as it was. */
  readonly object: { readonly [key: string]: Schema.Json }
}

export class LeaseStore extends Context.Service<
  LeaseStore,
  {
    /** Undefined when there is none. */
    readonly read: Effect.Effect<StoredLease | undefined, KubeError>
    readonly create: (record: LeaseRecord) => Effect.Effect<StoredLease, KubeError>
    readonly update: (found: StoredLease, record: LeaseRecord) => Effect.Effect<StoredLease, KubeError>
  }
>()("@netcup-failover/kubernetes/LeaseStore") {
  static readonly layer = (settings: LeaseStoreSettings): Layer.Layer<LeaseStore, never, KubeClient> =>
    Layer.effect(LeaseStore, make(settings))
}

interface LeaseStoreSettings {
  readonly name: string
  readonly namespace: string
  /** Unanswered for so long, a request is sent once more on a fresh connection. Several have to fit into the deadline. Default 2 s. */
  readonly againAfter?: Duration.Input | undefined
}

const kind = { group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases", namespaced: true }

const decodeLease = Json.decode(
  Schema.Struct({ spec: LeaseRecord.pipe(Schema.withDecodingDefaultKey(Effect.succeed({}))) })
)
const decodeObject = Json.decode(Schema.JsonObject)

const make = Effect.fnUntraced(function* ({
  name,
  namespace,
  againAfter: urgentAfter = "2 seconds"
}: LeaseStoreSettings) {
  const client = yield* KubeClient
  const collection = collectionPath(kind, namespace)
  const path = objectPath(kind, { name, namespace })

  const stored = (object: StoredLease["object"]): Effect.Effect<StoredLease, KubeError> =>
    Effect.fromResult(decodeLease(object)).pipe(
      Effect.map(({ spec }) => ({ record: spec, object })),
      Effect.mapError((reason) => new KubeError({ request: `GET ${path}`, reason }))
    )

  const spec = (object: StoredLease["object"] | undefined, record: LeaseRecord) => {
    const before = decodeObject(object?.spec)
    return { ...(before._tag === "Success" ? before.success : {}), ...record }
  }

  return LeaseStore.of({
    read: client.request({ method: "GET", path, schema: Schema.JsonObject, urgentAfter, retries: 0 }).pipe(
      Effect.flatMap(stored),
      Effect.catchIf(
        (error) => error.reason._tag === "NotFound",
        () => Effect.succeed(undefined)
      )
    ),
    create: (record) =>
      client
        .request({
          method: "POST",
          path: collection,
          body: {
            apiVersion: "coordination.k8s.io/v1",
            kind: "Lease",
            metadata: { name, namespace },
            spec: spec(undefined, record)
          },
          schema: Schema.JsonObject,
          urgentAfter
        })
        .pipe(Effect.flatMap(stored)),
    update: (found, record) =>
      client
        .request({
          method: "PUT",
          path,
          body: { ...found.object, spec: spec(found.object, record) },
          schema: Schema.JsonObject,
          urgentAfter
        })
        .pipe(Effect.flatMap(stored))
  })
})
