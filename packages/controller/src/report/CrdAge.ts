/**
 * Tells operators that the cluster's CRD is older than this controller: they upgraded one and forgot the other.
 *
 * An older CRD lets bad resources in and drops what it does not know of a status. The controller works with it; the next leader
 * remembers less.
 */
import { crdRevision, crdRevisionAnnotation } from "@netcup-failover/core/CrdRevision"
import { group, plural } from "@netcup-failover/core/FailoverIpResource"
import { Events } from "@netcup-failover/kubernetes/Events"
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import { Identity } from "@netcup-failover/kubernetes/ObjectMeta"
import { objectPath, type ResourceKind } from "@netcup-failover/kubernetes/ResourceKind"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"

const Definition = Schema.Struct({
  metadata: Schema.Struct({
    ...Identity.fields,
    annotations: Schema.optionalKey(Schema.Struct({ [crdRevisionAnnotation]: Schema.optionalKey(Schema.String) }))
  })
})
type Definition = typeof Definition.Type

const definitions: ResourceKind<Definition> = {
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
  schema: Definition
}

const name = `${plural}.${group}`

/** Whoever upgrades the CRD may also roll it back. */
const interval = "10 minutes"

/** What a CRD says of itself; one that says nothing is older than all that do. */
const revisionOf = ({ metadata }: Definition): number => {
  const text = metadata.annotations?.[crdRevisionAnnotation] ?? ""
  return /^\d{1,9}$/u.test(text) ? Number(text) : 0
}

const advice = (revision: number): string =>
  `the CRD is older than the controller (revision ${revision}, not ${crdRevision}): bad resources are let in, and parts of the status are dropped. ` +
  "Apply that of the controller's version: kubectl apply -f infra/crd/netcupfailoverips.yaml, or helm upgrade of the whole chart"

/** Looks at once and then now and then, for as long as it is not interrupted. What it cannot read it does not judge. */
const watch = Effect.gen(function* () {
  const client = yield* KubeClient
  const events = yield* Events
  let told: string | undefined

  const look = Effect.gen(function* () {
    const definition = yield* client.request({
      method: "GET",
      path: objectPath(definitions, { name }),
      schema: Definition
    })
    const revision = revisionOf(definition)
    if (revision >= crdRevision) {
      if (told !== undefined) yield* Effect.logInfo("the CRD is as new as the controller now", { crd: name, revision })
      told = undefined
      return
    }
    const { metadata } = definition
    const fact = `${metadata.uid} ${revision}`
    if (told === fact) return
    told = fact
    const message = advice(revision)
    yield* Effect.logWarning(message, { crd: name })
    yield* events.record({ kind: definitions, metadata, type: "Warning", reason: "CRDTooOld", message })
  }).pipe(
    // Above all one who may not read it: the right to is only for this.
    Effect.catchTag("KubeError", ({ message }) => Effect.logDebug("the CRD's age is not known", { reason: message }))
  )
  yield* Effect.repeat(look, Schedule.spaced(interval))
})

/** Watches in the background, for as long as the layer is there; nothing waits for it. */
export const layer = Layer.effectDiscard(Effect.forkScoped(watch))
