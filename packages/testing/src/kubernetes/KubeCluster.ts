/**
 * A real Kubernetes API on loopback, without nodes: etcd, kube-apiserver and, if asked for, the node lifecycle controller.
 * Everything is gone when its scope ends.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as AuditLog from "./AuditLog.ts"
import * as ControlPlane from "./ControlPlane.ts"
import { freePort } from "./FreePort.ts"
import * as KubeBinaries from "./KubeBinaries.ts"
import * as Kubeconfig from "./Kubeconfig.ts"
import * as Kubectl from "./Kubectl.ts"
import * as KubeHttp from "./KubeHttp.ts"
import * as KubePki from "./KubePki.ts"
import type { ProcessFailed } from "./LeashedProcess.ts"
import * as ServiceAccount from "./ServiceAccount.ts"
import * as Switch from "./Switch.ts"

/** Who talks to the API: a user by certificate, or a ServiceAccount (made if missing) by a token that the API issued. */
type Client = KubePki.Identity | { readonly serviceAccount: ServiceAccount.ServiceAccount }

interface ClusterOptions {
  /** Absent: nobody but the test judges nodes. */
  readonly nodeLifecycle?: ControlPlane.NodeLifecycle | undefined
  /** Whether Deployments become Pods and namespaces really end. Nobody but the test schedules or runs Pods. */
  readonly workloads?: boolean | undefined
  /** Where the administrator's kubeconfig is written; by default beside the cluster's other files, with which it goes. */
  readonly kubeconfig?: string | undefined
}

export class KubeCluster extends Context.Service<
  KubeCluster,
  {
    /** The administrator's kubeconfig, as a path. */
    readonly kubeconfig: string
    /** The administrator's client. */
    readonly http: KubeHttp.KubeHttp
    /** kubectl as the administrator; gives its stdout. */
    readonly kubectl: (args: ReadonlyArray<string>, stdin?: string) => Effect.Effect<string, Kubectl.KubectlFailed>
    /** What another client needs: for {@link KubeHttp.make}. It may do nothing until a role is bound to it. */
    readonly accessFor: (client: Client) => Effect.Effect<Kubeconfig.KubeAccess, KubeHttp.KubeHttpError>
    /** The same as the path of a new kubeconfig, which goes with the cluster. */
    readonly kubeconfigFor: (client: Client) => Effect.Effect<string, KubeHttp.KubeHttpError | PlatformError>
    /** Whether a client may do only what roles grant it. */
    readonly enforcesRoles: boolean
    /** What ServiceAccounts asked so far. */
    readonly audit: Effect.Effect<ReadonlyArray<AuditLog.AuditEvent>>
    /** Kills the API server, as a crash would: connections break, requests are refused. etcd keeps the data. */
    readonly stopApiServer: Effect.Effect<void>
    /** Starts the API server again, on the same port with the same data; returns when it is ready. */
    readonly startApiServer: Effect.Effect<void, ProcessFailed>
    /** The process groups of all that runs now. */
    readonly processGroups: Effect.Effect<ReadonlyArray<number>>
  }
>()("@netcup-failover/testing/kubernetes/KubeCluster") {
  /** A cluster of the binaries that {@link KubeBinaries.locate} finds. */
  static readonly layer = (options: ClusterOptions = {}) =>
    Layer.effect(
      KubeCluster,
      Effect.flatMap(KubeBinaries.locate, (binaries) => start(binaries, options))
    )
}

/** Asks until the answer is 2xx. */
const healthy = (http: KubeHttp.KubeHttp, path: string) =>
  http.text(path).pipe(Effect.retry(Schedule.spaced("100 millis")), Effect.ignore)

/**
 * Runs a cluster of the binaries given; it is ready (`/readyz`) when this returns. Failures name the process and show its
 * log. Real time passes meanwhile: not for a `TestClock`.
 */
export const start: (
  binaries: KubeBinaries.KubeBinaries,
  options?: ClusterOptions
) => Effect.Effect<KubeCluster["Service"], ProcessFailed | PlatformError, Scope.Scope> = Effect.fn("KubeCluster.start")(
  function* (binaries, options = {}) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    // Only these: the context also holds our scope, which must not replace that of what is started later.
    const platform = Context.pick(
      ChildProcessSpawner,
      FileSystem.FileSystem,
      Path.Path
    )(yield* Effect.context<NodeServices.NodeServices>())

    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "kube-" })
    const site = { binaries, folder, port: yield* freePort }
    const pki = yield* KubePki.make()
    yield* ControlPlane.prepare(folder, pki)
    const accessBy = (credentials: Kubeconfig.KubeCredentials): Kubeconfig.KubeAccess => ({
      server: `https://127.0.0.1:${site.port}`,
      authority: pki.authority,
      credentials
    })
    const admin = accessBy(yield* pki.issue({ user: "test-admin", groups: ["system:masters"] }))
    const kubeconfig = options.kubeconfig ?? path.join(folder, "admin.kubeconfig")
    yield* fs.writeFileString(kubeconfig, Kubeconfig.render(admin), { mode: 0o600 })
    const http = yield* KubeHttp.make(admin)

    const etcd = yield* ControlPlane.etcd(site)
    const apiServer = yield* Switch.make(
      ControlPlane.apiServer(site, options).pipe(
        Effect.tap(({ whenReady }) => whenReady(healthy(http, "/readyz"))),
        Effect.provide(platform)
      )
    )
    yield* apiServer.on
    const judges: Array<number> = []
    if (options.nodeLifecycle !== undefined || options.workloads === true) {
      const port = yield* freePort
      const manager = yield* ControlPlane.controllerManager({ ...site, port }, kubeconfig, options)
      yield* manager.whenReady(
        healthy(yield* KubeHttp.make({ ...admin, server: `https://127.0.0.1:${port}` }), "/healthz")
      )
      judges.push(manager.group)
    }

    const accessFor = Effect.fn("KubeCluster.accessFor")(function* (client: Client) {
      if ("user" in client) return accessBy(yield* pki.issue(client))
      return accessBy(yield* ServiceAccount.token(http, client.serviceAccount))
    })
    return KubeCluster.of({
      kubeconfig,
      http,
      kubectl: (args, stdin) =>
        Kubectl.run({ program: binaries.kubectl, kubeconfig, home: folder, args, stdin }).pipe(
          Effect.provide(platform)
        ),
      accessFor,
      kubeconfigFor: Effect.fn("KubeCluster.kubeconfigFor")(function* (client: Client) {
        const file = path.join(yield* fs.makeTempDirectory({ directory: folder, prefix: "client-" }), "kubeconfig")
        yield* fs.writeFileString(file, Kubeconfig.render(yield* accessFor(client)), { mode: 0o600 })
        return file
      }),
      enforcesRoles: true,
      audit: AuditLog.read(path.join(folder, ControlPlane.auditLog)).pipe(Effect.provide(platform)),
      stopApiServer: apiServer.off,
      startApiServer: apiServer.on,
      processGroups: Effect.map(apiServer.current, (current) => [
        etcd.group,
        ...Option.toArray(Option.map(current, ({ group }) => group)),
        ...judges
      ])
    })
  },
  Effect.provide(NodeServices.layer)
)
