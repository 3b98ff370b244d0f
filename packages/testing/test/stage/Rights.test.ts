import { assert, describe, it } from "@effect/vitest"
import type { AuditEvent } from "@netcup-failover/testing/kubernetes/AuditLog"
import type { Manifest } from "@netcup-failover/testing/stage/Manifests"
import * as Rights from "@netcup-failover/testing/stage/Rights"
import * as Effect from "effect/Effect"

const role: Manifest = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "Role",
  metadata: { name: "own", namespace: "here" },
  rules: [
    { apiGroups: ["apps"], resources: ["deployments", "deployments/status"], verbs: ["get"] },
    { apiGroups: [""], resources: ["secrets"], resourceNames: ["mine"], verbs: ["get", "update"] }
  ]
}
const account: Manifest = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "x", namespace: "here" } }

const asked = (verb: string, objectRef: AuditEvent["objectRef"], code = 200): AuditEvent => ({
  requestURI: "/",
  verb,
  user: { username: "system:serviceaccount:here:x" },
  ...(objectRef === undefined ? {} : { objectRef }),
  responseStatus: { code }
})
const secret = { resource: "secrets", namespace: "here", name: "mine" }

describe("rights", () => {
  it.effect("are one for each verb, resource and name, of roles alone", () =>
    Effect.gen(function* () {
      const rights = yield* Rights.granted([account, role])
      assert.deepStrictEqual(
        rights.map(({ verb, resource, name }) => `${verb} ${resource} ${name ?? "*"}`),
        ["get deployments *", "get deployments/status *", "get secrets mine", "update secrets mine"]
      )
    })
  )

  it.effect("are used by a request of that group, subresource, namespace and name alone", () =>
    Effect.gen(function* () {
      const rights = yield* Rights.granted([role])
      const unused = (...requests: ReadonlyArray<AuditEvent>) =>
        Rights.unused(rights, requests).map(({ verb, resource }) => `${verb} ${resource}`)
      const all = ["get deployments", "get deployments/status", "get secrets", "update secrets"]
      const status = { apiGroup: "apps", resource: "deployments", subresource: "status", namespace: "here" }
      assert.deepStrictEqual(unused(), all)
      assert.deepStrictEqual(
        unused(
          asked("get", undefined),
          asked("get", { ...secret, namespace: "there" }),
          asked("get", { ...secret, name: "another's" }),
          asked("list", secret),
          asked("get", { resource: "deployments", namespace: "here" })
        ),
        all
      )
      assert.deepStrictEqual(unused(asked("get", status), asked("update", secret)), ["get deployments", "get secrets"])
    })
  )

  it("are missing where a request was refused and never allowed, as it is once a starting API server has read the roles", () => {
    const again = [asked("get", secret, 403), asked("get", { ...secret, name: "other" })]
    assert.deepStrictEqual(Rights.refused(again), [])
    const never = [asked("update", secret, 403), asked("get", secret), asked("update", secret, 409)]
    assert.deepStrictEqual(Rights.refused(never), [asked("update", secret, 403)])
  })
})
