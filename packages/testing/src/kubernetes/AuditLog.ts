/**
 * What ServiceAccounts asked of the API server, and what it said: its audit log
 * (https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/), by which tests hold granted rights against used ones.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"

/** Every request of ServiceAccounts, when its answer begins (a watch) and when it ends; of others none. */
export const policy = JSON.stringify({
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata", userGroups: ["system:serviceaccounts"] }, { level: "None" }]
})

/** A stage of one request. `name` and `namespace` are absent where the request has none, as a list has no name. */
export const AuditEvent = Schema.Struct({
  requestURI: Schema.String,
  verb: Schema.String,
  user: Schema.Struct({ username: Schema.String }),
  objectRef: Schema.optionalKey(
    Schema.Struct({
      apiGroup: Schema.optionalKey(Schema.String),
      resource: Schema.optionalKey(Schema.String),
      subresource: Schema.optionalKey(Schema.String),
      namespace: Schema.optionalKey(Schema.String),
      name: Schema.optionalKey(Schema.String)
    })
  ),
  responseStatus: Schema.optionalKey(Schema.Struct({ code: Schema.optionalKey(Schema.Int) }))
})
export type AuditEvent = typeof AuditEvent.Type

const Line = Schema.fromJsonString(AuditEvent)

/** All that was answered so far. */
export const read = Effect.fn("AuditLog.read")(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* fs.readFileString(file)
  // The last line may be half written.
  const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n")
  return yield* Effect.forEach(
    lines.filter((line) => line !== ""),
    (line) => Schema.decodeEffect(Line)(line)
  )
}, Effect.orDie)
