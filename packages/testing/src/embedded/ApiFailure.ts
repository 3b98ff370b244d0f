/**
 * How the API says no: an HTTP status and a `Status` object, worded as kube-apiserver words it, since clients and people read it.
 */
import * as Data from "effect/Data"
import type { Json, JsonObject } from "./JsonValue.ts"

/** One field that is wrong, as in `details.causes`. */
export interface Cause {
  readonly reason: string
  readonly message: string
  readonly field: string
}

/** What a resource is called in failures. `group` is "" for core. */
interface Named {
  readonly group: string
  readonly plural: string
  readonly kind: string
}

/** `text`: answered as plain text in place of a `Status`, as for paths that nobody serves. */
export class ApiFailure extends Data.TaggedError("ApiFailure")<{
  readonly code: number
  readonly reason: string | undefined
  readonly message: string
  readonly details?: JsonObject | undefined
  /** Of a list that cannot be continued: from where to go on, inconsistently. */
  readonly continueFrom?: string | undefined
  readonly retryAfterSeconds?: number | undefined
  readonly text?: string | undefined
}> {}

/** `configmaps`, `widgets.shop.example` */
const qualified = (name: string, group: string) => (group === "" ? name : `${name}.${group}`)

const details = (name: string, kind: string, group: string, more: JsonObject = {}): JsonObject => ({
  ...(name === "" ? {} : { name }),
  ...(group === "" ? {} : { group }),
  kind,
  ...more
})

const causesOf = (causes: ReadonlyArray<Cause>): Json =>
  causes.map(({ field, message, reason }) => ({ reason, message, field }))

export const notFound = ({ group, plural }: Named, name: string) =>
  new ApiFailure({
    code: 404,
    reason: "NotFound",
    message: `${qualified(plural, group)} "${name}" not found`,
    details: details(name, plural, group)
  })

/** The API knows the group, but not what is asked of it. */
export const noResource = () =>
  new ApiFailure({
    code: 404,
    reason: "NotFound",
    message: "the server could not find the requested resource",
    details: {}
  })

export const noPage = () => new ApiFailure({ code: 404, reason: undefined, message: "", text: "404 page not found\n" })

export const alreadyExists = ({ group, plural }: Named, name: string, deleting: boolean) =>
  new ApiFailure({
    code: 409,
    reason: "AlreadyExists",
    message: `${deleting ? "object is being deleted: " : ""}${qualified(plural, group)} "${name}" already exists`,
    details: details(name, plural, group)
  })

const cannotFulfil = (name: string, kind: string, group: string, why: string) =>
  new ApiFailure({
    code: 409,
    reason: "Conflict",
    message: `Operation cannot be fulfilled on ${qualified(kind, group)} "${name}": ${why}`,
    details: details(name, kind, group)
  })

export const modified = ({ group, plural }: Named, name: string) =>
  cannotFulfil(
    name,
    plural,
    group,
    "the object has been modified; please apply your changes to the latest version and try again"
  )

/** The object is another one than the update was made from. */
export const otherUid = ({ group, plural }: Named, name: string, asked: string, found: string) =>
  cannotFulfil(
    name,
    plural,
    group,
    `StorageError: invalid object, Code: 4, Key: ${name}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${asked}, UID in object meta: ${found}`
  )

export const preconditionUid = ({ group, kind }: Named, name: string, asked: string, found: string) =>
  cannotFulfil(
    name,
    kind,
    group,
    `the UID in the precondition (${asked}) does not match the UID in record (${found}). The object might have been deleted and then recreated`
  )

export const preconditionVersion = ({ group, kind }: Named, name: string, asked: string, found: string) =>
  cannotFulfil(
    name,
    kind,
    group,
    `the ResourceVersion in the precondition (${asked}) does not match the ResourceVersion in record (${found}). The object might have been modified`
  )

export const badRequest = (message: string) => new ApiFailure({ code: 400, reason: "BadRequest", message })

/** 500 without a reason, as the real server answers what it did not expect. */
export const unexpected = (message: string) => new ApiFailure({ code: 500, reason: undefined, message })

export const invalid = (kind: string, group: string, name: string, causes: ReadonlyArray<Cause>) => {
  const said = causes.map(({ field, message }) => `${field}: ${message}`)
  const text = said.length === 1 ? said[0] : `[${said.join(", ")}]`
  return new ApiFailure({
    code: 422,
    reason: "Invalid",
    message: `${qualified(kind, group)} "${name}" is invalid: ${text}`,
    details: details(name, kind, group, { causes: causesOf(causes) })
  })
}

/** Options that don't go together. */
export const forbiddenOption = (field: string, message: string) =>
  invalid("ListOptions", "meta.k8s.io", "", [
    { reason: "FieldValueForbidden", message: `Forbidden: ${message}`, field }
  ])

/** A patch that does not apply. */
export const cannotPatch = () =>
  new ApiFailure({
    code: 422,
    reason: "Invalid",
    message: "the server rejected our request due to an error in our request",
    details: {}
  })

export const unsupportedMediaType = (accepted: ReadonlyArray<string>) =>
  new ApiFailure({
    code: 415,
    reason: "UnsupportedMediaType",
    message: `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`
  })

export const unknownPatchType = () =>
  new ApiFailure({ code: 415, reason: "UnsupportedMediaType", message: "415: Unsupported Media Type", details: {} })

export const notAcceptable = () =>
  new ApiFailure({
    code: 406,
    reason: "NotAcceptable",
    message: "406: Not Acceptable\n\nAvailable representations: application/json, application/json;stream=watch",
    details: {}
  })

export const methodNotAllowed = () =>
  new ApiFailure({
    code: 405,
    reason: "MethodNotAllowed",
    message: "the server does not allow this method on the requested resource",
    details: {}
  })

export const unauthorized = () => new ApiFailure({ code: 401, reason: "Unauthorized", message: "Unauthorized" })

export const terminatingNamespace = ({ group, plural }: Named, name: string, namespace: string) =>
  new ApiFailure({
    code: 403,
    reason: "Forbidden",
    message: `${qualified(plural, group)} "${name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
    details: details(name, plural, group, {
      causes: causesOf([
        {
          reason: "NamespaceTerminating",
          message: `namespace ${namespace} is being terminated`,
          field: "metadata.namespace"
        }
      ])
    })
  })

export const tooOld = (asked: number, oldest: number) =>
  new ApiFailure({ code: 410, reason: "Expired", message: `too old resource version: ${asked} (${oldest})` })

/** @param continueFrom a token that goes on with what is there now */
export const expiredContinue = (continueFrom: string) =>
  new ApiFailure({
    code: 410,
    reason: "Expired",
    message:
      "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
    continueFrom
  })

export const tooLargeVersion = (asked: number, current: number) =>
  new ApiFailure({
    code: 504,
    reason: "Timeout",
    message: `Timeout: Too large resource version: ${asked}, current: ${current}`,
    details: {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1
    },
    retryAfterSeconds: 1
  })

/** The `Status` object that is answered, or sent as an `ERROR` of a watch. */
export const toStatus = (failure: ApiFailure): JsonObject => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: failure.continueFrom === undefined ? {} : { continue: failure.continueFrom },
  status: "Failure",
  message: failure.message,
  ...(failure.reason === undefined ? {} : { reason: failure.reason }),
  ...(failure.details === undefined ? {} : { details: failure.details }),
  code: failure.code
})
