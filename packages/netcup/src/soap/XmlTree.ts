/**
 * XML text as a tree of elements. Distrusts the text: bounded in size and depth, no DOCTYPE, no entities but XML's own.
 */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import { XMLParser } from "fast-xml-parser"
import * as XmlText from "./XmlText.ts"

/** An element by its local name. Of its attributes only `xsi:nil` is kept; `text` is its own character data, as written. */
export interface XmlElement {
  readonly name: string
  readonly nil: boolean
  readonly text: string
  readonly children: ReadonlyArray<XmlElement>
}

/** The outermost element, with its namespace, which nobody but itself can declare: `undefined` when its prefix is not declared. */
interface XmlRoot extends XmlElement {
  readonly namespace: string | undefined
}

/** Answers that are longer, in bytes or in characters, are refused. A list of a thousand servers takes a tenth of it. */
export const maxLength = 1_048_576

/** More tags than that are refused before they are read: they take seconds, in which nothing else of the process would run. */
const maxTags = 65_536

const hasTooManyTags = (xml: string): boolean => {
  let tags = 0
  for (let at = xml.indexOf("<"); at !== -1; at = xml.indexOf("<", at + 1)) {
    tags++
    if (tags > maxTags) return true
  }
  return false
}

/** Prefixes are the sender's choice and vary between netcup's answers: only local names are compared. */
const localName = (name: string) => name.slice(name.lastIndexOf(":") + 1)

const prefixOf = (name: string) => name.slice(0, Math.max(0, name.lastIndexOf(":")))

const TEXT = "#text"
const CDATA = "#cdata"
const ATTRIBUTES = ":@"

/** References are left alone here (`processEntities`), since only outside CDATA they are any: {@link XmlText.unescape} resolves them. */
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: (name) => localName(name) !== "nil" && name !== "xmlns" && prefixOf(name) !== "xmlns",
  attributeNamePrefix: "",
  textNodeName: TEXT,
  cdataPropName: CDATA,
  trimValues: false,
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: 32
})

const isNil = (attributes: unknown) =>
  Predicate.isObject(attributes) &&
  Object.entries(attributes).some(
    ([name, value]) => localName(name) === "nil" && prefixOf(name) !== "xmlns" && (value === "true" || value === "1")
  )

/** What an element's own declarations bind its prefix to. */
const namespaceOf = (name: string, attributes: unknown): string | undefined => {
  const prefix = prefixOf(name)
  const bound: unknown = Predicate.isObject(attributes)
    ? Reflect.get(attributes, prefix === "" ? "xmlns" : `xmlns:${prefix}`)
    : undefined
  return typeof bound === "string" ? bound : undefined
}

/** The parser's ordered form: a list of `{ [name]: content, ":@"?: attributes }`, where content is text or such a list. */
const contentOf = (items: unknown): Result.Result<Omit<XmlElement, "name" | "nil">, string> =>
  Result.gen(function* () {
    let text = ""
    const children: Array<XmlElement> = []
    for (const item of Array.isArray(items) ? items : []) {
      if (!Predicate.isObject(item)) continue
      const nil = isNil(Reflect.get(item, ATTRIBUTES))
      for (const [name, content] of Object.entries(item)) {
        if (name === ATTRIBUTES) continue
        if (name === TEXT) text += yield* XmlText.unescape(String(content))
        else if (name === CDATA) text += rawText(content)
        else children.push({ name: localName(name), nil, ...(yield* contentOf(content)) })
      }
    }
    return { text, children }
  })

const rawText = (items: unknown) =>
  Array.isArray(items)
    ? items.map((item) => (Predicate.isObject(item) ? String(Reflect.get(item, TEXT)) : "")).join("")
    : ""

/** Where the parser stumbled, without its words: they quote the text, which may hold a secret. */
const whereOf = (cause: unknown): string => {
  const [, line, column] = (cause instanceof Error ? /:(\d+):(\d+)$/.exec(cause.message) : null) ?? []
  return line === undefined ? "not well-formed" : `not well-formed at line ${line}, column ${column}`
}

/** The namespace of the one element that is there. */
const rootNamespace = (items: unknown): string | undefined =>
  (Array.isArray(items) ? items : [])
    .filter(Predicate.isObject)
    .flatMap((item) =>
      Object.keys(item).flatMap((name) =>
        name === ATTRIBUTES || name === TEXT ? [] : [namespaceOf(name, Reflect.get(item, ATTRIBUTES))]
      )
    )
    .at(0)

/** The root element. The failure says why the text is not a well-formed document, or not one that we accept, and quotes nothing. */
export const parse = (xml: string): Result.Result<XmlRoot, string> => {
  if (xml.length > maxLength) return Result.fail(`longer than ${maxLength} characters`)
  if (hasTooManyTags(xml)) return Result.fail(`more than ${maxTags} tags`)
  // Anywhere at all: whoever hides one in a comment or an attribute gains nothing, and SOAP 1.1 forbids it (section 3).
  if (/<!D/i.test(xml)) return Result.fail("has a DOCTYPE")
  return Result.try({
    try: (): unknown => parser.parse(xml, true),
    catch: whereOf
  }).pipe(
    Result.flatMap((items) =>
      Result.flatMap(contentOf(items), ({ children: [root, ...others] }) =>
        root === undefined || others.length > 0
          ? Result.fail("not one root element")
          : Result.succeed({ ...root, namespace: rootNamespace(items) })
      )
    )
  )
}
