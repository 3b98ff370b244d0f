/**
 * Each toggle of the chart, and all together: what tests go over.
 */
interface Toggle {
  readonly name: string
  readonly args: ReadonlyArray<string>
  /** `Kind/name` of objects that come with it, or go. */
  readonly adds?: ReadonlyArray<string>
  readonly removes?: ReadonlyArray<string>
}

const own = "netcup-failover-controller"
const set = (...values: ReadonlyArray<string>) => values.flatMap((value) => ["--set", value])

/** As the API server of a later upgrade tells: the CRD is there. */
export const knowsGroups = ["--api-versions", "netcup.digilol.net/v1alpha1/NetcupFailoverIP"]

export const toggles: ReadonlyArray<Toggle> = [
  { name: "defaults", args: [] },
  { name: "one replica", args: set("replicaCount=1") },
  {
    name: "another namespace",
    args: set("namespace=failover"),
    adds: ["Namespace/failover"],
    removes: ["Namespace/netcup-system"]
  },
  { name: "no namespace", args: set("createNamespace=false"), removes: ["Namespace/netcup-system"] },
  {
    name: "no CRD",
    args: set("installCRD=false"),
    removes: ["CustomResourceDefinition/netcupfailoverips.netcup.digilol.net"]
  },
  {
    name: "an image by its digest, from a private registry",
    args: set(`image.digest=sha256:${"a".repeat(64)}`, "image.tag=v9", "imagePullSecrets[0].name=registry")
  },
  {
    name: "Secrets of two namespaces",
    args: set("secretNamespaces={apps,netcup-system}"),
    adds: [`Role/${own}-credentials`, `RoleBinding/${own}-credentials`]
  },
  { name: "Secrets by name", args: set("secretNames={netcup-credentials}") },
  {
    name: "settings, extra environment and arguments",
    args: set(
      "settings.LOG_LEVEL=Debug",
      "settings.OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318",
      "extraEnv[0].name=TOKEN",
      "extraEnv[0].valueFrom.secretKeyRef.name=s",
      "extraEnv[0].valueFrom.secretKeyRef.key=k",
      "extraEnvFrom[0].secretRef.name=s",
      "extraArgs={--help}"
    )
  },
  {
    name: "the placement of the Pods",
    args: set(
      "nodeSelector=null",
      "tolerations[0].key=node.kubernetes.io/not-ready",
      "tolerations[0].operator=Exists",
      "priorityClassName=",
      "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key=a",
      "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].operator=Exists",
      "podAnnotations.a=b",
      "podLabels.a=b"
    )
  },
  { name: "evictions as the cluster has them", args: set("evictAfterSeconds=null") },
  { name: "no PDB", args: set("podDisruptionBudget.enabled=false"), removes: [`PodDisruptionBudget/${own}`] },
  {
    name: "another ServiceAccount",
    args: set("serviceAccount.create=false", "serviceAccount.name=mine"),
    removes: [`ServiceAccount/${own}`]
  },
  {
    name: "no rights",
    args: set("rbac.create=false"),
    removes: [
      `ClusterRole/${own}`,
      `ClusterRoleBinding/${own}`,
      ...["", "-events", "-node-leases", "-credentials"].flatMap((of) => [
        `Role/${own}${of}`,
        `RoleBinding/${own}${of}`
      ])
    ]
  },
  { name: "no right to Pods", args: set("rbac.pods=false") },
  { name: "the right to annotate nodes", args: set("settings.ANNOTATE_NODES=true") },
  { name: "no NetworkPolicy", args: set("networkPolicy.enabled=false"), removes: [`NetworkPolicy/${own}`] },
  {
    name: "a narrow NetworkPolicy",
    args: set(
      "networkPolicy.netcupCIDRs={192.0.2.0/24}",
      "networkPolicy.ingressFrom[0].namespaceSelector.matchLabels.a=b",
      "networkPolicy.extraEgress[0].ports[0].port=4317"
    )
  },
  { name: "a ServiceMonitor", args: set("serviceMonitor.enabled=true"), adds: [`ServiceMonitor/${own}`] },
  {
    name: "alerts",
    args: set("prometheusRule.enabled=true", "prometheusRule.labels.release=prometheus"),
    adds: [`PrometheusRule/${own}`]
  },
  {
    name: "alerts that link to their runbooks",
    args: set("prometheusRule.enabled=true", "prometheusRule.runbookBaseUrl=https://docs.example/runbooks/"),
    adds: [`PrometheusRule/${own}`]
  },
  {
    name: "a dashboard",
    args: set("dashboard.enabled=true", "dashboard.annotations.grafana_folder=netcup"),
    adds: [`ConfigMap/${own}-dashboard`]
  },
  {
    name: "the admission policy of the nodes' annotation",
    args: set("nodeAnnotationPolicy.enabled=true"),
    adds: [
      "ValidatingAdmissionPolicy/netcup-failover-server-name",
      "ValidatingAdmissionPolicyBinding/netcup-failover-server-name",
      "ClusterRole/netcup-failover-server-name-assigner"
    ]
  },
  {
    name: "notices",
    args: set("notices.webhook.secretName=notices", "notices.webhook.format=slack", "notices.webhook.port=8443")
  },
  {
    name: "a Secret for SOAP",
    args: set("secret.create=true", "secret.loginName=12345", "secret.password=p"),
    adds: ["Secret/netcup-credentials"]
  },
  {
    name: "a Secret for REST",
    args: set("secret.create=true", "secret.refreshToken=t"),
    adds: ["Secret/netcup-credentials"]
  },
  {
    name: "groups",
    args: [
      ...knowsGroups,
      ...set(
        "failoverIPs[0].name=primary",
        "failoverIPs[0].ips={198.51.100.1/32}",
        "failoverIPs[1].name=second",
        "failoverIPs[1].ips={2001:db8::/64}",
        "failoverIPs[1].priority=2",
        "failoverIPs[1].credentialsSecret.name=other",
        "failoverIPs[1].credentialsSecret.namespace=apps"
      )
    ],
    adds: ["NetcupFailoverIP/primary", "NetcupFailoverIP/second"]
  }
]
