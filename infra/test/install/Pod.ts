/**
 * Pods as far as our kubelet runs them. What it does not know it must not pass over: unknown kinds of volumes and variables fail.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const FieldRef = Schema.Struct({ fieldPath: Schema.String })
const KeyRef = Schema.Struct({ name: Schema.String, key: Schema.String })

const Variable = Schema.Struct({
  name: Schema.String,
  value: Schema.optionalKey(Schema.String),
  valueFrom: Schema.optionalKey(
    Schema.Union([Schema.Struct({ fieldRef: FieldRef }), Schema.Struct({ secretKeyRef: KeyRef })])
  )
})

const Source = Schema.Union([
  Schema.Struct({
    serviceAccountToken: Schema.Struct({ path: Schema.String, expirationSeconds: Schema.Int })
  }),
  Schema.Struct({
    configMap: Schema.Struct({
      name: Schema.String,
      items: Schema.Array(Schema.Struct({ key: Schema.String, path: Schema.String }))
    })
  }),
  Schema.Struct({
    downwardAPI: Schema.Struct({ items: Schema.Array(Schema.Struct({ path: Schema.String, fieldRef: FieldRef })) })
  })
])

const listOf = <S extends Schema.Constraint>(schema: S) =>
  Schema.Array(schema).pipe(Schema.withDecodingDefaultKey(Effect.succeed([])))

const Probe = Schema.Struct({
  httpGet: Schema.Struct({ path: Schema.String, port: Schema.Union([Schema.String, Schema.Int]) }),
  periodSeconds: Schema.Int,
  failureThreshold: Schema.Int
})
export type Probe = typeof Probe.Type

const Container = Schema.Struct({
  name: Schema.String,
  image: Schema.String,
  command: Schema.optionalKey(Schema.Array(Schema.String)),
  args: Schema.optionalKey(Schema.Array(Schema.String)),
  env: listOf(Variable),
  // From whole Secrets: not known here.
  envFrom: Schema.optionalKey(Schema.Tuple([])),
  ports: listOf(Schema.Struct({ name: Schema.optionalKey(Schema.String), containerPort: Schema.Int })),
  volumeMounts: listOf(Schema.Struct({ name: Schema.String, mountPath: Schema.String })),
  startupProbe: Schema.optionalKey(Probe),
  readinessProbe: Schema.optionalKey(Probe),
  livenessProbe: Schema.optionalKey(Probe),
  securityContext: Schema.optionalKey(
    Schema.Struct({
      runAsUser: Schema.optionalKey(Schema.Int),
      runAsGroup: Schema.optionalKey(Schema.Int),
      readOnlyRootFilesystem: Schema.optionalKey(Schema.Boolean)
    })
  )
})

export const Pod = Schema.Struct({
  metadata: Schema.Struct({
    name: Schema.String,
    namespace: Schema.String,
    uid: Schema.String,
    labels: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
    deletionTimestamp: Schema.optionalKey(Schema.String),
    deletionGracePeriodSeconds: Schema.optionalKey(Schema.Int)
  }),
  spec: Schema.Struct({
    nodeName: Schema.optionalKey(Schema.String),
    nodeSelector: Schema.Record(Schema.String, Schema.String).pipe(Schema.withDecodingDefaultKey(Effect.succeed({}))),
    serviceAccountName: Schema.String,
    securityContext: Schema.Struct({
      runAsNonRoot: Schema.optionalKey(Schema.Boolean),
      runAsUser: Schema.optionalKey(Schema.Int),
      runAsGroup: Schema.optionalKey(Schema.Int)
    }),
    volumes: listOf(
      Schema.Struct({ name: Schema.String, projected: Schema.Struct({ sources: Schema.Array(Source) }) })
    ),
    containers: Schema.Tuple([Container])
  })
})
export type Pod = typeof Pod.Type

/** Where a Pod is in the API. */
export const path = ({ metadata }: Pick<Pod, "metadata">): string =>
  `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`

/** A port by its number or its name among the container's. */
export const portOf = ({ spec }: Pod, port: string | number): number | undefined =>
  typeof port === "number" ? port : spec.containers[0].ports.find(({ name }) => name === port)?.containerPort
