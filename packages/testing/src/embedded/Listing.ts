/**
 * Lists: at one version, in pages, as `limit`, `continue`, `resourceVersion` and `resourceVersionMatch` ask.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { ApiFailure, badRequest, expiredContinue, forbiddenOption, tooLargeVersion } from "./ApiFailure.ts"
import type { KubeObject } from "./KubeObject.ts"
import type { KubeState } from "./KubeState.ts"
import { idOf } from "./Resource.ts"
import * as Selection from "./Selection.ts"

export interface Page {
  readonly items: ReadonlyArray<KubeObject>
  readonly version: number
  readonly continue: string | undefined
  readonly remaining: number | undefined
}

/** What a `continue` token holds; `rv` -1: whatever is there now. */
const Token = Schema.fromJsonString(
  Schema.Struct({ v: Schema.Literal("meta.k8s.io/v1"), rv: Schema.Int, start: Schema.String })
)
type Token = typeof Token.Type
const decodeToken = Schema.decodeUnknownResult(Token)

const tokenOf = (rv: number, start: string) =>
  Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv, start })).toString("base64url")

/** A version of a query: absent, "" and "0" are none. */
export const versionOf = (query: URLSearchParams): Result.Result<number | undefined, string> => {
  const text = query.get("resourceVersion") ?? ""
  if (text === "" || text === "0") return Result.succeed(undefined)
  if (/^\d+$/.test(text)) return Result.succeed(Number(text))
  return Result.fail(
    `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`
  )
}

const limitOf = (query: URLSearchParams): Result.Result<number, ApiFailure> => {
  const text = query.get("limit") ?? "0"
  return /^\d+$/.test(text)
    ? Result.succeed(Number(text) || Number.POSITIVE_INFINITY)
    : Result.fail(badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`))
}

const gone = () =>
  new ApiFailure({ code: 410, reason: "Expired", message: "The resourceVersion for the provided list is too old." })

const continued = (query: URLSearchParams): Result.Result<Token | undefined, ApiFailure> => {
  const text = query.get("continue") || undefined
  if (text === undefined) return Result.succeed(undefined)
  if (query.get("resourceVersionMatch")) {
    const message = "resourceVersionMatch is forbidden for continue"
    return Result.fail(forbiddenOption("resourceVersionMatch", message))
  }
  if (!["", "0"].includes(query.get("resourceVersion") ?? "")) {
    return Result.fail(badRequest("specifying resource version is not allowed when using continue"))
  }
  return Result.mapError(decodeToken(Buffer.from(text, "base64url").toString()), () =>
    badRequest("invalid continue token: continue key is not valid")
  )
}

export const list = (
  { store }: KubeState,
  scope: Selection.Scope,
  query: URLSearchParams
): Result.Result<Page, ApiFailure> =>
  Result.gen(function* () {
    const id = idOf(scope.resource)
    const limit = yield* limitOf(query)
    const token = yield* continued(query)
    const match = query.get("resourceVersionMatch") ?? ""
    const asked = yield* Result.mapError(versionOf(query), (why) => badRequest(`invalid resource version: ${why}`))
    const { matches, selective } = yield* Selection.parse(scope, query)
    if (match !== "" && !query.get("resourceVersion")) {
      const message = "resourceVersionMatch is forbidden unless resourceVersion is provided"
      return yield* Result.fail(forbiddenOption("resourceVersionMatch", message))
    }
    const current = store.version()
    if (asked !== undefined && asked > current) return yield* Result.fail(tooLargeVersion(asked, current))
    const exactly = asked !== undefined && (match === "Exact" || (match === "" && Number.isFinite(limit)))
    const version = token === undefined ? (exactly ? asked : current) : token.rv === -1 ? current : token.rv
    const entries = yield* Result.mapError(store.entriesAt(id, version), () =>
      token === undefined ? gone() : expiredContinue(tokenOf(-1, token.start))
    )
    const rest = entries.filter(([key, object]) => matches(object) && (token === undefined || key > token.start))
    const page = Number.isFinite(limit) ? rest.slice(0, limit) : rest
    const last = page.at(-1)
    const more = page.length < rest.length && last !== undefined
    return {
      items: page.map(([, object]) => object),
      version,
      continue: more ? tokenOf(version, last[0]) : undefined,
      remaining: more && !selective ? rest.length - page.length : undefined
    }
  })
