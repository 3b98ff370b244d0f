/**
 * How each process of the control plane is started: the flags that make it small, quick and alone on loopback.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import * as AuditLog from "./AuditLog.ts"
import type { KubeBinaries } from "./KubeBinaries.ts"
import type { KubePki } from "./KubePki.ts"
import * as LeashedProcess from "./LeashedProcess.ts"

/** Settings of kube-controller-manager's node lifecycle controller: who else than it writes `Ready=Unknown`. */
export interface NodeLifecycle {
  /** A node silent for so long turns Unknown (`--node-monitor-grace-period`, 50 s by default). No minimum. */
  readonly gracePeriod: Duration.Input
  /** How often nodes are looked at (`--node-monitor-period`, 5 s by default). No minimum above zero. */
  readonly monitorPeriod: Duration.Input
}

/** Where the files of one cluster lie, and on which port of 127.0.0.1 the process listens. */
interface Site {
  readonly binaries: KubeBinaries
  readonly folder: string
  readonly port: number
}

const goDuration = (duration: Duration.Input) => `${Duration.toMillis(Duration.fromInputUnsafe(duration))}ms`

/** Readable by us alone: keys are among them. */
const writeFiles = Effect.fnUntraced(function* (folder: string, files: Record<string, string>) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  for (const [name, text] of Object.entries(files)) {
    yield* fs.writeFileString(path.join(folder, name), text, { mode: 0o600 })
  }
})

/** The names of its files in the cluster's folder. */
export const auditLog = "audit.log"
const auditPolicy = "audit-policy.json"

/** Writes the keys, the certificates and the policy that {@link apiServer} is started with. */
export const prepare = (folder: string, pki: KubePki) =>
  writeFiles(folder, {
    "ca.crt": pki.authority,
    "server.crt": pki.server.cert,
    "server.key": Redacted.value(pki.server.key),
    "sa.pub": pki.serviceAccounts.publicKey,
    "sa.key": Redacted.value(pki.serviceAccounts.privateKey),
    [auditPolicy]: AuditLog.policy
  })

/**
 * etcd on Unix sockets in its folder: no port to collide, nobody else can reach it. It wants names that look like
 * host:port, and makes files of these names where it runs.
 */
export const etcd = ({ binaries, folder }: Site) =>
  LeashedProcess.start({
    name: "etcd",
    program: binaries.etcd,
    folder,
    args: [
      "--data-dir=etcd",
      "--unsafe-no-fsync",
      "--listen-client-urls=unix://client:1",
      "--advertise-client-urls=unix://client:1",
      "--listen-peer-urls=unix://peer:1",
      "--initial-advertise-peer-urls=unix://peer:1",
      "--initial-cluster=default=unix://peer:1",
      "--log-level=warn"
    ]
  })

/** Who else than clients acts on what is in the API. */
interface Acting {
  readonly nodeLifecycle?: NodeLifecycle | undefined
  readonly workloads?: boolean | undefined
}

/**
 * kube-apiserver on 127.0.0.1. New nodes bear the taint `not-ready` only where a node lifecycle controller lifts it, and Pods get the
 * token of their ServiceAccount only where a controller makes accounts.
 */
export const apiServer = ({ binaries, folder, port }: Site, { nodeLifecycle, workloads = false }: Acting) =>
  LeashedProcess.start({
    name: "kube-apiserver",
    program: binaries["kube-apiserver"],
    folder,
    args: [
      `--etcd-servers=unix://${folder}/client:1`,
      "--bind-address=127.0.0.1",
      `--secure-port=${port}`,
      "--tls-cert-file=server.crt",
      "--tls-private-key-file=server.key",
      "--client-ca-file=ca.crt",
      "--authorization-mode=RBAC",
      `--audit-policy-file=${auditPolicy}`,
      `--audit-log-path=${auditLog}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      "--service-account-key-file=sa.pub",
      "--service-account-signing-key-file=sa.key",
      "--service-cluster-ip-range=10.0.0.0/24",
      "--endpoint-reconciler-type=none",
      `--disable-admission-plugins=${[
        ...(workloads ? [] : ["ServiceAccount"]),
        ...(nodeLifecycle === undefined ? ["TaintNodesByCondition"] : [])
      ].join(",")}`,
      "--profiling=false"
    ]
  })

/** What makes Pods of a Deployment and gives them what they need, names them behind a Service, and clears up after them. */
const workloadControllers = [
  "deployment-controller",
  "replicaset-controller",
  "serviceaccount-controller",
  "root-ca-certificate-publisher-controller",
  "endpointslice-controller",
  "garbage-collector-controller",
  "namespace-controller"
]

const lifecycleFlags = ({ gracePeriod, monitorPeriod }: NodeLifecycle) => [
  `--node-monitor-period=${goDuration(monitorPeriod)}`,
  `--node-monitor-grace-period=${goDuration(gracePeriod)}`,
  `--node-startup-grace-period=${goDuration(gracePeriod)}`
]

/** kube-controller-manager with nothing but what was asked for. */
export const controllerManager = (
  { binaries, folder, port }: Site,
  kubeconfig: string,
  { nodeLifecycle, workloads = false }: Acting
) =>
  LeashedProcess.start({
    name: "kube-controller-manager",
    program: binaries["kube-controller-manager"],
    folder,
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--controllers=${[
        ...(nodeLifecycle === undefined ? [] : ["node-lifecycle-controller"]),
        ...(workloads ? workloadControllers : [])
      ].join(",")}`,
      "--root-ca-file=ca.crt",
      "--leader-elect=false",
      "--bind-address=127.0.0.1",
      `--secure-port=${port}`,
      "--tls-cert-file=server.crt",
      "--tls-private-key-file=server.key",
      ...(nodeLifecycle === undefined ? [] : lifecycleFlags(nodeLifecycle))
    ]
  })
