/**
 * A WSDL of the webservice, written from the table of its operations: what a SOAP stack that knows nothing of ours is set up with.
 */
import type { Operation, Parameters, Returns } from "@netcup-failover/netcup/soap/Operation"
import * as WSEndUser from "@netcup-failover/netcup/soap/WSEndUser"
import * as SchemaAST from "effect/SchemaAST"

type Name = (typeof WSEndUser)[keyof typeof WSEndUser]["name"]

/** All 31 operations. */
export const operations: ReadonlyArray<Operation<Parameters, Returns> & { readonly name: Name }> =
  Object.values(WSEndUser)

export const namespace = "http://enduser.service.web.vcp.netcup.de/"

/** An element of a sequence as XML schema describes it. */
export interface Particle {
  readonly name: string
  /** `xs:…`, or `tns:…` for an object. */
  readonly type: string
  readonly list: boolean
}

const simple: ReadonlyArray<string> = ["boolean", "dateTime", "int", "long"]

/** What one of the fields of a schema is called in XML schema, and the objects that it brings along. */
const particle = (name: string, ast: SchemaAST.AST, objects: Map<string, ReadonlyArray<Particle>>): Particle => {
  if (SchemaAST.isArrays(ast)) {
    const [item] = ast.rest
    return { ...particle(name, item ?? SchemaAST.string, objects), list: true }
  }
  if (SchemaAST.isUnion(ast)) {
    const [member] = ast.types.filter((type) => !SchemaAST.isUndefined(type))
    return particle(name, member ?? SchemaAST.string, objects)
  }
  const identifier = SchemaAST.resolveIdentifier(ast)
  if (SchemaAST.isObjects(ast) && identifier !== undefined) {
    objects.set(
      identifier,
      ast.propertySignatures.map((field) => particle(String(field.name), field.type, objects))
    )
    return { name, type: `tns:${identifier}`, list: false }
  }
  const known = identifier !== undefined && simple.includes(identifier)
  return { name, type: known ? `xs:${identifier}` : "xs:string", list: false }
}

/** The whole contract as data: per operation its request's and answer's elements, and the fields of each object. */
export const contract = () => {
  const objects = new Map<string, ReadonlyArray<Particle>>()
  const messages = operations.map((operation) => {
    const text = (name: string): Particle => ({ name, type: "xs:string", list: false })
    const credentials = ["loginName", ...(operation.credentials === "login" ? [] : ["password"])].map(text)
    const parameters = Object.entries(operation.parameters.fields).map(([name, { ast }]) =>
      particle(name, ast, objects)
    )
    const answer = particle("return", operation.returns.ast, objects)
    return { name: operation.name, request: [...credentials, ...parameters], answer: [answer] }
  })
  return { messages, objects }
}

const sequence = (particles: ReadonlyArray<Particle>) =>
  `<xs:sequence>${particles
    .map(
      ({ list, name, type }) =>
        `<xs:element name="${name}" type="${type}" minOccurs="0"${list ? ' maxOccurs="unbounded"' : ""}/>`
    )
    .join("")}</xs:sequence>`

const { messages, objects } = contract()

const schema = [
  `<xs:schema targetNamespace="${namespace}" elementFormDefault="unqualified">`,
  ...Array.from(objects, ([name, fields]) => `<xs:complexType name="${name}">${sequence(fields)}</xs:complexType>`),
  ...messages.flatMap(({ answer, name, request }) => [
    `<xs:element name="${name}"><xs:complexType>${sequence(request)}</xs:complexType></xs:element>`,
    `<xs:element name="${name}Response"><xs:complexType>${sequence(answer)}</xs:complexType></xs:element>`
  ]),
  "</xs:schema>"
].join("")

const body = '<soap:body use="literal"/>'

/** The document, one service with one port. */
export const wsdl = [
  '<?xml version="1.0" encoding="UTF-8"?>',
  `<wsdl:definitions name="WSEndUserService" targetNamespace="${namespace}" xmlns:tns="${namespace}"` +
    ' xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"' +
    ' xmlns:xs="http://www.w3.org/2001/XMLSchema">',
  `<wsdl:types>${schema}</wsdl:types>`,
  ...messages.flatMap(({ name }) =>
    [name, `${name}Response`].map(
      (message) => `<wsdl:message name="${message}"><wsdl:part name="body" element="tns:${message}"/></wsdl:message>`
    )
  ),
  '<wsdl:portType name="WSEndUser">',
  ...messages.map(
    ({ name }) =>
      `<wsdl:operation name="${name}"><wsdl:input message="tns:${name}"/><wsdl:output message="tns:${name}Response"/></wsdl:operation>`
  ),
  "</wsdl:portType>",
  '<wsdl:binding name="WSEndUserPortBinding" type="tns:WSEndUser">',
  '<soap:binding transport="http://schemas.xmlsoap.org/soap/http" style="document"/>',
  ...messages.map(
    ({ name }) =>
      `<wsdl:operation name="${name}"><soap:operation soapAction=""/><wsdl:input>${body}</wsdl:input><wsdl:output>${body}</wsdl:output></wsdl:operation>`
  ),
  "</wsdl:binding>",
  '<wsdl:service name="WSEndUserService"><wsdl:port name="WSEndUserPort" binding="tns:WSEndUserPortBinding">',
  '<soap:address location="http://127.0.0.1/WSEndUser"/>',
  "</wsdl:port></wsdl:service></wsdl:definitions>"
].join("\n")
