import { readdirSync, readFileSync } from "node:fs"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as HelmBinary from "@netcup-failover/testing/kubernetes/HelmBinary"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { parse as parseYaml } from "yaml"
import * as Helm from "../../helm/Helm.ts"
import * as Manifests from "../../manifests/Manifests.ts"
import { at, names, ofKind, only, parse } from "./Rendered.ts"
import { knowsGroups, toggles } from "./Toggles.ts"

const helm = await Effect.runPromise(HelmBinary.forTests)
const patience = 60_000
const set = (...values: ReadonlyArray<string>) => values.flatMap((value) => ["--set", value])
const container = (yaml: string) => at(only("Deployment", yaml).object, "spec", "template", "spec", "containers", 0)
const pod = (yaml: string) => at(only("Deployment", yaml).object, "spec", "template", "spec")
const refused = (...values: ReadonlyArray<string>) =>
  Effect.map(Effect.flip(Helm.template(set(...values))), ({ message }) => message)

/** The values of the Go controller's chart: what `--reuse-values` brings in place of ours. */
const seedValues = {
  image: { repository: "ghcr.io/digilolnet/netcup-failover-controller", tag: "1.0.0", pullPolicy: "IfNotPresent" },
  replicaCount: 2,
  podAnnotations: {},
  nodeSelector: { "node-role.kubernetes.io/control-plane": "" },
  tolerations: [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }],
  affinity: {},
  resources: { limits: { cpu: "100m", memory: "64Mi" }, requests: { cpu: "10m", memory: "32Mi" } },
  namespace: "netcup-system",
  createNamespace: true,
  installCRD: true
}

/** Renders as an upgrade with `--reuse-values` does, whose chart has those values for its own. */
const reusing = Effect.fnUntraced(function* (values: unknown, args: ReadonlyArray<string> = []) {
  const fs = yield* FileSystem.FileSystem
  const copy = yield* fs.makeTempDirectoryScoped()
  yield* fs.copy(Helm.chart, `${copy}/chart`)
  yield* fs.writeFileString(`${copy}/chart/values.yaml`, JSON.stringify(values))
  return yield* Helm.run([
    "template",
    "netcup-failover-controller",
    `${copy}/chart`,
    "--kube-version",
    "1.36.3",
    ...args
  ])
}, Effect.scoped)

layer(NodeServices.layer, { excludeTestServices: true })(`the chart, rendered${helm.note}`, (it) => {
  const test = (name: string, body: Effect.Effect<unknown, unknown, NodeServices.NodeServices>) =>
    it.effect.skipIf(helm.skip)(name, () => body, patience)

  for (const { adds = [], args, name, removes = [] } of toggles) {
    test(
      `with ${name}: has the objects that it should, and no complaint of lint's`,
      Effect.gen(function* () {
        const standard = names(yield* Helm.template([]))
        assert.includeMembers([...standard], [...removes])
        assert.deepStrictEqual(
          names(yield* Helm.template(args)),
          [...standard.filter((object) => !removes.includes(object)), ...adds].toSorted()
        )
        // lint knows no other API versions than the standard ones.
        yield* Helm.lint(args.filter((arg) => !knowsGroups.includes(arg)))
      })
    )
  }

  test(
    "runs as nobody, and may nothing",
    Effect.gen(function* () {
      const yaml = yield* Helm.template([])
      assert.deepStrictEqual(at(pod(yaml), "securityContext"), {
        runAsNonRoot: true,
        runAsUser: 65532,
        runAsGroup: 65532,
        seccompProfile: { type: "RuntimeDefault" }
      })
      assert.deepStrictEqual(at(container(yaml), "securityContext"), {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] }
      })
      assert.isUndefined(at(container(yaml), "resources", "limits", "cpu"))
      assert.strictEqual(at(only("ServiceAccount", yaml).object, "automountServiceAccountToken"), false)
    })
  )

  test(
    "keeps CRD, Namespace, Secret and groups when the release goes",
    Effect.gen(function* () {
      const yaml = yield* Helm.template([
        ...knowsGroups,
        ...set(
          "secret.create=true",
          "secret.refreshToken=t",
          "failoverIPs[0].name=a",
          "failoverIPs[0].ips={192.0.2.1/32}"
        )
      ])
      for (const kind of ["CustomResourceDefinition", "Namespace", "Secret", "NetcupFailoverIP"]) {
        assert.strictEqual(only(kind, yaml).metadata.annotations?.["helm.sh/resource-policy"], "keep", kind)
      }
    })
  )

  test(
    "selects the Pods that the Go controller's chart selects",
    Effect.gen(function* () {
      const { object } = only(
        "Deployment",
        yield* Helm.template(set("podLabels.app=mine", "podLabels.app\\.kubernetes\\.io/name=mine"))
      )
      const selector = {
        "app.kubernetes.io/name": "netcup-failover-controller",
        "app.kubernetes.io/instance": "netcup-failover-controller"
      }
      assert.deepStrictEqual(at(object, "spec", "selector", "matchLabels"), selector)
      assert.deepInclude(at(object, "spec", "template", "metadata", "labels"), { ...selector, app: "mine" })
    })
  )

  test(
    "takes the seed's values in place of ours, and runs this controller and not that one",
    Effect.gen(function* () {
      const standard = yield* Helm.template([])
      const reused = yield* reusing(seedValues)
      assert.deepStrictEqual(names(reused), names(standard))
      assert.strictEqual(at(container(reused), "image"), at(container(standard), "image"))
      assert.deepStrictEqual(at(container(reused), "resources"), at(container(standard), "resources"))
      assert.deepStrictEqual(at(pod(reused), "securityContext"), at(pod(standard), "securityContext"))
    })
  )

  test(
    "keeps of the seed's values what was chosen",
    Effect.gen(function* () {
      const resources = { limits: { cpu: "100m", memory: "128Mi" }, requests: { cpu: "20m", memory: "64Mi" } }
      const reused = yield* reusing({
        ...seedValues,
        image: { repository: "registry.example/failover", tag: "v3", pullPolicy: "Always" },
        replicaCount: 3,
        nodeSelector: {},
        affinity: { nodeAffinity: {} },
        resources
      })
      assert.strictEqual(at(container(reused), "image"), "registry.example/failover:v3")
      assert.strictEqual(at(container(reused), "imagePullPolicy"), "Always")
      assert.deepStrictEqual(at(container(reused), "resources"), resources)
      assert.strictEqual(at(only("Deployment", reused).object, "spec", "replicas"), 3)
      assert.isUndefined(at(pod(reused), "nodeSelector"))
      assert.deepStrictEqual(at(pod(reused), "affinity"), { nodeAffinity: {} })
    })
  )

  test(
    "takes what is set anew beside the seed's values, and has its own defaults for all else",
    Effect.gen(function* () {
      const standard = names(yield* Helm.template([]))
      for (const value of [
        "settings.LOG_LEVEL=Debug",
        "podDisruptionBudget.maxUnavailable=50%",
        "networkPolicy.kubeletPort=10260",
        "serviceAccount.annotations.a=b",
        "secretNames={a}",
        "image.tag=v9"
      ]) {
        assert.deepStrictEqual(names(yield* reusing(seedValues, set(value))), standard, value)
      }
      for (const kind of ["ServiceMonitor", "PrometheusRule"]) {
        const reused = yield* reusing(seedValues, set(`${kind.replace(/^./u, (c) => c.toLowerCase())}.enabled=true`))
        assert.deepStrictEqual(names(reused), [...standard, `${kind}/netcup-failover-controller`].toSorted())
      }
      const { nodeSelector: _, ...anywhere } = seedValues
      assert.isUndefined(at(pod(yield* reusing(anywhere)), "nodeSelector"))
    })
  )

  test(
    "lets nothing out to port 443 but netcup and the API server, once it is told where both are",
    Effect.gen(function* () {
      const egress = (yaml: string) => at(only("NetworkPolicy", yaml).object, "spec", "egress")
      const narrow = egress(
        yield* Helm.template(
          set("networkPolicy.netcupCIDRs={192.0.2.0/24}", "networkPolicy.apiServerCIDRs={10.0.0.1/32,10.1.0.0/24}")
        )
      )
      const https = (Array.isArray(narrow) ? narrow : []).filter((rule) => JSON.stringify(rule).includes('"port":443,'))
      assert.deepStrictEqual(
        https.map((rule) => at(rule, "to")),
        [
          [{ ipBlock: { cidr: "192.0.2.0/24" } }],
          [{ ipBlock: { cidr: "10.0.0.1/32" } }, { ipBlock: { cidr: "10.1.0.0/24" } }]
        ]
      )
    })
  )

  test(
    "takes it that there are no limits at all",
    Effect.gen(function* () {
      for (const value of ["resources=null", "resources.limits=null"]) {
        assert.isUndefined(at(container(yield* Helm.template(set(value))), "resources", "limits"), value)
      }
    })
  )

  test(
    "pins the image by its digest",
    Effect.gen(function* () {
      const digest = `sha256:${"0a".repeat(32)}`
      const yaml = yield* Helm.template(set("image.repository=r.example/a", "image.tag=v1", `image.digest=${digest}`))
      assert.strictEqual(at(container(yaml), "image"), `r.example/a:v1@${digest}`)
    })
  )

  test(
    "is evicted soon, unless told otherwise",
    Effect.gen(function* () {
      const tolerations = (yaml: string) => JSON.stringify(at(pod(yaml), "tolerations"))
      assert.match(
        tolerations(yield* Helm.template([])),
        /"key":"node.kubernetes.io\/unreachable".*"tolerationSeconds":10/u
      )
      assert.notInclude(tolerations(yield* Helm.template(set("evictAfterSeconds=null"))), "unreachable")
      const own = tolerations(
        yield* Helm.template(set("tolerations[0].key=node.kubernetes.io/unreachable", "tolerations[0].operator=Exists"))
      )
      assert.strictEqual(own.match(/unreachable/gu)?.length, 1)
    })
  )

  test(
    "reads Secrets nowhere but where it is told to, and there by name if told",
    Effect.gen(function* () {
      const rules = (yaml: string) =>
        ofKind("Role", yaml).filter(({ metadata: { name } }) => name.endsWith("-credentials"))
      const two = rules(yield* Helm.template(set("secretNamespaces={apps,web}", "secretNames={a,b}")))
      assert.strictEqual(two.length, 2)
      for (const [index, namespace] of ["apps", "web"].entries()) {
        assert.strictEqual(two[index]?.metadata.namespace, namespace)
        assert.deepStrictEqual(at(two[index]?.object, "rules"), [
          { apiGroups: [""], resources: ["secrets"], resourceNames: ["a", "b"], verbs: ["list", "watch"] }
        ])
      }
      assert.deepStrictEqual(
        rules(yield* Helm.template([])).map(({ metadata }) => metadata.namespace),
        ["netcup-system"]
      )
      const cluster = JSON.stringify(only("ClusterRole", yield* Helm.template([])).object)
      assert.notInclude(cluster, "secrets")
      assert.notInclude(cluster, "*")
    })
  )

  test(
    "grants what settings and values ask for, and no more: Nodes are annotated, and Pods listed, only so",
    Effect.gen(function* () {
      const rules = Effect.fnUntraced(function* (...values: ReadonlyArray<string>) {
        const found = at(only("ClusterRole", yield* Helm.template(set(...values))).object, "rules")
        return Array.isArray(found) ? found.map((one) => JSON.stringify(one)) : []
      })
      const standard = yield* rules()
      const pods = JSON.stringify({ apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"] })
      assert.include(standard, pods)
      assert.sameMembers(
        yield* rules("rbac.pods=false"),
        [...standard].filter((one) => one !== pods)
      )
      assert.sameMembers(yield* rules("settings.ANNOTATE_NODES=false"), standard)
      assert.sameMembers(yield* rules("settings.ANNOTATE_NODES=true"), [
        ...standard,
        JSON.stringify({ apiGroups: [""], resources: ["nodes"], verbs: ["get", "patch"] }),
        JSON.stringify({ apiGroups: ["netcup.digilol.net"], resources: ["servernames"], verbs: ["assign"] })
      ])
    })
  )

  test(
    "opens the ports of the URLs in its settings",
    Effect.gen(function* () {
      const yaml = yield* Helm.template(
        set(
          "settings.OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318/v1",
          "settings.NETCUP_SOAP_URL=http://soap.example/ws",
          "settings.NETCUP_REST_URL=HTTPS://rest.example:8443",
          "extraEnv[0].name=NOTICE_WEBHOOK_URL",
          "extraEnv[0].value=http://receiver:9095/hook"
        )
      )
      const ports = JSON.stringify(at(only("NetworkPolicy", yaml).object, "spec", "egress"))
      for (const port of [53, 80, 443, 4318, 6443, 8443, 9095, 10250]) assert.include(ports, `"port":${port},`)
      assert.notInclude(JSON.stringify(at(only("NetworkPolicy", yield* Helm.template([])).object, "spec")), "4318")
    })
  )

  test(
    "opens the port that nodes are probed at, instead of the kubelets'",
    Effect.gen(function* () {
      const ports = (values: ReadonlyArray<string>) =>
        Effect.map(Helm.template(set(...values)), (yaml) =>
          JSON.stringify(at(only("NetworkPolicy", yaml).object, "spec", "egress"))
        )
      for (const values of [
        ["settings.PROBE_PORT=10256"],
        ["extraEnv[0].name=PROBE_PORT", "extraEnv[0].value=10256"]
      ]) {
        const opened = yield* ports(values)
        assert.include(opened, '"port":10256,', values[0])
        assert.notInclude(opened, '"port":10250,', values[0])
      }
    })
  )

  test(
    "opens them to everywhere, also where netcup's is open to netcup alone, for each signal and for notices",
    Effect.gen(function* () {
      const opened = (yaml: string) => {
        const rules = at(only("NetworkPolicy", yaml).object, "spec", "egress")
        return (Array.isArray(rules) ? rules : [])
          .filter((rule) => at(rule, "to") === undefined)
          .flatMap((rule) => at(rule, "ports"))
          .map((port) => at(port, "port"))
      }
      const narrow = ["networkPolicy.netcupCIDRs={192.0.2.0/24}", "networkPolicy.apiServerPorts={6443}"]
      const closed = opened(yield* Helm.template(set(...narrow, "settings.NETCUP_REST_URL=https://rest.example")))
      assert.sameMembers(closed, [53, 53, 6443, 10250])
      const cases = [
        [["settings.OTEL_EXPORTER_OTLP_ENDPOINT=https://collector.example"], [443]],
        [["settings.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=HTTP://traces:4319/v1/traces"], [4319]],
        [
          [
            "settings.OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://logs/v1/logs",
            "settings.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://[2001:db8::1]:4320"
          ],
          [80, 4320]
        ],
        [["notices.webhook.secretName=notices"], [443]],
        [["notices.webhook.secretName=notices", "notices.webhook.port=8443"], [8443]],
        [["notices.webhook.port=8443"], []],
        [["settings.PROBE_INTERVAL=2s"], []]
      ] as const
      for (const [values, ports] of cases) {
        assert.sameMembers(opened(yield* Helm.template(set(...narrow, ...values))), [...closed, ...ports], values[0])
      }
    })
  )

  test(
    "takes the receiver of notices from its Secret, and its format once",
    Effect.gen(function* () {
      const env = Effect.fnUntraced(function* (...values: ReadonlyArray<string>) {
        const found = at(container(yield* Helm.template(set(...values))), "env")
        return (Array.isArray(found) ? found : []).filter((one) => String(at(one, "name")).startsWith("NOTICE_"))
      })
      const fromSecret = (name: string, key: string) => ({
        name: "NOTICE_WEBHOOK_URL",
        valueFrom: { secretKeyRef: { name, key } }
      })
      assert.deepStrictEqual(yield* env(), [])
      assert.deepStrictEqual(yield* env("notices.webhook.secretName=hook"), [
        fromSecret("hook", "url"),
        { name: "NOTICE_WEBHOOK_FORMAT", value: "json" }
      ])
      assert.deepStrictEqual(
        yield* env("notices.webhook.secretName=hook", "notices.webhook.key=k", "settings.NOTICE_WEBHOOK_FORMAT=slack"),
        [{ name: "NOTICE_WEBHOOK_FORMAT", value: "slack" }, fromSecret("hook", "k")]
      )
    })
  )

  test(
    "has the alert rules, the dashboard and the admission policy as they are, and links of alerts where they lead",
    Effect.gen(function* () {
      const text = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")
      const rules = text("monitoring/rules.yaml")
      const alerts = Effect.fnUntraced(function* (...values: ReadonlyArray<string>) {
        return at(
          only("PrometheusRule", yield* Helm.template(set("prometheusRule.enabled=true", ...values))).object,
          "spec"
        )
      })
      const base = "https://docs.example/runbooks"
      const linked = parseYaml(rules.replaceAll("https://runbooks.invalid", base))
      assert.deepStrictEqual(yield* alerts(`prometheusRule.runbookBaseUrl=${base}`), linked)
      assert.deepStrictEqual(yield* alerts(`prometheusRule.runbookBaseUrl=${base}/`), linked)
      const unlinked = yield* alerts()
      assert.notInclude(JSON.stringify(unlinked), "runbook")
      const without: unknown = JSON.parse(JSON.stringify(linked), (key, value) =>
        key === "runbook_url" ? undefined : value
      )
      assert.deepStrictEqual(unlinked, without)

      const dashboard = only("ConfigMap", yield* Helm.template(set("dashboard.enabled=true"))).object
      assert.strictEqual(at(dashboard, "data", "netcup-failover.json"), text("monitoring/dashboard.json"))
      assert.strictEqual(at(dashboard, "metadata", "labels", "grafana_dashboard"), "1")

      const rendered = parse(yield* Helm.template(set("nodeAnnotationPolicy.enabled=true"))).map(({ object }) => object)
      for (const { object } of parse(text("admission/server-name-policy.yaml"))) assert.deepInclude(rendered, object)
    })
  )

  test(
    "asks for the memory and the CPU that were measured",
    Effect.gen(function* () {
      assert.deepStrictEqual(at(container(yield* Helm.template([])), "resources"), {
        limits: { memory: "128Mi" },
        requests: { cpu: "50m", memory: "64Mi" }
      })
    })
  )

  test(
    "refuses values that it cannot use, and says which",
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [string, RegExp]> = [
        ["replicas=3", /additional properties 'replicas' not allowed/u],
        ["image.pullPolicy=Sometimes", /'\/image\/pullPolicy'.*'Always', 'IfNotPresent', 'Never'/u],
        ["image.digest=abc", /'\/image\/digest'/u],
        ["replicaCount=two", /'\/replicaCount'.*got string, want integer/u],
        ["settings.LOG_LEVLE=Debug", /'\/settings'.*additional properties 'LOG_LEVLE' not allowed/u],
        ["settings.OTEL_EXPORTER_OTLP_HEADERS=a", /'\/settings'.*additional properties 'OTEL_EXPORTER_OTLP_HEADERS'/u],
        ["settings.POD_NAMESPACE=a", /'\/settings'.*'POD_NAMESPACE' not allowed/u],
        ["settings.HEALTH_ADDR=:1", /'\/settings'.*'HEALTH_ADDR' not allowed/u],
        ["networkPolicy.netcupCIDRs={netcup.de}", /'\/networkPolicy\/netcupCIDRs\/0'/u],
        ["notices.webhook.format=teams", /'\/notices\/webhook\/format'/u],
        ["notices.url=https://a", /'\/notices'.*'url' not allowed/u],
        ["prometheusRule.runbookBaseUrl=docs", /'\/prometheusRule\/runbookBaseUrl'/u],
        ["secretNamespaces=apps", /'\/secretNamespaces'.*got string, want array/u],
        ["failoverIPs[0].name=a", /'\/failoverIPs\/0'.*missing property 'ips'/u],
        ["secret.create=true", /secret\.create needs secret\.refreshToken/u]
      ]
      for (const [value, message] of cases) assert.match(yield* refused(value), message, value)
    })
  )

  test(
    "knows every setting, and only those: a secret has no place among values",
    Effect.gen(function* () {
      const page = readFileSync(new URL("../../../docs/settings.md", import.meta.url), "utf8")
      const rows = Array.from(page.matchAll(/^\| `([A-Z][A-Z0-9_]+)`\s*\|([^|]*)\|/gmu))
      const isSecret = (flag: string) => flag.trim().startsWith("a secret")
      const documented = rows.flatMap(([, name = "", flag = ""]) => (isSecret(flag) ? [] : [name]))
      assert.isBelow(documented.length, rows.length)
      const schema: unknown = JSON.parse(readFileSync(`${Helm.chart}/values.schema.json`, "utf8"))
      const known = Object.keys(Object(at(schema, "properties", "settings", "properties")))
      const set = ["KUBECONFIG", "POD_NAME", "POD_NAMESPACE", "NODE_NAME", "HEALTH_ADDR", "METRICS_ADDR"]
      assert.isAbove(known.length, 10)
      assert.sameMembers([...known, ...set], documented)
    })
  )

  test(
    "has the versions of the packages",
    Effect.sync(() => {
      const text = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8")
      const { version }: { version: unknown } = JSON.parse(text("../../../apps/controller/package.json"))
      const { appVersion, version: own } = parseYaml(text("../../helm/netcup-failover-controller/Chart.yaml"))
      assert.deepStrictEqual([own, appVersion], [version, `v${version}`])
    })
  )

  test(
    "is what the plain manifests are made of: after a change of the chart run `npm run manifests`",
    Effect.gen(function* () {
      const rendered = Manifests.fromChart(yield* Helm.manifests)
      const written = ["crd", "rbac", "manager"].flatMap((folder) =>
        readdirSync(new URL(`../../manifests/${folder}`, import.meta.url)).map((file) => `${folder}/${file}`)
      )
      assert.sameMembers(
        rendered.map(({ path }) => path),
        [...written, "kustomization.yaml"]
      )
      for (const { path, text } of rendered) {
        assert.strictEqual(readFileSync(new URL(`../../manifests/${path}`, import.meta.url), "utf8"), text, path)
      }
    })
  )
})
