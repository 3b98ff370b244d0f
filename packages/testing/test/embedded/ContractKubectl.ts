import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { at, configMaps, type Expectation } from "./Contract.ts"
import { widget, widgets } from "./Widget.ts"

export const define = (expect: Expectation): void => {
  expect(
    "kubectl creates, gets, patches, labels, describes and deletes custom objects",
    ({ cluster: { http, kubectl } }) =>
      Effect.gen(function* () {
        yield* kubectl(["create", "-f", "-"], JSON.stringify(widget("by-kubectl", { size: 2 })))
        assert.match(yield* kubectl(["get", "widgets"]), /^NAME\s+SIZE\s+READY\s+AGE\n(.*\n)*by-kubectl\s+2\s+\d+s\n/)
        assert.match(yield* kubectl(["get", "wd", "by-kubectl", "-o", "wide"]), /COLOR.*\n.*\sred\s/)
        yield* kubectl(["patch", "widget", "by-kubectl", "--type=merge", "-p", `{"spec":{"size":3}}`])
        const status = `[{"op":"add","path":"/status","value":{"phase":"seen"}}]`
        yield* kubectl(["patch", "widget", "by-kubectl", "--type=json", "--subresource=status", "-p", status])
        yield* kubectl(["label", "widget", "by-kubectl", "a=b"])
        const object = yield* http.get(`${widgets}/by-kubectl`)
        assert.deepStrictEqual(
          [at(object, "spec", "size"), at(object, "status", "phase"), at(object, "metadata", "labels")],
          [3, "seen", { a: "b" }]
        )
        yield* http.create("/api/v1/namespaces/default/events", {
          apiVersion: "v1",
          kind: "Event",
          metadata: { name: "described.1" },
          involvedObject: {
            apiVersion: "shop.example/v1",
            kind: "Widget",
            namespace: "default",
            name: "by-kubectl",
            uid: at(object, "metadata", "uid") ?? null
          },
          reason: "Polished",
          message: "it shines",
          type: "Normal"
        })
        const described = yield* kubectl(["describe", "widget", "by-kubectl"])
        assert.match(described, /Size:\s+3/)
        assert.match(described, /Polished.*it shines/)
        const refused = yield* Effect.flip(
          kubectl(["patch", "widget", "by-kubectl", "--type=merge", "-p", `{"spec":{"size":0}}`])
        )
        assert.include(refused.message, `The Widget "by-kubectl" is invalid: spec.size`)
        const unknown = yield* Effect.flip(
          kubectl(["create", "-f", "-"], JSON.stringify(widget("odd", { size: 2, junk: 1 })))
        )
        assert.include(unknown.message, `unknown field "spec.junk"`)
        assert.match(yield* kubectl(["delete", "widget", "by-kubectl"]), /deleted/)
        assert.include((yield* Effect.flip(kubectl(["get", "widget", "by-kubectl"]))).message, "NotFound")
      })
  )

  expect(
    "kubectl creates built-in objects from flags and files, and patches them as it likes to",
    ({ cluster: { http, kubectl } }) =>
      Effect.gen(function* () {
        yield* kubectl(["create", "namespace", "flagged"])
        yield* kubectl(["create", "configmap", "flagged", "-n", "flagged", "--from-literal=a=1", "--from-literal=b=2"])
        yield* kubectl(["create", "secret", "generic", "flagged", "-n", "flagged", "--from-literal=a=ü"])
        assert.deepStrictEqual(at(yield* http.get("/api/v1/namespaces/flagged/secrets/flagged"), "data"), { a: "w7w=" })
        yield* kubectl(["patch", "configmap", "flagged", "-n", "flagged", "-p", `{"data":{"a":null,"c":"3"}}`])
        const object = yield* http.get("/api/v1/namespaces/flagged/configmaps/flagged")
        assert.deepStrictEqual(at(object, "data"), { b: "2", c: "3" })
        assert.match(yield* kubectl(["describe", "configmap", "flagged", "-n", "flagged"]), /b:\n----\n2/)
        const manifest = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "filed" }, data: { a: "1" } }
        yield* kubectl(["apply", "-f", "-"], JSON.stringify(manifest))
        yield* kubectl(["apply", "-f", "-"], JSON.stringify({ ...manifest, data: { b: "2" } }))
        assert.deepStrictEqual(at(yield* http.get(`${configMaps}/filed`), "data"), { b: "2" })
        assert.match(yield* kubectl(["get", "configmaps,secrets", "-A"]), /flagged\s+configmap\/flagged/)
        assert.match(
          yield* kubectl(["wait", "--for=condition=Established", "crd/widgets.shop.example"]),
          /condition met/
        )
      })
  )
}
