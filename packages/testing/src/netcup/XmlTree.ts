/**
 * An XML document as a tree with its namespaces resolved, so that a test can't pass by the luck of a prefix.
 */
import * as Effect from "effect/Effect"
import * as Xml from "effect/encoding/Xml"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

export interface XmlElement {
  /** Empty when the element is in no namespace. */
  readonly namespace: string
  readonly name: string
  readonly children: ReadonlyArray<XmlElement>
  /** All character data directly inside. */
  readonly text: string
}

/** Not well-formed, not namespace-well-formed, or with a document type (which SOAP 1.1 forbids). */
export class XmlUnreadable extends Schema.TaggedError<XmlUnreadable>()("XmlUnreadable", { message: Schema.String }) {}

type Bindings = ReadonlyMap<string, string>

interface Open {
  readonly namespace: string
  readonly name: string
  readonly children: Array<XmlElement>
  readonly bindings: Bindings
  text: string
}

const unreadable = (message: string) => Result.fail(new XmlUnreadable({ message }))

const outermost: Bindings = new Map([
  ["", ""],
  ["xml", "http://www.w3.org/XML/1998/namespace"]
])

/** The bindings in force inside a start tag: its own `xmlns` attributes over its parent's. */
const bind = (
  outer: Bindings,
  attributes: Readonly<Record<string, string>>
): Result.Result<Bindings, XmlUnreadable> => {
  const bindings = new Map(outer)
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "xmlns") bindings.set("", value)
    if (!name.startsWith("xmlns:")) continue
    if (value === "") return unreadable(`the prefix of "${name}" is bound to nothing`)
    bindings.set(name.slice("xmlns:".length), value)
  }
  return Result.succeed(bindings)
}

const resolve = (bindings: Bindings, written: string): Result.Result<readonly [string, string], XmlUnreadable> => {
  const parts = written.split(":")
  const name = parts.at(-1)
  if (name === undefined || name === "" || parts.length > 2) return unreadable(`"${written}" is not a qualified name`)
  const prefix = parts.length === 2 ? (parts[0] ?? "") : ""
  if (parts.length === 2 && prefix === "") return unreadable(`"${written}" has an empty prefix`)
  const namespace = bindings.get(prefix)
  return namespace === undefined
    ? unreadable(`the prefix "${prefix}" of "${written}" is not bound`)
    : Result.succeed([namespace, name])
}

const open = (parent: Open | undefined, event: Xml.StartElement): Result.Result<Open, XmlUnreadable> =>
  Result.gen(function* () {
    const bindings = yield* bind(parent?.bindings ?? outermost, event.attributes)
    for (const attribute of Object.keys(event.attributes)) {
      if (attribute.includes(":") && !attribute.startsWith("xmlns:")) yield* resolve(bindings, attribute)
    }
    const [namespace, name] = yield* resolve(bindings, event.name)
    return { namespace, name, bindings, children: [], text: "" }
  })

const build = (events: ReadonlyArray<Xml.Event>): Result.Result<XmlElement, XmlUnreadable> =>
  Result.gen(function* () {
    const stack: Array<Open> = []
    let root: XmlElement | undefined
    for (const event of events) {
      const parent = stack.at(-1)
      switch (event._tag) {
        case "StartElement":
          stack.push(yield* open(parent, event))
          break
        case "Text":
          if (parent !== undefined) parent.text += event.text
          break
        case "Doctype":
          return yield* unreadable("a document type declaration is not allowed")
        case "EndElement": {
          stack.pop()
          if (parent === undefined) return yield* unreadable("an end tag without a start")
          const { children, name, namespace, text } = parent
          const above = stack.at(-1)
          if (above === undefined) root = { namespace, name, children, text }
          else above.children.push({ namespace, name, children, text })
        }
      }
    }
    return root === undefined ? yield* unreadable("there is no element") : root
  })

export const parse = (text: string): Effect.Effect<XmlElement, XmlUnreadable> =>
  Stream.make(text).pipe(
    Stream.pipeThroughChannel(Xml.decodeString()),
    Stream.runCollect,
    Effect.mapError(({ message }) => new XmlUnreadable({ message })),
    Effect.flatMap((events) => Effect.fromResult(build(events)))
  )
