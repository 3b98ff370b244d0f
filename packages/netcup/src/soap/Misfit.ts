/**
 * Where a value is not what a schema wants, and what it wants there. Never the value itself: it may be a secret.
 */
import * as SchemaIssue from "effect/SchemaIssue"

const format = SchemaIssue.makeFormatterStandardSchemaV1()

/** More than that say nothing new. */
const most = 3

const isSegment = (segment: unknown): segment is { readonly key: PropertyKey } =>
  typeof segment === "object" && segment !== null && "key" in segment

/** `return[1].serverInterfaces[0].mac: Expected string; …`, each path starting at `root`. */
export const misfits = (root: string, issue: SchemaIssue.Issue): string => {
  const found = format(issue).issues.map(({ message, path = [] }) => {
    const place = path.reduce<string>((at, segment) => {
      const key = isSegment(segment) ? segment.key : segment
      return typeof key === "number" ? `${at}[${key}]` : at === "" ? String(key) : `${at}.${String(key)}`
    }, root)
    return place === "" ? message : `${place}: ${message}`
  })
  return found.length > most ? [...found.slice(0, most), "…"].join("; ") : found.join("; ")
}
