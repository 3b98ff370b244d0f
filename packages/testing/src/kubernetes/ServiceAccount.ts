/**
 * ServiceAccount tokens as pods get them, from the TokenRequest API.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { KubeHttp } from "./KubeHttp.ts"

export interface ServiceAccount {
  readonly namespace: string
  readonly name: string
}

const TokenRequest = Schema.Struct({ status: Schema.Struct({ token: Schema.RedactedFromValue(Schema.String) }) })

/** A day: longer than any test. */
const expirationSeconds = 86_400

/** A token of the account, which is made if it is missing; its namespace must be there. */
export const token = Effect.fn("ServiceAccount.token")(function* (http: KubeHttp, { namespace, name }: ServiceAccount) {
  const account = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`
  yield* http.apply(account, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } })
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds } }
  const answer = yield* http.create(`${account}/token`, request)
  const { status } = yield* Schema.decodeUnknownEffect(TokenRequest)(answer).pipe(Effect.orDie)
  return { token: status.token }
})
