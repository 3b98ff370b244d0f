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

/** Answers that are longer, in bytes or in characters, are refused. A list of a thousand servers takes a tenth of it. */
export const maxLength = 1_048_576

/** Prefixes are the sender's choice and vary between netcup's answers: only local names are compared. */
const localName = (name: string) => name.slice(name.lastIndexOf(":") + 1)

const TEXT = "#text"
const CDATA = "#cdata"
const ATTRIBUTES = ":@"

/** References are left alone here (`processEntities`), since only outside CDATA they are any: {@link XmlText.unescape} resolves them. */
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: (name) => localName(name) !== "nil",
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
  Object.entries(attributes).some(([name, value]) => localName(name) === "nil" && (value === "true" || value === "1"))

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

/** The root element. The failure says why the text is not a well-formed document, or not one that we accept. */
export const parse = (xml: string): Result.Result<XmlElement, string> => {
  if (xml.length > maxLength) return Result.fail(`longer than ${maxLength} characters`)
  // Anywhere at all: whoever hides one in a comment or an attribute gains nothing, and SOAP 1.1 forbids it (section 3).
  if (/<!D/i.test(xml)) return Result.fail("has a DOCTYPE")
  return Result.try({
    try: (): unknown => parser.parse(xml, true),
    catch: (cause) => (cause instanceof Error ? cause.message : "not XML")
  }).pipe(
    Result.flatMap(contentOf),
    Result.flatMap(({ children: [root, ...others] }) =>
      root === undefined || others.length > 0 ? Result.fail("not one root element") : Result.succeed(root)
    )
  )
}
