/**
 * Reads a request as strictly as the API's document allows.
 */
import * as Result from "effect/Result"
import { isObject, type Json, parse } from "../embedded/JsonValue.ts"
import type { Exchange } from "./HttpListener.ts"
import * as RestOperation from "./RestOperation.ts"
import * as RestReply from "./RestReply.ts"

/** One call that was understood that far; `objection` is what it gets if its sender may ask at all. */
export interface RestCall {
  readonly operation: string
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** What the path says, by name. */
  readonly parameters: Readonly<Record<string, string>>
  /** Documented parameters only, the last of several: `sort` alone may come more than once. */
  readonly query: Readonly<Record<string, string>>
  readonly sort: ReadonlyArray<string>
  readonly bearer: string | undefined
  readonly body: Json | undefined
  readonly form: ReadonlyMap<string, string>
  readonly objection: RestReply.RestReply | undefined
}

/** A request that is no call: nothing is at its path, or not for its method. */
export interface NoCall {
  readonly path: string
  readonly reply: RestReply.RestReply
}

const bearerOf = (header: string | undefined) => /^Bearer (?<token>\S+)$/u.exec(header ?? "")?.groups?.token

const int32 = 2 ** 31 - 1

/** Whether that is an id, a limit or an offset: int32, not negative. */
const isCount = (text: string) => /^[0-9]+$/u.test(text) && Number(text) <= int32

const queryObjection = (operation: RestOperation.RestOperation, query: URLSearchParams) => {
  for (const [name, value] of query) {
    if (!operation.query.includes(name))
      return RestReply.misunderstood(400, `${operation.name} has no parameter like that`)
    if (name !== "sort" && query.getAll(name).length > 1) return RestReply.misunderstood(400, `${name} comes twice`)
    if (["limit", "offset", "serverId"].includes(name) && !isCount(value)) {
      return RestReply.invalid(name, "must be an integer of 0 or more")
    }
    if (["loadServerLiveInfo", "loadRdns"].includes(name) && !["true", "false"].includes(value)) {
      return RestReply.invalid(name, "must be true or false")
    }
    if (name === "sort" && !["name", "-name", "nickname", "-nickname"].includes(value)) {
      return RestReply.invalid(name, "must be name or nickname")
    }
  }
  return undefined
}

const decodeText = (body: Uint8Array) =>
  Result.try(() => new TextDecoder("utf-8", { fatal: true }).decode(body)).pipe(Result.mapError(() => "is not UTF-8"))

const mediaTypeOf = (contentType: string | undefined) => (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? ""

const readJson = (bytes: Uint8Array) => Result.flatMap(decodeText(bytes), parse)

/** A form whose names come once each, as RFC 6749 section 3.2 wants it. */
const readForm = (bytes: Uint8Array): Result.Result<ReadonlyMap<string, string>, string> =>
  Result.flatMap(decodeText(bytes), (text) => {
    const form = new Map<string, string>()
    for (const [name, value] of new URLSearchParams(text)) {
      if (form.has(name)) return Result.fail("duplicated parameter")
      form.set(name, value)
    }
    return Result.succeed(form)
  })

interface Body {
  readonly body: Json | undefined
  readonly form: ReadonlyMap<string, string>
  readonly objection: RestReply.RestReply | undefined
}

const nothing: Body = { body: undefined, form: new Map(), objection: undefined }

const readBody = (operation: RestOperation.RestOperation, contentType: string | undefined, bytes: Uint8Array): Body => {
  const object = (objection: RestReply.RestReply): Body => ({ ...nothing, objection })
  const login = RestOperation.loginOperations.includes(operation.name)
  if (operation.body.length === 0) {
    return bytes.length === 0 ? nothing : object(RestReply.misunderstood(400, `${operation.name} has no body`))
  }
  if (!operation.body.includes(mediaTypeOf(contentType))) {
    return object(
      login
        ? RestReply.oauthMisunderstood("invalid_request", `the Content-Type is not ${operation.body.join()}`, 415)
        : RestReply.misunderstood(415, `the Content-Type is not ${operation.body.join(" or ")}`)
    )
  }
  if (login) {
    return Result.match(readForm(bytes), {
      onFailure: (message) => object(RestReply.oauthMisunderstood("invalid_request", message)),
      onSuccess: (form) => ({ ...nothing, form })
    })
  }
  return Result.match(readJson(bytes), {
    onFailure: () => object(RestReply.misunderstood(400, "the body is not JSON")),
    onSuccess: (body) =>
      isObject(body) ? { ...nothing, body } : object(RestReply.misunderstood(400, "the body is no object"))
  })
}

const grants: Readonly<Record<string, string>> = {
  refresh_token: "token.refresh",
  "urn:ietf:params:oauth:grant-type:device_code": "token.device"
}

/** Names are finer than paths are. */
const nameOf = (operation: RestOperation.RestOperation, { body, form, objection }: Body): string => {
  if (operation.name === "token") return grants[form.get("grant_type") ?? ""] ?? "token"
  if (operation.name !== "route" || objection !== undefined) return operation.name
  return isObject(body) && (body.serverId ?? null) !== null ? "route" : "unroute"
}

/** Messages never hold what was sent. */
export const decode = (
  exchange: Pick<Exchange, "method" | "path" | "headers" | "body">
): Result.Result<RestCall, NoCall> => {
  const [path = "", ...rest] = exchange.path.split("?")
  const found = RestOperation.find(exchange.method, path)
  if (Result.isFailure(found)) {
    const message =
      found.failure === 404 ? "Could not find resource for full path." : `${exchange.method} is not allowed.`
    return Result.fail({ path, reply: RestReply.misunderstood(found.failure, message) })
  }
  const { operation, parameters } = found.success
  const query = new URLSearchParams(rest.join("?"))
  const read = readBody(operation, exchange.headers["content-type"], exchange.body)
  return Result.succeed({
    operation: nameOf(operation, read),
    method: exchange.method,
    path,
    parameters,
    query: Object.fromEntries([...query].filter(([name]) => operation.query.includes(name))),
    sort: query.getAll("sort"),
    bearer: bearerOf(exchange.headers.authorization),
    body: read.body,
    form: read.form,
    objection: queryObjection(operation, query) ?? read.objection
  })
}
