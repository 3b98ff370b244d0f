/**
 * kubeconfig files: how kubectl, client-go and we are told of a cluster and of who we are there.
 */
import * as Redacted from "effect/Redacted"
import type { KeyPair } from "./KubePki.ts"

/** How a client proves who it is. */
export type KubeCredentials = KeyPair | { readonly token: Redacted.Redacted }

/** A cluster, and one client's way in. */
export interface KubeAccess {
  /** `https://host:port` */
  readonly server: string
  /** The PEM of the authority that signed the server's certificate. */
  readonly authority: string
  readonly credentials: KubeCredentials
}

const base64 = (text: string) => Buffer.from(text).toString("base64")

/** The text of a kubeconfig with everything inline. kubeconfigs are YAML, and JSON is YAML. */
export const render = ({ server, authority, credentials }: KubeAccess, namespace = "default"): string => {
  const user =
    "token" in credentials
      ? { token: Redacted.value(credentials.token) }
      : {
          "client-certificate-data": base64(credentials.cert),
          "client-key-data": base64(Redacted.value(credentials.key))
        }
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server, "certificate-authority-data": base64(authority) } }],
    users: [{ name: "test", user }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test", namespace } }],
    "current-context": "test"
  })
}
