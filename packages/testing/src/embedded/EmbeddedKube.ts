/**
 * A Kubernetes API within this process: for machines without the real binaries, and for faults that a real one cannot be
 * told to make. Its shape is that of {@link KubeCluster}, so that what runs on one runs on the other.
 *
 * Not there: roles (whoever has a token may do everything), an audit log, server-side apply's ownership of fields, OpenAPI, CEL rules,
 * admission, Events' expiry, and every kind that is neither listed in `BuiltinResources` nor in a CRD.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as ControlPlane from "../kubernetes/ControlPlane.ts"
import { freePort } from "../kubernetes/FreePort.ts"
import * as KubeBinaries from "../kubernetes/KubeBinaries.ts"
import { KubeCluster } from "../kubernetes/KubeCluster.ts"
import * as Kubeconfig from "../kubernetes/Kubeconfig.ts"
import * as Kubectl from "../kubernetes/Kubectl.ts"
import * as KubeHttp from "../kubernetes/KubeHttp.ts"
import * as KubePki from "../kubernetes/KubePki.ts"
import * as ApiServer from "./ApiServer.ts"
import * as BuiltinResources from "./BuiltinResources.ts"
import * as KubeInjection from "./KubeInjection.ts"
import * as NodeLifecycle from "./NodeLifecycle.ts"
import * as ObjectStore from "./ObjectStore.ts"
import * as Registry from "./Registry.ts"
import * as RequestJournal from "./RequestJournal.ts"
import * as TlsListener from "./TlsListener.ts"
import * as WatchSessions from "./WatchSessions.ts"

interface EmbeddedOptions {
  /** Absent: nobody but the test judges nodes. */
  readonly nodeLifecycle?: ControlPlane.NodeLifecycle | undefined
  /** Where the administrator's kubeconfig is written; by default in a folder that goes with the API. */
  readonly kubeconfig?: string | undefined
  /** How many changes of each kind a watch can resume over; default 1000. */
  readonly historyLength?: number | undefined
  /** How often watches that allow it get a bookmark; default 60 s. */
  readonly bookmarkEvery?: Duration.Input | undefined
  /** The program; by default the one among the Kubernetes binaries, if they are there. */
  readonly kubectl?: string | undefined
}

type Cluster = KubeCluster["Service"]

export class EmbeddedKube extends Context.Service<
  EmbeddedKube,
  Cluster & {
    /** Makes a fault, see {@link KubeInjection.InjectionRule}. */
    readonly inject: (rule: KubeInjection.InjectionRule) => Effect.Effect<KubeInjection.Injection>
    readonly journal: RequestJournal.RequestJournal
    readonly watches: Omit<WatchSessions.WatchSessions, "serve">
    /** Forgets all changes so far: who resumes from an older version gets 410. */
    readonly compact: Effect.Effect<void>
  }
>()("@netcup-failover/testing/embedded/EmbeddedKube") {
  /** The API under both of its names. */
  static readonly layer = (options: EmbeddedOptions = {}): Layer.Layer<EmbeddedKube | KubeCluster, PlatformError> =>
    Layer.effectContext(
      Effect.map(make(options), (service) =>
        Context.make(EmbeddedKube, service).pipe(Context.add(KubeCluster, service))
      )
    )
}

const firstNamespaces = ["default", "kube-node-lease", "kube-public", "kube-system"]

const randomToken = Effect.map(
  Effect.forEach(Array.from({ length: 4 }), () => Random.nextIntBetween(0, 2 ** 32, { halfOpen: true })),
  (parts) => parts.map((part) => part.toString(36)).join("-")
)

const locateKubectl = Effect.map(Effect.result(KubeBinaries.locate), (binaries) =>
  binaries._tag === "Success" ? binaries.success.kubectl : "kubectl"
)

const nobody = Effect.succeed([])

/** Ready when it returns. Real time passes in its node lifecycle, bookmarks and kubectl: not for a `TestClock`. */
const make: (options: EmbeddedOptions) => Effect.Effect<EmbeddedKube["Service"], PlatformError, Scope.Scope> =
  Effect.fn("EmbeddedKube.make")(function* (options) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const platform = Context.pick(ChildProcessSpawner)(yield* Effect.context<NodeServices.NodeServices>())
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "kube-" })
    const port = yield* freePort
    const pki = yield* KubePki.make()

    const store = ObjectStore.make(options.historyLength ?? 1000)
    const builtin = BuiltinResources.make({ tainting: options.nodeLifecycle !== undefined })
    const state = { store, registry: Registry.make(store, builtin) }
    const users = new Map<string, string>()
    const injections = yield* KubeInjection.make
    const journal = yield* RequestJournal.make
    const bookmarkEvery = Duration.fromInputUnsafe(options.bookmarkEvery ?? "60 seconds")
    const { serve, ...watches } = WatchSessions.make(state, bookmarkEvery)
    const handle = ApiServer.make({
      state,
      port,
      userOf: (token) => users.get(token),
      sessions: { serve, ...watches },
      injections,
      journal
    })
    const listener = yield* TlsListener.make(port, pki.server, handle)

    const accessOf = Effect.fnUntraced(function* (user: string): Effect.fn.Return<Kubeconfig.KubeAccess> {
      const token = yield* randomToken
      users.set(token, user)
      const server = `https://127.0.0.1:${port}`
      return { server, authority: pki.authority, credentials: { token: Redacted.make(token) } }
    })
    const admin = yield* accessOf("test-admin")
    const kubeconfig = options.kubeconfig ?? path.join(folder, "admin.kubeconfig")
    yield* fs.writeFileString(kubeconfig, Kubeconfig.render(admin), { mode: 0o600 })
    const http = yield* KubeHttp.make(admin)
    // A failure here is a bug of ours.
    yield* Effect.forEach(firstNamespaces, (name) =>
      Effect.orDie(http.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } }))
    )
    if (options.nodeLifecycle !== undefined) {
      yield* Effect.forkScoped(NodeLifecycle.run(store, options.nodeLifecycle))
    }
    const program = options.kubectl ?? (yield* locateKubectl)

    const accessFor: Cluster["accessFor"] = (client) =>
      accessOf(
        "user" in client
          ? client.user
          : `system:serviceaccount:${client.serviceAccount.namespace}:${client.serviceAccount.name}`
      )
    return EmbeddedKube.of({
      kubeconfig,
      http,
      kubectl: (args, stdin) =>
        Kubectl.run({ program, kubeconfig, home: folder, args, stdin }).pipe(Effect.provide(platform)),
      accessFor,
      kubeconfigFor: Effect.fn("EmbeddedKube.kubeconfigFor")(function* (client) {
        const file = path.join(yield* fs.makeTempDirectory({ directory: folder, prefix: "client-" }), "kubeconfig")
        yield* fs.writeFileString(file, Kubeconfig.render(yield* accessFor(client)), { mode: 0o600 })
        return file
      }),
      enforcesRoles: false,
      audit: Effect.succeed([]),
      stopApiServer: listener.stop,
      startApiServer: listener.start,
      processGroups: nobody,
      inject: injections.inject,
      journal,
      watches,
      compact: Effect.sync(store.compact)
    })
  }, Effect.provide(NodeServices.layer))
