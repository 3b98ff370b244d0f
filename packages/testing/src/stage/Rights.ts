/**
 * What roles grant to the controller, one verb of one resource at a time, held against what it used.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { AuditEvent } from "../kubernetes/AuditLog.ts"
import type { Manifest } from "./Manifests.ts"

const Rules = Schema.Struct({
  rules: Schema.Array(
    Schema.Struct({
      apiGroups: Schema.Array(Schema.String),
      resources: Schema.Array(Schema.String),
      resourceNames: Schema.optionalKey(Schema.Array(Schema.String)),
      verbs: Schema.Array(Schema.String)
    })
  )
})

/** May do `verb` to `resource` (with its subresource, as `nodes/status`). No namespace: in all; no name: to all. */
export interface Right {
  readonly verb: string
  readonly apiGroup: string
  readonly resource: string
  readonly namespace: string | undefined
  readonly name: string | undefined
}

/** All rights of the roles among `manifests`. */
export const granted = Effect.fn("Rights.granted")(function* (manifests: ReadonlyArray<Manifest>) {
  const roles = manifests.filter(({ kind }) => kind === "Role" || kind === "ClusterRole")
  const rights = yield* Effect.forEach(roles, (role) =>
    Effect.map(Schema.decodeUnknownEffect(Rules)(role), ({ rules }) =>
      rules.flatMap(({ apiGroups, resources, resourceNames = [undefined], verbs }) =>
        apiGroups.flatMap((apiGroup) =>
          resources.flatMap((resource) =>
            resourceNames.flatMap((name) =>
              verbs.map((verb): Right => ({ verb, apiGroup, resource, namespace: role.metadata.namespace, name }))
            )
          )
        )
      )
    )
  )
  return rights.flat()
}, Effect.orDie)

/** Whether a request used the right. */
const uses =
  (right: Right) =>
  ({ verb, objectRef }: AuditEvent): boolean => {
    if (objectRef === undefined) return false
    const { apiGroup = "", resource = "", subresource, namespace, name } = objectRef
    return (
      verb === right.verb &&
      apiGroup === right.apiGroup &&
      (subresource === undefined ? resource : `${resource}/${subresource}`) === right.resource &&
      (right.namespace === undefined || namespace === right.namespace) &&
      (right.name === undefined || name === right.name)
    )
  }

/** Rights that none of the requests used. */
export const unused = (rights: ReadonlyArray<Right>, requests: ReadonlyArray<AuditEvent>): ReadonlyArray<Right> =>
  rights.filter((right) => !requests.some(uses(right)))

const rightOf = ({ verb, objectRef: { apiGroup, resource, subresource, namespace } = {} }: AuditEvent): string =>
  [verb, apiGroup, resource, subresource, namespace].join(" ")

/**
 * Requests for which a right was missing. An API server that has just started refuses everybody until it has read the roles, so what is
 * allowed at another time was not missing.
 */
export const refused = (requests: ReadonlyArray<AuditEvent>): ReadonlyArray<AuditEvent> => {
  const allowed = new Set(requests.filter(({ responseStatus: { code = 0 } = {} }) => code < 400).map(rightOf))
  return requests.filter((request) => request.responseStatus?.code === 403 && !allowed.has(rightOf(request)))
}
