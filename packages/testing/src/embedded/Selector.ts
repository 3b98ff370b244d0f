/**
 * Label and field selectors, as texts in a query.
 */
import * as Result from "effect/Result"
import { type ApiFailure, badRequest } from "./ApiFailure.ts"

type Texts = Readonly<Record<string, string>>
export type Selector = (texts: Texts) => boolean

const everything: Selector = () => true

/** At commas that are not within parentheses. */
const split = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/(?:[^,(]|\([^)]*\)?)+/g)].map(([part]) => part.trim()).filter((part) => part !== "")

const setOf = (text: string) => new Set(text.split(",").map((value) => value.trim()))

const key = "[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?"
const value = "([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?"
const comparison = new RegExp(`^(?<key>${key})\\s*(?<operator>==|=|!=)\\s*(?<value>${value})$`)
const membership = new RegExp(`^(?<key>${key})\\s+(?<operator>in|notin)\\s*\\((?<values>[^()]*)\\)$`)
const existence = new RegExp(`^(?<not>!?)\\s*(?<key>${key})$`)

/** `undefined`: it is none. */
const requirement = (text: string): Selector | undefined => {
  const compared = comparison.exec(text)?.groups
  if (compared?.key !== undefined) {
    const { key, operator, value = "" } = compared
    return operator === "!=" ? (texts) => texts[key] !== value : (texts) => texts[key] === value
  }
  const member = membership.exec(text)?.groups
  if (member?.key !== undefined) {
    const { key, operator, values = "" } = member
    const wanted = setOf(values)
    const isIn: Selector = (texts) => texts[key] !== undefined && wanted.has(texts[key])
    return operator === "in" ? isIn : (texts) => !isIn(texts)
  }
  const exists = existence.exec(text)?.groups
  if (exists?.key === undefined) return undefined
  const { key: name, not } = exists
  return not === "!" ? (texts) => texts[name] === undefined : (texts) => texts[name] !== undefined
}

/** `a=b,c!=d,e in (f,g),h notin (i),j,!k`. Absent: everything. */
export const labels = (text: string | null): Result.Result<Selector, ApiFailure> => {
  if (text === null) return Result.succeed(everything)
  const all: Array<Selector> = []
  for (const part of split(text)) {
    const one = requirement(part)
    if (one === undefined) return Result.fail(badRequest(`unable to parse requirement: ${part}`))
    all.push(one)
  }
  return Result.succeed((texts) => all.every((one) => one(texts)))
}

/** `a.b=c,d!=e`, of the fields that the kind has. Absent: everything. */
export const fields = (text: string | null, known: ReadonlyArray<string>): Result.Result<Selector, ApiFailure> => {
  if (text === null) return Result.succeed(everything)
  const all: Array<Selector> = []
  for (const part of split(text)) {
    const { operator, field, value } = /^(?<field>[^=!]+)(?<operator>!=|==|=)(?<value>.*)$/.exec(part)?.groups ?? {}
    if (field === undefined) return Result.fail(badRequest(`invalid selector: '${text}'; can't understand '${part}'`))
    if (!known.includes(field)) {
      const names = known.map((name) => `"${name}"`).join(", ")
      return Result.fail(badRequest(`"${field}" is not a known field selector: only ${names}`))
    }
    all.push((texts) => (texts[field] === value) === (operator !== "!="))
  }
  return Result.succeed((texts) => all.every((one) => one(texts)))
}
