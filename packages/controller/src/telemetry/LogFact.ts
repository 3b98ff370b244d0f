/**
 * What a log call says, taken apart: a sentence that does not vary, and fields that do. One fact is one line, whatever it holds.
 */
import * as Cause from "effect/Cause"
import * as Formatter from "effect/Formatter"
import * as Inspectable from "effect/Inspectable"
import type * as Logger from "effect/Logger"
import * as Predicate from "effect/Predicate"
import * as References from "effect/References"
import * as OneLine from "../OneLine.ts"

type Value = string | number | boolean

/** A log line before it is written. */
export interface LogFact {
  readonly at: Date
  readonly level: string
  readonly text: string
  readonly fields: Readonly<Record<string, Value>>
}

const toValue = (value: unknown): Value => {
  if (typeof value === "string" || typeof value === "boolean") return value
  if (typeof value === "number") return Number.isFinite(value) ? value : `${value}`
  if (value instanceof Error) return value.message
  return typeof value === "object" && value !== null ? Formatter.formatJson(value) : Inspectable.toStringUnknown(value)
}

/** Typed errors are told by their message; what nobody expected, by all that is known of it. */
const errorFields = (error: Error): Record<string, Value> =>
  Predicate.hasProperty(error, "_tag") ? { error: error.message } : { error: error.message, stack: error.stack ?? "" }

const isPlain = (part: object): part is Readonly<Record<string, unknown>> =>
  Object.getPrototypeOf(part) === Object.prototype

/** Takes a log call apart. */
export const make = ({ cause, date, fiber, logLevel, message }: Logger.Options<unknown>): LogFact => {
  const texts: Array<string> = []
  const fields: Record<string, Value> = {}
  const add = (some: Readonly<Record<string, unknown>>) => {
    for (const [name, value] of Object.entries(some)) if (value !== undefined) fields[name] = toValue(value)
  }
  add(fiber.getRef(References.CurrentLogAnnotations))
  for (const part of Array.isArray(message) ? message : [message]) {
    if (part instanceof Error) add(errorFields(part))
    else if (typeof part === "object" && part !== null && isPlain(part)) add(part)
    else texts.push(`${toValue(part)}`)
  }
  if (cause.reasons.length > 0) fields.cause = Cause.pretty(cause)
  return { at: date, level: logLevel.toLowerCase(), text: texts.join(" "), fields }
}

/** As a JSON object: `time`, `level`, `msg`, and the fields beside them. */
export const json = ({ at, level, text, fields }: LogFact): string => {
  const head = { time: at.toISOString(), level, msg: text }
  return OneLine.escape(JSON.stringify({ ...head, ...fields, ...head }))
}

/** A value as it is, or quoted where it would not be told apart from what follows. */
const shown = (value: Value): string => {
  const text = `${value}`
  return /^[^\s"=]+$/u.test(text) ? OneLine.escape(text) : OneLine.escape(JSON.stringify(text))
}

/** For eyes: `12:30:00.000 INFO  routed group=web node=node-2`. */
export const pretty = ({ at, level, text, fields }: LogFact): string =>
  [
    at.toISOString().slice(11, 23),
    level.toUpperCase().padEnd(5),
    OneLine.escape(text),
    ...Object.entries(fields).map(([name, value]) => `${OneLine.escape(name)}=${shown(value)}`)
  ].join(" ")
