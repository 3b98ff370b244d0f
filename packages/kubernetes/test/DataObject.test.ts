import { assert, describe, it } from "@effect/vitest"
import * as DataObject from "@netcup-failover/kubernetes/DataObject"
import * as Effect from "effect/Effect"
import { type Answer, clientOf, type FakeApiServer, inTurn, json, start, status } from "./FakeApiServer.ts"

type Kind = "ConfigMap" | "Secret"

const name = "the-data"
const collection = { ConfigMap: "/api/v1/namespaces/ns/configmaps", Secret: "/api/v1/namespaces/ns/secrets" }
const base64 = (content: string | ReadonlyArray<number>) => Buffer.from(content).toString("base64")

const object = (kind: Kind, data: object | null, more: object = {}) => ({
  apiVersion: "v1",
  kind,
  metadata: { name, namespace: "ns", resourceVersion: "5", labels: { kept: "yes" }, annotations: { foreign: "too" } },
  data,
  ...more
})

const asking = <A, E>(
  kind: Kind,
  answer: Answer,
  use: (data: DataObject.DataObject, server: FakeApiServer) => Effect.Effect<A, E>
) =>
  Effect.gen(function* () {
    const server = yield* start(answer)
    const made = DataObject.make({ kind, name, namespace: "ns", labels: { ours: "label" } })
    return yield* Effect.provide(
      Effect.flatMap(made, (data) => use(data, server)),
      clientOf(server)
    )
  }).pipe(Effect.scoped)

const kinds: ReadonlyArray<Kind> = ["ConfigMap", "Secret"]

for (const kind of kinds) {
  describe(`a ${kind}`, () => {
    /** As it is on the wire. */
    const wire = (text: string) => (kind === "Secret" ? base64(text) : text)
    const texts = { plain: "text", lines: "a\nb\n", umlauts: "äöüß€😀", empty: "" }
    const onWire = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, wire(text)]))

    it.live("that is not there is none; any other failure is one", () =>
      Effect.gen(function* () {
        assert.isUndefined(yield* asking(kind, status(404, "NotFound", "not found"), (data) => data.read))
        const error = yield* Effect.flip(asking(kind, status(403, "Forbidden", "no"), (data) => data.read))
        assert.strictEqual(error.reason._tag, "Forbidden")
      })
    )

    it.live("is read with its texts", () =>
      asking(kind, json(200, object(kind, onWire)), (data, server) =>
        Effect.gen(function* () {
          assert.deepStrictEqual((yield* data.read)?.data, texts)
          assert.strictEqual(server.asked[0]?.method, "GET")
          assert.strictEqual(server.asked[0]?.path, `${collection[kind]}/${name}`)
        })
      )
    )

    it.live("without data has none", () =>
      Effect.gen(function* () {
        const { data: _, ...bare } = object(kind, {})
        for (const found of [bare, object(kind, null), object(kind, {})]) {
          assert.deepStrictEqual((yield* asking(kind, json(200, found), (data) => data.read))?.data, {})
        }
      })
    )

    it.live("is created when none was found, with its labels", () =>
      asking(kind, json(201, object(kind, onWire)), (data, server) =>
        Effect.gen(function* () {
          const stored = yield* data.write(undefined, texts)
          assert.deepStrictEqual(stored.data, texts)
          assert.strictEqual(server.asked[0]?.method, "POST")
          assert.strictEqual(server.asked[0]?.path, collection[kind])
          assert.deepStrictEqual(server.asked[0]?.body, {
            apiVersion: "v1",
            kind,
            metadata: { name, namespace: "ns", labels: { ours: "label" } },
            data: onWire
          })
        })
      )
    )

    it.live("that is there is replaced in the version that was read; what we do not know of it stays as it was", () => {
      const foreign = { immutable: false, binaryData: { bytes: "AAEC" }, type: "Opaque" }
      const found = object(kind, { old: wire("value"), plain: wire("before") }, foreign)
      return asking(kind, inTurn(json(200, found), json(200, object(kind, onWire))), (data, server) =>
        Effect.gen(function* () {
          yield* data.write(yield* data.read, texts)
          const put = server.asked[1]
          assert.strictEqual(put?.method, "PUT")
          assert.strictEqual(put?.path, `${collection[kind]}/${name}`)
          assert.deepStrictEqual(put?.body, { ...found, data: onWire })
        })
      )
    })

    it.live("can be written again on what a write gave, without a read", () => {
      const second = { ...object(kind, onWire), metadata: { name, namespace: "ns", resourceVersion: "6" } }
      return asking(kind, inTurn(json(201, second), json(200, second)), (data, server) =>
        Effect.gen(function* () {
          const stored = yield* data.write(undefined, texts)
          yield* data.write(stored, { ...texts, plain: "more" })
          assert.deepStrictEqual(server.asked[1]?.body, {
            ...second,
            data: { ...onWire, plain: wire("more") }
          })
        })
      )
    })

    it.live("that somebody else wrote or created first is not overwritten, and nothing is sent twice", () =>
      Effect.gen(function* () {
        for (const [code, reason, tag] of [
          [409, "Conflict", "Conflict"],
          [409, "AlreadyExists", "AlreadyExists"],
          [404, "NotFound", "NotFound"],
          [500, "InternalError", "ServerError"]
        ] as const) {
          yield* asking(kind, status(code, reason, "no"), (data, server) =>
            Effect.gen(function* () {
              const found = { data: {}, object: {} }
              for (const before of [undefined, found]) {
                assert.strictEqual((yield* Effect.flip(data.write(before, texts))).reason._tag, tag)
              }
              assert.lengthOf(server.asked, 2)
            })
          )
        }
      })
    )

    it.live("of another shape is an error that shows no value", () =>
      Effect.gen(function* () {
        for (const data of [{ key: 7, geheim: "geheim" }, ["geheim"], "geheim"]) {
          const error = yield* Effect.flip(asking(kind, json(200, { ...object(kind, {}), data }), (one) => one.read))
          assert.strictEqual(error.reason._tag, "MalformedAnswer")
          assert.notInclude(error.message, "geheim")
        }
      })
    )
  })
}

describe("a value of a Secret", () => {
  it.live("that is no text is left out, and the others are not", () =>
    Effect.gen(function* () {
      const data = { text: base64("good"), broken: "###" }
      const found = yield* asking("Secret", json(200, object("Secret", data)), (one) => one.read)
      assert.deepStrictEqual(found?.data, { text: "good" })
    })
  )
})
