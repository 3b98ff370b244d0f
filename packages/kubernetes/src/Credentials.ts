/**
 * Which cluster to ask and who we are, from a kubeconfig or from the pod. The only file that imports client-node: of it we use
 * `KubeConfig` and its auth; its requests make a connection each and its watches stay dead after an error.
 */
import type { OutgoingHttpHeaders, RequestOptions } from "node:http"
import type { RequestOptions as TlsRequestOptions } from "node:https"
import * as path from "node:path"
import { KubeConfig } from "@kubernetes/client-node/dist/config.js"
import * as Effect from "effect/Effect"
import { CredentialsUnavailable, KubeError, oneLine } from "./KubeError.ts"

/** What one request needs to be let in. Headers hold secrets: they go to the wire and nowhere else. */
export interface Credentials {
  readonly headers: OutgoingHttpHeaders
  readonly auth: string | undefined
  readonly tls: Pick<TlsRequestOptions, "ca" | "cert" | "key" | "rejectUnauthorized" | "servername">
  /** Set when the kubeconfig names a `proxy-url`. */
  readonly proxy: RequestOptions["agent"]
}

interface Cluster {
  readonly server: URL
  /** The namespace of the context; in a pod that of its service account. */
  readonly namespace: string | undefined
  /** Reads what may have changed: the pod's token at most a minute old, certificates each time. */
  readonly credentials: Effect.Effect<Credentials, KubeError>
}

const unavailable = (message: string) =>
  new KubeError({ request: "credentials", reason: new CredentialsUnavailable({ message: oneLine(message) }) })

const describe = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause))

/** `kubeconfig` is what the variable KUBECONFIG holds, a list too; absent: the service account of the pod that we run in. */
export const load = Effect.fnUntraced(function* (kubeconfig: string | undefined): Effect.fn.Return<Cluster, KubeError> {
  const config = yield* Effect.try({
    try: () => read(kubeconfig),
    catch: (cause) =>
      unavailable(
        kubeconfig === undefined
          ? `cannot read the service account of this pod: ${describe(cause)}`
          : `cannot read the kubeconfig ${kubeconfig}: ${describe(cause)}; set KUBECONFIG to a readable kubeconfig`
      )
  })
  if (config === undefined) {
    return yield* unavailable(
      "neither a kubeconfig nor a pod: set KUBECONFIG to the path of a kubeconfig, or run in a cluster with a service account"
    )
  }
  const cluster = config.getCurrentCluster()
  if (cluster === null || config.getCurrentUser() === null) {
    return yield* unavailable(
      `the kubeconfig has no complete current context: set current-context to one whose cluster and user exist`
    )
  }
  const server = URL.parse(cluster.server)
  if (server === null || (server.protocol !== "https:" && server.protocol !== "http:")) {
    return yield* unavailable(`the server "${cluster.server}" is not a URL: write for example https://192.0.2.1:6443`)
  }
  const credentials = Effect.tryPromise({
    try: async (): Promise<Credentials> => {
      const options: TlsRequestOptions = {}
      await config.applyToHTTPSOptions(options)
      const { ca, cert, key, rejectUnauthorized, servername, headers, auth, agent } = options
      return {
        headers: clean(headers),
        auth: auth ?? undefined,
        tls: {
          ...(ca === undefined ? {} : { ca }),
          ...(cert === undefined ? {} : { cert }),
          ...(key === undefined ? {} : { key }),
          ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
          ...(servername === undefined ? {} : { servername })
        },
        proxy: cluster.proxyUrl === undefined ? undefined : agent
      }
    },
    catch: (cause) =>
      unavailable(
        server.protocol === "http:" && cluster.skipTLSVerify !== true
          ? `an http: server is refused unless the kubeconfig's cluster says insecure-skip-tls-verify: true`
          : `the credentials of the kubeconfig cannot be used: ${describe(cause)}`
      )
  })
  const context = config.getContextObject(config.getCurrentContext())
  return { server, namespace: context?.namespace?.trim() || undefined, credentials }
})

const read = (kubeconfig: string | undefined): KubeConfig | undefined => {
  const config = new KubeConfig()
  const [first, ...others] = (kubeconfig ?? "").split(path.delimiter).filter((file) => file !== "")
  if (first === undefined) {
    config.loadFromCluster()
    // Without a pod's variables client-node makes this name up.
    return config.getCurrentCluster()?.server.includes("//undefined:") === true ? undefined : config
  }
  config.loadFromFile(first)
  for (const file of others) {
    const other = new KubeConfig()
    other.loadFromFile(file)
    // As kubectl: the first file that names a context wins.
    config.mergeConfig(other, Boolean(config.getCurrentContext()))
  }
  return config
}

/** A token file may end in a newline, which Node refuses in a header. */
const clean = (headers: TlsRequestOptions["headers"]): OutgoingHttpHeaders => {
  if (headers === undefined || Array.isArray(headers)) return {}
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value.trim() : value])
  )
}
