/**
 * The Lease that controllers stand for, as scenarios wait for it.
 */
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const Lease = Schema.Struct({
  spec: Schema.Struct({
    holderIdentity: Schema.String,
    leaseDurationSeconds: Schema.Int,
    leaseTransitions: Schema.Int,
    acquireTime: Schema.DateTimeUtcFromString,
    renewTime: Schema.DateTimeUtcFromString
  })
})
export type Lease = (typeof Lease.Type)["spec"]

/** Waits for a minute at most until the Lease is as described. */
export const until = (is: (lease: Lease) => boolean) =>
  Effect.flatMap(KubeCluster, ({ http }) =>
    http.waitUntil(Stage.leasePath, Lease, ({ spec }) => is(spec), "60 seconds")
  ).pipe(Effect.map(({ spec }) => spec))
