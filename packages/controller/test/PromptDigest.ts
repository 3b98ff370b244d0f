/**
 * Digests that come at once, as everything does in a test's time: the platform's own take real time in a thread.
 */
import { createHash } from "node:crypto"
import * as WebCrypto from "effect/crypto/WebCrypto"

const digest = (algorithm: string, data: Uint8Array) =>
  Promise.resolve(createHash(algorithm.toLowerCase().replace("-", "")).update(data).digest())

const subtle = new Proxy(globalThis.crypto.subtle, {
  get: (target, key) => (key === "digest" ? digest : Reflect.get(target, key))
})

export const layer = WebCrypto.layer(
  new Proxy(globalThis.crypto, { get: (target, key) => (key === "subtle" ? subtle : Reflect.get(target, key)) })
)
