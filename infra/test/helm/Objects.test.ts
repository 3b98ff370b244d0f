import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert } from "@effect/vitest"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Effect from "effect/Effect"
import * as Helm from "../../helm/Helm.ts"
import { dryRun, namespace, suite } from "../Cluster.ts"
import { at, parse } from "./Rendered.ts"
import { toggles } from "./Toggles.ts"

/** As much of the Prometheus operator's kinds as the chart uses, so that a misspelt field is found. */
const operatorKind = (kind: string, spec: object) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${kind.toLowerCase()}s.monitoring.coreos.com` },
  spec: {
    group: "monitoring.coreos.com",
    scope: "Namespaced",
    names: { kind, listKind: `${kind}List`, plural: `${kind.toLowerCase()}s`, singular: kind.toLowerCase() },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", ...spec } } } }
      }
    ]
  }
})
const text = { type: "string" }
const texts = { type: "object", additionalProperties: text }
const listOf = (properties: object, required: ReadonlyArray<string>) => ({
  type: "array",
  items: { type: "object", properties, required }
})
const operator = [
  operatorKind("ServiceMonitor", {
    required: ["selector", "endpoints"],
    properties: {
      selector: { type: "object", properties: { matchLabels: texts } },
      endpoints: listOf({ port: text, interval: text }, ["port"])
    }
  }),
  operatorKind("PrometheusRule", {
    required: ["groups"],
    properties: {
      groups: listOf(
        {
          name: text,
          interval: text,
          rules: listOf(
            {
              alert: text,
              record: text,
              expr: text,
              for: text,
              keep_firing_for: text,
              labels: texts,
              annotations: texts
            },
            ["expr"]
          )
        },
        ["name", "rules"]
      )
    }
  })
]

/** The cluster as it is before an installation, but with the CRDs. */
const prepared = Effect.gen(function* () {
  const { kubectl } = yield* KubeCluster
  for (const name of ["netcup-system", "failover", "apps", "monitoring"]) yield* namespace(name)
  const crd = readFileSync(new URL("../../crd/netcupfailoverips.yaml", import.meta.url), "utf8")
  yield* kubectl(["apply", "-f", "-"], [crd, ...operator.map((kind) => JSON.stringify(kind))].join("\n---\n"))
  yield* kubectl(["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"])
})

suite("the API server takes, strictly,", (test) => {
  for (const { args, name } of toggles) {
    test(
      `every object of the chart with ${name}`,
      Effect.gen(function* () {
        yield* prepared
        const rendered = yield* Helm.template(args)
        const taken = (yield* dryRun(rendered)).trim().split("\n")
        assert.strictEqual(taken.length, parse(rendered).length)
        for (const line of taken) assert.match(line, /serverside-applied \(server dry run\)$/u)
      })
    )
  }

  test(
    "nothing that has an unknown field",
    Effect.gen(function* () {
      yield* prepared
      const rendered = yield* Helm.template([])
      const failure = yield* Effect.flip(dryRun(rendered.replace("  replicas: 2\n", "  replica: 2\n")))
      assert.match(failure.message, /unknown field.*spec\.replica|spec\.replica: field not declared/u)
    })
  )

  const samples = fileURLToPath(new URL("../../samples", import.meta.url))
  for (const sample of readdirSync(samples).filter((name) => name.endsWith(".yaml"))) {
    test(
      `the sample ${sample}`,
      Effect.gen(function* () {
        yield* prepared
        yield* dryRun(readFileSync(`${samples}/${sample}`, "utf8"))
      })
    )
  }

  for (const sample of readdirSync(`${samples}/helm`)) {
    test(
      `the chart with the values of the sample helm/${sample}, which it does not have by itself`,
      Effect.gen(function* () {
        yield* prepared
        const rendered = yield* Helm.template(["-f", `${samples}/helm/${sample}`])
        assert.notStrictEqual(rendered, yield* Helm.template([]))
        yield* dryRun(rendered)
      })
    )
  }
})

suite("the plain manifests", (test) => {
  const folder = (name: string) => fileURLToPath(new URL(`../../manifests/${name}`, import.meta.url))

  test(
    "are applied in the order that users apply them, and by kustomize",
    Effect.gen(function* () {
      const { kubectl } = yield* KubeCluster
      const applied = yield* Effect.forEach(["crd", "rbac", "manager"], (name) =>
        kubectl(["apply", "--validate=strict", "-f", folder(name)])
      )
      const created = applied.join("").match(/ created$/gmu)
      const kustomized = yield* kubectl(["kustomize", folder("")])
      assert.strictEqual(created?.length, parse(kustomized).length)
      yield* dryRun(kustomized)
    })
  )

  test(
    "give the controller what it calls, and nothing beside",
    Effect.gen(function* () {
      const { http, kubectl } = yield* KubeCluster
      for (const name of ["crd", "rbac"]) yield* kubectl(["apply", "-f", folder(name)])
      const may = Effect.fn(function* (verb: string, resource: string, namespace?: string, name?: string) {
        const [plural = "", group = ""] = resource.split(/\.(.*)/u)
        const [kind = "", subresource] = plural.split("/")
        const review = yield* http.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", {
          apiVersion: "authorization.k8s.io/v1",
          kind: "SubjectAccessReview",
          spec: {
            user: "system:serviceaccount:netcup-system:netcup-failover-controller",
            resourceAttributes: {
              verb,
              group,
              resource: kind,
              ...(subresource === undefined ? {} : { subresource }),
              ...(namespace === undefined ? {} : { namespace }),
              ...(name === undefined ? {} : { name })
            }
          }
        })
        return at(review, "status", "allowed")
      })
      const own = "netcup-system"
      const lease = "netcup-failover-controller.digilol.net"
      const tokens = "netcup-failover-tokens"
      const allowed: ReadonlyArray<readonly [string, string, (string | undefined)?, string?]> = [
        ["list", "netcupfailoverips.netcup.digilol.net"],
        ["watch", "netcupfailoverips.netcup.digilol.net"],
        ["patch", "netcupfailoverips.netcup.digilol.net"],
        ["patch", "netcupfailoverips/status.netcup.digilol.net"],
        ["list", "nodes"],
        ["watch", "nodes"],
        ["list", "pods"],
        ["watch", "pods"],
        ["get", "leases.coordination.k8s.io", "kube-node-lease"],
        ["list", "leases.coordination.k8s.io", "kube-node-lease"],
        ["watch", "leases.coordination.k8s.io", "kube-node-lease"],
        ["get", "customresourcedefinitions.apiextensions.k8s.io", undefined, "netcupfailoverips.netcup.digilol.net"],
        ["create", "events", "default"],
        ["patch", "events", "default"],
        ["create", "leases.coordination.k8s.io", own],
        ["get", "leases.coordination.k8s.io", own, lease],
        ["update", "leases.coordination.k8s.io", own, lease],
        ["create", "configmaps", own],
        ["get", "configmaps", own],
        ["update", "configmaps", own],
        ["create", "secrets", own],
        ["get", "secrets", own, tokens],
        ["update", "secrets", own, tokens],
        ["list", "secrets", own],
        ["watch", "secrets", own]
      ]
      const denied: ReadonlyArray<readonly [string, string, (string | undefined)?, string?]> = [
        ["get", "nodes", undefined, "node-1"],
        ["patch", "nodes", undefined, "node-1"],
        ["assign", "servernames.netcup.digilol.net"],
        ["update", "netcupfailoverips.netcup.digilol.net", undefined, "primary"],
        ["delete", "netcupfailoverips.netcup.digilol.net", undefined, "primary"],
        ["get", "customresourcedefinitions.apiextensions.k8s.io", undefined, "others.example"],
        ["create", "events", own],
        ["update", "leases.coordination.k8s.io", own, "other"],
        ["update", "leases.coordination.k8s.io", "kube-system", lease],
        ["get", "configmaps", "kube-system"],
        ["get", "secrets", own, "netcup-credentials"],
        ["update", "secrets", own, "netcup-credentials"],
        ["delete", "secrets", own, tokens],
        ["list", "secrets"],
        ["list", "secrets", "default"],
        ["get", "pods", own],
        ["delete", "pods", own],
        ["update", "leases.coordination.k8s.io", "kube-node-lease", "node-1"]
      ]
      for (const [verb, resource, namespace, name] of allowed) {
        assert.isTrue(yield* may(verb, resource, namespace, name), `${verb} ${resource} ${namespace ?? ""}`)
      }
      for (const [verb, resource, namespace, name] of denied) {
        assert.isFalse(yield* may(verb, resource, namespace, name), `${verb} ${resource} ${namespace ?? ""}`)
      }
    })
  )
})
