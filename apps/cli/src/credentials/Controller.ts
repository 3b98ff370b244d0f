/**
 * The controller of a cluster, as far as it matters to who would use its login: where it is, and whether it lives.
 */
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import { LeaseRecord } from "@netcup-failover/kubernetes/LeaseRecord"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { CredentialsUnusable } from "../Problem.ts"

const leaseName = "netcup-failover-controller.digilol.net"

/** Where the controller is unless somebody puts it elsewhere. */
const usualNamespace = "netcup-system"

/** Leases are renewed within seconds. Long, since our clock may differ from the cluster's, and a login that is lost is an outage. */
const dead = Duration.minutes(5)

const Leases = Schema.Struct({
  items: Schema.NullOr(
    Schema.Array(
      Schema.Struct({
        metadata: Schema.Struct({ namespace: Schema.String }),
        spec: Schema.optionalKey(LeaseRecord)
      })
    )
  )
})

/** A controller that stops as it should leaves a Lease that nobody holds. */
const lives = (lease: LeaseRecord, now: number): boolean => {
  if ((lease.holderIdentity ?? "") === "") return false
  const renewedAt = Date.parse(lease.renewTime ?? "")
  return Number.isNaN(renewedAt) || now - renewedAt < Duration.toMillis(dead)
}

/** In `namespace`, or, where that is not given, wherever the Lease of the controllers is. */
export const find = Effect.fn("Controller.find")(function* (namespace: string | undefined) {
  const client = yield* KubeClient
  const path = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`
  const { items } = yield* client
    .request({
      method: "GET",
      path: `/apis/coordination.k8s.io/v1${path}/leases`,
      query: { fieldSelector: `metadata.name=${leaseName}` },
      schema: Leases
    })
    .pipe(
      Effect.catchIf(
        ({ reason }) => namespace === undefined && reason._tag === "Forbidden",
        ({ message }) =>
          new CredentialsUnusable({
            message: `it cannot be told where the controller is (${message}): name its namespace by --controller-namespace`
          })
      )
    )
  const now = yield* Clock.currentTimeMillis
  const found = (items ?? []).map(({ metadata, spec = {} }) => ({
    namespace: metadata.namespace,
    lives: lives(spec, now)
  }))
  const [first, ...others] = found
  if (first !== undefined && others.length > 0) {
    const names = found.map(({ namespace }) => namespace).join(", ")
    return yield* new CredentialsUnusable({
      message: `there are controllers in ${names}: say whose login it is by --controller-namespace`
    })
  }
  return first ?? { namespace: namespace ?? usualNamespace, lives: false }
})
