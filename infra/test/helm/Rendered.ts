/**
 * What the chart rendered, to look into.
 */
import * as Schema from "effect/Schema"
import { parseAllDocuments } from "yaml"

const Rendered = Schema.Struct({
  apiVersion: Schema.String,
  kind: Schema.String,
  metadata: Schema.Struct({
    name: Schema.String,
    namespace: Schema.optionalKey(Schema.String),
    labels: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
    annotations: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
  })
})
type Rendered = typeof Rendered.Type

/** The objects in `yaml`, whole. */
export const parse = (yaml: string) =>
  parseAllDocuments(yaml)
    .map((document): unknown => document.toJS())
    .filter((value) => value !== null)
    .map((object) => ({ ...Schema.decodeUnknownSync(Rendered)(object), object }))

/** What is at `path`; `undefined` where that leads nowhere. */
export const at = (value: unknown, ...path: ReadonlyArray<string | number>): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value
  )

/** All objects of a kind. */
export const ofKind = (kind: string, yaml: string) => parse(yaml).filter((object) => object.kind === kind)

/** The only object of its kind. */
export const only = (kind: string, yaml: string): Rendered & { readonly object: unknown } => {
  const [found, ...more] = ofKind(kind, yaml)
  if (found === undefined || more.length > 0) throw new Error(`${more.length + (found ? 1 : 0)} of kind ${kind}`)
  return found
}

/** `Kind/name`, sorted. */
export const names = (yaml: string): ReadonlyArray<string> =>
  parse(yaml)
    .map(({ kind, metadata }) => `${kind}/${metadata.name}`)
    .toSorted()
