import { fileURLToPath } from "node:url"
import { assert } from "@effect/vitest"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as KubeHttp from "@netcup-failover/testing/kubernetes/KubeHttp"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import { eventually } from "./Http.ts"
import { suite } from "./Suite.ts"

const policy = fileURLToPath(new URL("../../../infra/admission/server-name-policy.yaml", import.meta.url))
const assigner = fileURLToPath(new URL("../../../infra/samples/server-name-assigner.yaml", import.meta.url))
const annotation = "netcup.digilol.net/server-name"
const nodes = "/api/v1/nodes"
const bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"

const node = (name: string, server?: string): Schema.Json => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, ...(server === undefined ? {} : { annotations: { [annotation]: server } }) }
})
const saying = (server: string | null): Schema.Json => ({ metadata: { annotations: { [annotation]: server } } })

/** What became of a request: `undefined` if it was done, else the API server's words. */
const refusal = <A>(request: Effect.Effect<A, KubeHttp.KubeHttpError>) =>
  request.pipe(
    Effect.as(undefined),
    Effect.catch(({ status, message }) => Effect.succeed(`${status} ${message}`))
  )

const byPolicy = (said: string | undefined) =>
  said?.startsWith("403 ") === true && said.includes('may "assign" "servernames"')

/** It is the policy that refuses, and not the user's role. */
const denied = <A>(request: Effect.Effect<A, KubeHttp.KubeHttpError>) =>
  Effect.map(refusal(request), (said) => assert.isTrue(byPolicy(said), said ?? "done"))

const bind = Effect.fn(function* (name: string, role: string, subject: Schema.Json) {
  const { http } = yield* KubeCluster
  yield* Effect.addFinalizer(() => Effect.ignore(http.delete(`${bindings}/${name}`)))
  yield* http.apply(`${bindings}/${name}`, {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
    subjects: [subject]
  })
})

const group = (name: string) => ({ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name })

/** The policy at work, two nodes with their server names, and the clients of a kubelet and of an agent that may write Nodes. */
const prepared = Effect.gen(function* () {
  const { accessFor, http, kubectl } = yield* KubeCluster
  yield* kubectl(["apply", "-f", policy])
  yield* Effect.addFinalizer(() => Effect.ignore(kubectl(["delete", "--ignore-not-found", "-f", policy])))
  // As the Node authorizer allows it.
  yield* bind("kubelets", "system:node", group("system:nodes"))
  yield* bind("agents", "system:node", group("agents"))
  for (const [name, server] of [
    ["node-1", "v1"],
    ["node-2", undefined]
  ] as const) {
    yield* Effect.addFinalizer(() => Effect.ignore(http.delete(`${nodes}/${name}`)))
    yield* http.create(nodes, node(name, server))
  }
  const clientOf = (user: string, groups: ReadonlyArray<string>) =>
    Effect.flatMap(accessFor({ user, groups }), KubeHttp.make)
  const kubelet = yield* clientOf("system:node:node-1", ["system:nodes"])
  const agent = yield* clientOf("cni", ["agents"])
  // A policy is at work some moments after it was written; until then a kubelet may.
  yield* eventually(refusal(kubelet.patch(`${nodes}/node-2?dryRun=All`, saying("v9"))), byPolicy)
  yield* eventually(refusal(agent.patch(`${nodes}/node-2?dryRun=All`, saying("v9"))), byPolicy)
  return { http, kubelet, agent }
})

suite("the policy for server names", { apis: ["soap"] }, (scenario) => {
  scenario(
    "a kubelet or another agent of a node cannot draw addresses to itself, by whichever way",
    Effect.gen(function* () {
      const { http, kubelet, agent } = yield* prepared
      for (const client of [kubelet, agent]) {
        for (const name of ["node-1", "node-2"]) {
          for (const path of [`${nodes}/${name}`, `${nodes}/${name}/status`]) {
            const attempts = [
              client.patch(path, saying("v2")),
              client.patch(path, saying(" v2 ")),
              client.strategicPatch(path, saying("v2")),
              client.apply(path, node(name, "v2"))
            ]
            for (const attempt of attempts) yield* denied(attempt)
          }
        }
        // Nor say that it is no server any more, nor be another node.
        yield* denied(client.patch(`${nodes}/node-1`, saying(null)))
        yield* denied(client.patch(`${nodes}/node-1/status`, { metadata: { annotations: null } }))
        yield* denied(client.create(nodes, node("node-3", "v3")))
      }
      const said = yield* refusal(kubelet.patch(`${nodes}/node-1`, saying("v2")))
      assert.include(said, "let an administrator set it (kubectl annotate node)")
      assert.include(said, "ClusterRole netcup-failover-server-name-assigner to system:node:node-1")
      const seen = yield* Effect.forEach(["node-1", "node-2"], (name) => http.get(`${nodes}/${name}`))
      assert.include(JSON.stringify(seen[0]), `"${annotation}":"v1"`)
      assert.notInclude(JSON.stringify(seen[1]), annotation)
    })
  )

  scenario(
    "kubelets go on with all else: heartbeats, other annotations, and registering",
    Effect.gen(function* () {
      const { http, kubelet } = yield* prepared
      yield* Effect.addFinalizer(() => Effect.ignore(http.delete(`${nodes}/node-3`)))
      for (const name of ["node-1", "node-2"]) {
        const heartbeat = {
          status: { conditions: [{ type: "Ready", status: "True", reason: "KubeletReady", message: "" }] }
        }
        assert.isUndefined(yield* refusal(kubelet.strategicPatch(`${nodes}/${name}/status`, heartbeat)))
        assert.isUndefined(
          yield* refusal(
            kubelet.patch(`${nodes}/${name}/status`, { metadata: { annotations: { "a.example.org/b": "c" } } })
          )
        )
        assert.isUndefined(yield* refusal(kubelet.patch(`${nodes}/${name}`, { metadata: { labels: { d: "e" } } })))
      }
      assert.isUndefined(yield* refusal(kubelet.patch(`${nodes}/node-1`, saying("v1"))), "what it is already")
      assert.isUndefined(yield* refusal(kubelet.create(nodes, node("node-3"))))
    })
  )

  scenario(
    "whom the sample names may set it, from then on",
    Effect.gen(function* () {
      const { accessFor, kubectl } = yield* KubeCluster
      yield* prepared
      const name = "system:serviceaccount:provisioning:node-joiner"
      yield* bind("joiners", "system:node", { apiGroup: "rbac.authorization.k8s.io", kind: "User", name })
      const joiner = yield* Effect.flatMap(accessFor({ user: name, groups: [] }), KubeHttp.make)
      const attempt = refusal(joiner.patch(`${nodes}/node-2`, saying("v2")))
      yield* eventually(attempt, byPolicy)
      yield* kubectl(["apply", "-f", assigner])
      yield* Effect.addFinalizer(() => Effect.ignore(kubectl(["delete", "--ignore-not-found", "-f", assigner])))
      yield* eventually(attempt, (said) => said === undefined)
    })
  )

  scenario(
    "an administrator sets it, and hears when it is no name of a server",
    Effect.gen(function* () {
      const { http } = yield* prepared
      for (const server of ["v2", "v1234567890123456789", null, "v3", ""])
        assert.isUndefined(yield* refusal(http.patch(`${nodes}/node-2`, saying(server))), `${server}`)
      for (const server of [
        "v",
        "1",
        "V1",
        " v1",
        "v1 ",
        "v1\n",
        "v1,v2",
        "v1.example.org",
        "server",
        `v${"1".repeat(31)}`
      ]) {
        const said = yield* refusal(http.patch(`${nodes}/node-2`, saying(server)))
        assert.match(
          said ?? "done",
          /^422 .*is no name of a netcup server: write it as the server control panel shows it/u,
          server
        )
      }
    })
  )

  scenario(
    "who is given the role sets it: all kubelets, or one node's",
    Effect.gen(function* () {
      const { http, kubelet, agent } = yield* prepared
      yield* bind("assigners", "netcup-failover-server-name-assigner", group("system:nodes"))
      yield* eventually(refusal(kubelet.patch(`${nodes}/node-1`, saying("v7"))), (said) => said === undefined)
      assert.match((yield* refusal(kubelet.patch(`${nodes}/node-1`, saying("seven")))) ?? "", /^422 /u)
      yield* denied(agent.patch(`${nodes}/node-1`, saying("v8")))

      const roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
      yield* Effect.addFinalizer(() => Effect.ignore(http.delete(`${roles}/assigner-of-node-2`)))
      yield* http.apply(`${roles}/assigner-of-node-2`, {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRole",
        metadata: { name: "assigner-of-node-2" },
        rules: [
          {
            apiGroups: ["netcup.digilol.net"],
            resources: ["servernames"],
            resourceNames: ["node-2"],
            verbs: ["assign"]
          }
        ]
      })
      yield* bind("assigner-of-node-2", "assigner-of-node-2", group("agents"))
      yield* eventually(refusal(agent.patch(`${nodes}/node-2`, saying("v8"))), (said) => said === undefined)
      yield* denied(agent.patch(`${nodes}/node-1`, saying("v8")))
    })
  )
})
