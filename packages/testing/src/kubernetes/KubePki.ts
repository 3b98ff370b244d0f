/**
 * Keys and certificates of one test cluster: an authority of its own, the API server's certificate, the key that signs
 * service account tokens, and client certificates for whoever shall talk to it.
 */
import { generateKeyPairSync } from "node:crypto"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { generate } from "selfsigned"

class CertificateFailed extends Schema.TaggedError<CertificateFailed>()("CertificateFailed", {
  message: Schema.String
}) {}

/** PEM texts. */
export interface KeyPair {
  readonly cert: string
  readonly key: Redacted.Redacted
}

/** Who a client certificate says its bearer is. */
export interface Identity {
  readonly user: string
  readonly groups: ReadonlyArray<string>
}

export interface KubePki {
  readonly authority: string
  readonly server: KeyPair
  readonly serviceAccounts: { readonly publicKey: string; readonly privateKey: Redacted.Redacted }
  readonly issue: (identity: Identity) => Effect.Effect<KeyPair>
}

type Attributes = NonNullable<Parameters<typeof generate>[0]>
type Options = NonNullable<Parameters<typeof generate>[1]>

/** A failure here is a bug of ours: nothing that a caller gives decides it. */
const certificate = Effect.fnUntraced(function* (attributes: Attributes, options: Options) {
  // From an hour ago: a clock that is set back during the tests must not void them.
  const notBeforeDate = DateTime.toDateUtc(DateTime.subtract(yield* DateTime.now, { hours: 1 }))
  const made = yield* Effect.tryPromise({
    try: () => generate(attributes, { keyType: "ec", algorithm: "sha256", notBeforeDate, ...options }),
    catch: (cause) => new CertificateFailed({ message: String(cause) })
  }).pipe(Effect.orDie)
  return { cert: made.cert, key: Redacted.make(made.private) } satisfies KeyPair
})

/** Makes a new authority with all that an API server on 127.0.0.1 needs. */
export const make = Effect.fn("KubePki.make")(function* () {
  const authority = yield* certificate([{ name: "commonName", value: "test-cluster-ca" }], {
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, digitalSignature: true, critical: true }
    ]
  })
  const ca = { cert: authority.cert, key: Redacted.value(authority.key) }

  const server = yield* certificate([{ name: "commonName", value: "kube-apiserver" }], {
    ca,
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 7, ip: "127.0.0.1" },
          // Where Pods find it: the Service `kubernetes`.
          { type: 7, ip: "10.0.0.1" },
          { type: 2, value: "localhost" },
          { type: 2, value: "kubernetes.default.svc" }
        ]
      }
    ]
  })

  // Kubernetes reads the user from CN and the groups from each O.
  const issue = ({ user, groups }: Identity) =>
    certificate(
      [...groups.map((value) => ({ name: "organizationName", value })), { name: "commonName", value: user }],
      {
        ca,
        extensions: [
          { name: "basicConstraints", cA: false, critical: true },
          { name: "keyUsage", digitalSignature: true, critical: true },
          { name: "extKeyUsage", clientAuth: true }
        ]
      }
    )

  const signing = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" }
  })
  const serviceAccounts = { publicKey: signing.publicKey, privateKey: Redacted.make(signing.privateKey) }
  return { authority: authority.cert, server, serviceAccounts, issue } satisfies KubePki
})
