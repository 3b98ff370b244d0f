/**
 * The protobuf that kubectl sends for `create namespace`, `create configmap` and `create secret`, as JSON. Of other kinds it is
 * not understood. Field numbers are those of Kubernetes' `generated.proto` files.
 */
import * as Result from "effect/Result"
import type * as Json from "./JsonValue.ts"

/** How a field's bytes are read; a message names its fields by their numbers. */
type Type = "text" | "bytes" | "flag" | { readonly map: "text" | "bytes" } | { readonly message: Message }
type Message = Readonly<Record<number, readonly [name: string, type: Type]>>

const metadata: Message = {
  1: ["name", "text"],
  2: ["generateName", "text"],
  3: ["namespace", "text"],
  11: ["labels", { map: "text" }],
  12: ["annotations", { map: "text" }]
}
const namespace: Message = { 1: ["metadata", { message: metadata }] }
const configMap: Message = {
  1: ["metadata", { message: metadata }],
  2: ["data", { map: "text" }],
  3: ["binaryData", { map: "bytes" }],
  4: ["immutable", "flag"]
}
const secret: Message = {
  1: ["metadata", { message: metadata }],
  2: ["data", { map: "bytes" }],
  3: ["type", "text"],
  4: ["stringData", { map: "text" }],
  5: ["immutable", "flag"]
}
const kinds: Readonly<Record<string, Message>> = { Namespace: namespace, ConfigMap: configMap, Secret: secret }

interface Field {
  readonly number: number
  readonly value: number | Buffer
}

const varint = (bytes: Buffer, from: number): readonly [value: number, next: number] | undefined => {
  let value = 0
  for (let index = 0; index < 8; index += 1) {
    const byte = bytes[from + index]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return [value, from + index + 1]
  }
  return undefined
}

/** `undefined`: it is no protobuf, or has numbers of a kind that these messages don't have. */
const fieldsOf = (bytes: Buffer): ReadonlyArray<Field> | undefined => {
  const fields: Array<Field> = []
  let position = 0
  while (position < bytes.length) {
    const tag = varint(bytes, position)
    const head = tag === undefined ? undefined : varint(bytes, tag[1])
    if (tag === undefined || head === undefined) return undefined
    const number = Math.floor(tag[0] / 8)
    const [value, next] = head
    if (tag[0] % 8 === 0) {
      fields.push({ number, value })
      position = next
    } else if (tag[0] % 8 === 2 && next + value <= bytes.length) {
      fields.push({ number, value: bytes.subarray(next, next + value) })
      position = next + value
    } else return undefined
  }
  return fields
}

const scalar = (type: "text" | "bytes", value: number | Buffer): string =>
  typeof value === "number" ? String(value) : value.toString(type === "text" ? "utf8" : "base64")

const entry = (bytes: Buffer, type: "text" | "bytes"): readonly [string, string] | undefined => {
  const fields = fieldsOf(bytes)
  if (fields === undefined) return undefined
  const of = (number: number) => fields.find((field) => field.number === number)?.value ?? Buffer.alloc(0)
  return [scalar("text", of(1)), scalar(type, of(2))]
}

const message = (bytes: Buffer, fields: Message): Json.JsonObject | undefined => {
  const found = fieldsOf(bytes)
  if (found === undefined) return undefined
  const result: Record<string, Json.Json> = {}
  const maps: Record<string, Record<string, string>> = {}
  for (const { number, value } of found) {
    const [name, type] = fields[number] ?? []
    if (name === undefined || type === undefined) continue
    if (type === "flag") result[name] = value === 1
    else if (type === "text" || type === "bytes") result[name] = scalar(type, value)
    else if (typeof value === "number") return undefined
    else if ("map" in type) {
      const one = entry(value, type.map)
      if (one === undefined) return undefined
      maps[name] = { ...maps[name], [one[0]]: one[1] }
    } else {
      const inner = message(value, type.message)
      if (inner === undefined) return undefined
      result[name] = inner
    }
  }
  return { ...result, ...maps }
}

const magic = Buffer.from("k8s\0")
const typeMeta: Message = { 1: ["apiVersion", "text"], 2: ["kind", "text"] }

/** The failure is why it cannot be read. */
export const parse = (body: Buffer): Result.Result<Json.Json, string> => {
  const outer = body.subarray(0, 4).equals(magic) ? fieldsOf(body.subarray(4)) : undefined
  const bytesOf = (number: number) => {
    const value = outer?.find((field) => field.number === number)?.value
    return typeof value === "object" ? value : Buffer.alloc(0)
  }
  if (outer === undefined) return Result.fail("not a protobuf envelope")
  const type = message(bytesOf(1), typeMeta)
  const kind = String(type?.kind)
  const fields = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  if (fields === undefined) return Result.fail(`${kind} is not understood as protobuf, send JSON`)
  const object = message(bytesOf(2), fields)
  return object === undefined ? Result.fail(`not a ${kind} in protobuf`) : Result.succeed({ ...type, ...object })
}
