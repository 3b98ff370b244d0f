/**
 * Stands in the bundle for what client-node needs for kubeconfigs that no controller has: a SOCKS proxy, and users who log in by
 * the OpenID, Google and Azure plugins that Kubernetes' own clients dropped. Pods have neither; who has one is told.
 */
const absent = (what: string) => (): never => {
  throw new Error(`${what} of a kubeconfig is not supported here: use a token, a certificate, or an exec plugin`)
}

export class SocksProxyAgent {
  constructor() {
    absent("a SOCKS proxy-url")()
  }
}

export const SocksClient = { createConnection: absent("a SOCKS proxy-url") }

export const JSONPath = absent("an auth-provider")
// A key, by which client-node hands over its own fetch.
export const customFetch = Symbol("customFetch")
export const discovery = absent("an auth-provider")
export const refreshTokenGrant = absent("an auth-provider")
