import { assert, it } from "@effect/vitest"
import { apiVersion, collectionPath, objectPath, statusPath } from "@netcup-failover/kubernetes/ResourceKind"

const secret = { group: "", version: "v1", kind: "Secret", plural: "secrets", namespaced: true }
const widget = { group: "example.org", version: "v1", kind: "Widget", plural: "widgets", namespaced: false }

it("core kinds are below /api, others below /apis", () => {
  assert.strictEqual(collectionPath(secret), "/api/v1/secrets")
  assert.strictEqual(collectionPath(secret, "ns"), "/api/v1/namespaces/ns/secrets")
  assert.strictEqual(collectionPath(widget), "/apis/example.org/v1/widgets")
  assert.strictEqual(apiVersion(secret), "v1")
  assert.strictEqual(apiVersion(widget), "example.org/v1")
})

it("a cluster-scoped object has no namespace in its path", () => {
  assert.strictEqual(objectPath(widget, { name: "a", namespace: "ns" }), "/apis/example.org/v1/widgets/a")
  assert.strictEqual(statusPath(widget, { name: "a" }), "/apis/example.org/v1/widgets/a/status")
  assert.strictEqual(objectPath(secret, { name: "a", namespace: "ns" }), "/api/v1/namespaces/ns/secrets/a")
})

it("a name cannot lead out of its path", () => {
  assert.strictEqual(objectPath(widget, { name: "../x?y" }), "/apis/example.org/v1/widgets/..%2Fx%3Fy")
})
