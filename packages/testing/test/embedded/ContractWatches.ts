import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import { at, causes, configMap, configMaps, type Expectation, merge, text, version } from "./Contract.ts"
import type { RawApi } from "./RawApi.ts"

const labelled = (name: string, set: string): Schema.JsonObject => ({
  ...configMap(name),
  metadata: { name, labels: { watched: set } }
})

const told = (frame: { readonly type: string; readonly object: Schema.Json }) =>
  `${frame.type} ${text(frame.object, "metadata", "name")}`

const watching = (parameters: Readonly<Record<string, string>>) =>
  `${configMaps}?${new URLSearchParams({ watch: "true", ...parameters })}`

const now = (raw: RawApi) => Effect.map(raw.call("GET", `${configMaps}?limit=1`), ({ json }) => version(json))

export const define = (expect: Expectation): void => {
  expect("tells every change after a version, in order, with the version of each", ({ raw }) =>
    Effect.gen(function* () {
      const resourceVersion = yield* now(raw)
      const path = `${configMaps}/followed`
      yield* raw.call("POST", configMaps, { body: configMap("followed") })
      const watch = yield* raw.watch(watching({ resourceVersion, fieldSelector: "metadata.name=followed" }))
      const patched = yield* raw.call("PATCH", path, { body: { data: { a: "1" } }, type: merge })
      yield* raw.call("DELETE", path)
      const [added, modified, deleted] = [yield* watch.next, yield* watch.next, yield* watch.next]
      assert.deepStrictEqual([added, modified, deleted].map(told), [
        "ADDED followed",
        "MODIFIED followed",
        "DELETED followed"
      ])
      assert.strictEqual(version(modified.object), version(patched.json))
      assert.deepStrictEqual(at(deleted.object, "data"), { a: "1" })
      assert.isAbove(Number(version(deleted.object)), Number(version(patched.json)))
      assert.strictEqual(at(added.object, "kind"), "ConfigMap")
      const later = yield* raw.watch(
        watching({ resourceVersion: version(modified.object), fieldSelector: "metadata.name=followed" })
      )
      assert.strictEqual(told(yield* later.next), "DELETED followed")
    })
  )

  expect("tells of an object that comes into the selection as added, and of one that leaves it as deleted", ({ raw }) =>
    Effect.gen(function* () {
      const resourceVersion = yield* now(raw)
      const watch = yield* raw.watch(watching({ resourceVersion, labelSelector: "watched=in" }))
      const path = `${configMaps}/moving`
      const move = (set: string) =>
        raw.call("PATCH", path, { body: { metadata: { labels: { watched: set } } }, type: merge })
      yield* raw.call("POST", configMaps, { body: labelled("moving", "out") })
      yield* move("in")
      const out = yield* move("out")
      yield* move("other")
      yield* raw.call("DELETE", path)
      yield* raw.call("POST", configMaps, { body: labelled("moved", "in") })
      const frames = [yield* watch.next, yield* watch.next, yield* watch.next]
      assert.deepStrictEqual(frames.map(told), ["ADDED moving", "DELETED moving", "ADDED moved"])
      assert.strictEqual(version(frames[1]?.object ?? null), version(out.json))
    })
  )

  expect("begins with all that there is when no version is given", ({ raw }) =>
    Effect.gen(function* () {
      yield* raw.call("POST", configMaps, { body: labelled("present", "all") })
      const watch = yield* raw.watch(watching({ labelSelector: "watched=all" }))
      assert.strictEqual(told(yield* watch.next), "ADDED present")
      yield* raw.call("DELETE", `${configMaps}/present`)
      assert.strictEqual(told(yield* watch.next), "DELETED present")
    })
  )

  expect("begins with all that there is and says where that ends, when asked so", ({ raw }) =>
    Effect.gen(function* () {
      yield* raw.call("POST", configMaps, { body: labelled("listed", "list") })
      const options = {
        labelSelector: "watched=list",
        sendInitialEvents: "true",
        resourceVersionMatch: "NotOlderThan",
        allowWatchBookmarks: "true"
      }
      const watch = yield* raw.watch(watching(options))
      const added = yield* watch.next
      assert.strictEqual(told(added), "ADDED listed")
      const end = yield* watch.next
      assert.strictEqual(end.type, "BOOKMARK")
      assert.deepStrictEqual(at(end.object, "metadata", "annotations"), { "k8s.io/initial-events-end": "true" })
      assert.isAtLeast(Number(version(end.object)), Number(version(added.object)))
      yield* raw.call("DELETE", `${configMaps}/listed`)
      assert.strictEqual(told(yield* watch.next), "DELETED listed")
      const { resourceVersionMatch: _, ...unmatched } = options
      const refused = yield* raw.call("GET", watching(unmatched))
      assert.deepStrictEqual(
        [refused.status, causes(refused.json)],
        [422, ["resourceVersionMatch FieldValueForbidden"]]
      )
    })
  )

  expect("ends a watch after the time that was asked for", ({ raw }) =>
    Effect.gen(function* () {
      const watch = yield* raw.watch(watching({ resourceVersion: yield* now(raw), timeoutSeconds: "1" }))
      assert.strictEqual(watch.status, 200)
      assert.deepStrictEqual(yield* watch.next, { type: "END", object: true })
    })
  )

  expect("does not open a watch on a version or a selector that it cannot read", ({ raw }) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* raw.call("GET", watching({ resourceVersion: "abc" }))).status, 500)
      assert.strictEqual((yield* raw.call("GET", watching({ labelSelector: "a===" }))).status, 400)
    })
  )

  expect("tells of the end of what finalizers held only when it comes", ({ raw }) =>
    Effect.gen(function* () {
      const resourceVersion = yield* now(raw)
      const watch = yield* raw.watch(watching({ resourceVersion, labelSelector: "watched=held" }))
      const metadata = { name: "lingering", labels: { watched: "held" }, finalizers: ["a.example/x"] }
      yield* raw.call("POST", configMaps, { body: { ...configMap("lingering"), metadata } })
      yield* raw.call("DELETE", `${configMaps}/lingering`)
      yield* raw.call("PATCH", `${configMaps}/lingering`, { body: { metadata: { finalizers: null } }, type: merge })
      const frames = [yield* watch.next, yield* watch.next, yield* watch.next]
      assert.deepStrictEqual(frames.map(told), ["ADDED lingering", "MODIFIED lingering", "DELETED lingering"])
    })
  )
}
