/**
 * JSON Patch (RFC 6902), all six operations, as kube-apiserver applies it, but for a copy of what is not there: it copies `null`.
 */
import { unescapeToken } from "effect/JsonPointer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Json from "./JsonValue.ts"

const Operation = Schema.Union([
  Schema.Struct({ op: Schema.Literals(["add", "replace", "test"]), path: Schema.String, value: Schema.Json }),
  Schema.Struct({ op: Schema.Literal("remove"), path: Schema.String }),
  Schema.Struct({ op: Schema.Literals(["move", "copy"]), path: Schema.String, from: Schema.String })
])
type Operation = typeof Operation.Type

export const decode = Schema.decodeUnknownResult(Schema.Array(Operation))

const tokensOf = (pointer: string): ReadonlyArray<string> | undefined =>
  pointer === "" ? [] : pointer.startsWith("/") ? pointer.slice(1).split("/").map(unescapeToken) : undefined

const indexOf = (token: string, limit: number): number | undefined => {
  const index = /^(0|[1-9]\d*)$/.test(token) ? Number(token) : undefined
  return index === undefined || index > limit ? undefined : index
}

const find = (value: Json.Json, [token, ...rest]: ReadonlyArray<string>): Json.Json | undefined => {
  if (token === undefined) return value
  const inner = Json.isList(value) ? value[indexOf(token, value.length - 1) ?? -1] : Json.at(value, token)
  return inner === undefined ? undefined : find(inner, rest)
}

/** `undefined`: there is no such place. */
type Edit = (value: Json.Json, token: string) => Json.Json | undefined

const edit = (value: Json.Json, [token, ...rest]: ReadonlyArray<string>, last: Edit): Json.Json | undefined => {
  if (token === undefined) return undefined
  if (rest.length === 0) return last(value, token)
  const inner = find(value, [token])
  const edited = inner === undefined ? undefined : edit(inner, rest, last)
  if (edited === undefined) return undefined
  if (Json.isList(value)) return value.with(Number(token), edited)
  return { ...Json.objectOf(value), [token]: edited }
}

const adding =
  (added: Json.Json): Edit =>
  (value, token) => {
    if (Json.isObject(value)) return { ...value, [token]: added }
    if (!Json.isList(value)) return undefined
    const index = token === "-" ? value.length : indexOf(token, value.length)
    return index === undefined ? undefined : value.toSpliced(index, 0, added)
  }

const removing: Edit = (value, token) => {
  if (Json.isObject(value)) return Object.hasOwn(value, token) ? Json.set(value, { [token]: undefined }) : undefined
  const index = Json.isList(value) ? indexOf(token, value.length - 1) : undefined
  return index === undefined || !Json.isList(value) ? undefined : value.toSpliced(index, 1)
}

const add = (value: Json.Json, tokens: ReadonlyArray<string>, added: Json.Json) =>
  tokens.length === 0 ? added : edit(value, tokens, adding(added))

/** The real server's library also replaces a member that is not there, against the RFC. */
const replacing =
  (replacement: Json.Json): Edit =>
  (value, token) => {
    if (Json.isObject(value)) return { ...value, [token]: replacement }
    const index = Json.isList(value) ? indexOf(token, value.length - 1) : undefined
    return index === undefined || !Json.isList(value) ? undefined : value.with(index, replacement)
  }

const step = (value: Json.Json, operation: Operation): Json.Json | undefined => {
  const tokens = tokensOf(operation.path)
  if (tokens === undefined) return undefined
  if (operation.op === "move" || operation.op === "copy") {
    const from = tokensOf(operation.from)
    const found = from === undefined ? undefined : find(value, from)
    if (found === undefined || from === undefined) return undefined
    const rest = operation.op === "move" ? edit(value, from, removing) : value
    return rest === undefined ? undefined : add(rest, tokens, found)
  }
  switch (operation.op) {
    case "add":
      return add(value, tokens, operation.value)
    case "replace":
      return tokens.length === 0 ? operation.value : edit(value, tokens, replacing(operation.value))
    case "remove":
      return edit(value, tokens, removing)
    case "test": {
      const found = find(value, tokens)
      return found !== undefined && Json.equal(found, operation.value) ? value : undefined
    }
  }
}

/** All of it or nothing: fails with the first operation that does not apply. */
export const apply = (value: Json.Json, operations: ReadonlyArray<Operation>): Result.Result<Json.Json, Operation> => {
  let current = value
  for (const operation of operations) {
    const next = step(current, operation)
    if (next === undefined) return Result.fail(operation)
    current = next
  }
  return Result.succeed(current)
}
