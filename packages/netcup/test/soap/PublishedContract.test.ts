import { existsSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Xml from "effect/encoding/Xml"
import * as Stream from "effect/Stream"
import { contract, operations, type Particle } from "./Wsdl.ts"

/** What netcup published: not part of the project, used where it lies beside it. */
const folder = new URL("../../../../../shared/reference/contracts/soap/", import.meta.url)

interface Opened {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
}

/** The start tags of a document in their order, by local name. */
const tags = (file: string) =>
  Stream.make(readFileSync(new URL(file, folder), "utf8")).pipe(
    Stream.pipeThroughChannel(Xml.decodeString()),
    Stream.runCollect,
    Effect.map((events) =>
      events.flatMap(
        (event): ReadonlyArray<Opened> =>
          event._tag === "StartElement"
            ? [{ name: event.name.slice(event.name.indexOf(":") + 1), attributes: event.attributes }]
            : []
      )
    )
  )

interface Type {
  readonly base: string | undefined
  readonly particles: ReadonlyArray<Particle>
}

const local = (name: string) => name.slice(name.indexOf(":") + 1)

/** The complex types of a schema document, an extension's own elements behind those of what it extends. */
const complexTypes = (opened: ReadonlyArray<Opened>): ReadonlyMap<string, ReadonlyArray<Particle>> => {
  const types = new Map<string, Type>()
  let current: string | undefined
  for (const { attributes, name } of opened) {
    if (name === "complexType") {
      current = attributes.name
      if (current !== undefined) types.set(current, { base: undefined, particles: [] })
    }
    const type = current === undefined ? undefined : types.get(current)
    if (current === undefined || type === undefined) continue
    if (name === "extension") types.set(current, { ...type, base: local(attributes.base ?? "") })
    if (name !== "element") continue
    const list = attributes.maxOccurs === "unbounded"
    const particle = { name: attributes.name ?? "", type: attributes.type ?? "", list }
    types.set(current, { ...type, particles: [...type.particles, particle] })
  }
  const inherited = (base: string | undefined): ReadonlyArray<Particle> =>
    base === undefined ? [] : [...inherited(types.get(base)?.base), ...(types.get(base)?.particles ?? [])]
  return new Map(Array.from(types, ([name, { base, particles }]) => [name, [...inherited(base), ...particles]]))
}

const names = operations.map(({ name }) => name).toSorted()

describe.skipIf(!existsSync(folder))("the contract that netcup published", () => {
  it.effect("has the operations of our table, and no other", () =>
    Effect.gen(function* () {
      const opened = yield* tags("WSEndUser.published.wsdl")
      const port = opened.slice(
        opened.findIndex(({ name }) => name === "portType"),
        opened.findIndex(({ name }) => name === "binding")
      )
      const published = port.flatMap(({ attributes, name }) => (name === "operation" ? [attributes.name] : []))
      assert.deepStrictEqual<unknown>(published.toSorted(), names)
    })
  )

  for (const file of ["WSEndUser.xsd", "WSEndUser.wsdl"]) {
    it.effect(`takes the parameters of our table in their order, by their types, and answers its types: ${file}`, () =>
      Effect.gen(function* () {
        const types = complexTypes(yield* tags(file))
        const { messages, objects } = contract()
        assert.strictEqual(messages.length, 31)
        for (const { answer, name, request } of messages) {
          assert.deepStrictEqual([name, types.get(name)], [name, request])
          assert.deepStrictEqual([name, types.get(`${name}Response`)], [name, answer])
        }
        for (const [name, fields] of objects) assert.deepStrictEqual([name, types.get(name)], [name, fields])
        const known = [...names, ...names.map((name) => `${name}Response`), ...objects.keys()]
        assert.deepStrictEqual<unknown>([...types.keys()].toSorted(), known.toSorted())
      })
    )
  }
})
