/**
 * Writes answers and faults in the several ways that stacks in the field write the same thing.
 */
import { envelopeNamespace, targetNamespace } from "./SoapNamespace.ts"

/** An element of an answer: its name and its text or its children. */
export type AnswerNode = readonly [name: string, content: string | ReadonlyArray<AnswerNode>]

/** How one stack writes: an empty prefix means a default namespace. */
interface Dialect {
  readonly envelope: string
  readonly wrapper: string
  readonly declaredOn: "envelope" | "wrapper"
  readonly header: boolean
  readonly declaration: boolean
  readonly indented: boolean
}

const dialects = {
  jaxws: { envelope: "S", wrapper: "ns2", declaredOn: "wrapper", header: false, declaration: true, indented: true },
  gateway: {
    envelope: "soap",
    wrapper: "ns1",
    declaredOn: "envelope",
    header: true,
    declaration: false,
    indented: false
  },
  defaultWrapper: {
    envelope: "S",
    wrapper: "",
    declaredOn: "wrapper",
    header: true,
    declaration: true,
    indented: false
  },
  defaultEnvelope: {
    envelope: "",
    wrapper: "ns2",
    declaredOn: "wrapper",
    header: false,
    declaration: true,
    indented: true
  },
  saaj: {
    envelope: "SOAP-ENV",
    wrapper: "ns4",
    declaredOn: "envelope",
    header: true,
    declaration: false,
    indented: true
  }
} as const satisfies Record<string, Dialect>

export type DialectName = keyof typeof dialects

/** In the order of rotation. */
export const dialectNames = [
  "jaxws",
  "gateway",
  "defaultWrapper",
  "defaultEnvelope",
  "saaj"
] as const satisfies ReadonlyArray<DialectName>

const escapeText = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

const declare = (prefix: string, namespace: string) => ` xmlns${prefix === "" ? "" : `:${prefix}`}="${namespace}"`

const qualify = (prefix: string, name: string) => (prefix === "" ? name : `${prefix}:${name}`)

interface Line {
  readonly depth: number
  readonly text: string
}

/** `attributes` go on the outermost element only: what is inside inherits them. */
const element = (depth: number, name: string, attributes: string, content: AnswerNode[1]): ReadonlyArray<Line> => {
  if (typeof content === "string") {
    return [{ depth, text: `<${name}${attributes}>${escapeText(content)}</${name}>` }]
  }
  if (content.length === 0) return [{ depth, text: `<${name}${attributes}/>` }]
  return [
    { depth, text: `<${name}${attributes}>` },
    ...content.flatMap(([child, inner]) => element(depth + 1, child, "", inner)),
    { depth, text: `</${name}>` }
  ]
}

const envelope = (dialect: Dialect, attributes: string, namespace: string, inner: ReadonlyArray<Line>) => {
  const tag = (name: string) => qualify(dialect.envelope, name)
  const lines: ReadonlyArray<Line> = [
    ...(dialect.declaration ? [{ depth: 0, text: "<?xml version='1.0' encoding='UTF-8'?>" }] : []),
    { depth: 0, text: `<${tag("Envelope")}${declare(dialect.envelope, namespace)}${attributes}>` },
    ...(dialect.header ? [{ depth: 1, text: `<${tag("Header")}/>` }] : []),
    { depth: 1, text: `<${tag("Body")}>` },
    ...inner,
    { depth: 1, text: `</${tag("Body")}>` },
    { depth: 0, text: `</${tag("Envelope")}>` }
  ]
  return lines.map(({ depth, text }) => (dialect.indented ? `${"  ".repeat(depth)}${text}\n` : text)).join("")
}

/**
 * The answer of an operation. `namespace` other than SOAP 1.1's makes an envelope that no SOAP 1.1 client may accept.
 */
export const success = (
  name: DialectName,
  operation: string,
  nodes: ReadonlyArray<AnswerNode>,
  namespace = envelopeNamespace
): string => {
  const dialect: Dialect = dialects[name]
  const declaration = declare(dialect.wrapper, targetNamespace)
  const tag = qualify(dialect.wrapper, `${operation}Response`)
  // What is inside the wrapper is in no namespace, so a default one must be taken back.
  const reset = dialect.wrapper === "" || dialect.envelope === "" ? ' xmlns=""' : ""
  const onWrapper = dialect.declaredOn === "wrapper" ? declaration : ""
  const inner: ReadonlyArray<Line> =
    nodes.length === 0
      ? [{ depth: 2, text: `<${tag}${onWrapper}/>` }]
      : [
          { depth: 2, text: `<${tag}${onWrapper}>` },
          ...nodes.flatMap(([child, content]) => element(3, child, reset, content)),
          { depth: 2, text: `</${tag}>` }
        ]
  return envelope(dialect, dialect.declaredOn === "envelope" ? declaration : "", namespace, inner)
}

/** A fault without detail, as recorded ones are. `Client`: the request was no good; `Server`: it was refused. */
export const fault = (name: DialectName, code: "Client" | "Server", text: string): string => {
  const dialect: Dialect = dialects[name]
  const tag = qualify(dialect.envelope, "Fault")
  const codePrefix = dialect.envelope === "" ? "S" : dialect.envelope
  const reset = dialect.envelope === "" ? ' xmlns=""' : ""
  const binding = dialect.envelope === "" ? declare(codePrefix, envelopeNamespace) : ""
  return envelope(dialect, "", envelopeNamespace, [
    { depth: 2, text: `<${tag}>` },
    ...element(3, "faultcode", `${reset}${binding}`, `${codePrefix}:${code}`),
    ...element(3, "faultstring", reset, text),
    { depth: 2, text: `</${tag}>` }
  ])
}
