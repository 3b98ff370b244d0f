/**
 * Writes down which server a node is, where that was found out without an annotation; if the settings ask for it.
 *
 * What somebody else writes is never overwritten: the node is read first, and written in that version only.
 */
import { type NodeName, serverNameAnnotation } from "@netcup-failover/core/Candidate"
import type { ServerName } from "@netcup-failover/core/ServerName"
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import { Identity } from "@netcup-failover/kubernetes/ObjectMeta"
import { objectPath } from "@netcup-failover/kubernetes/ResourceKind"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as NodeMapping from "../observe/NodeMapping.ts"
import { nodes } from "../observe/NodeResource.ts"
import type { Observation } from "../observe/Observation.ts"
import { Settings } from "../Settings.ts"

const Annotated = Schema.Struct({
  metadata: Schema.Struct({
    ...Identity.fields,
    annotations: Schema.optionalKey(Schema.Struct({ [serverNameAnnotation]: Schema.optionalKey(Schema.String) }))
  })
})

/** Until what was not written is tried again. */
const retryPause = "30 seconds"

/** The servers of nodes that do not say themselves which they are. */
const found = ({ nodes, groups }: Observation): ReadonlyMap<NodeName, ServerName> =>
  NodeMapping.agreed(
    nodes.filter(({ server }) => server === undefined),
    groups.flatMap(({ account }) => (account?._tag === "Usable" ? (account.state.account ?? []) : []))
  )

/** An annotator that writes each node once, by what an observation tells. */
export const make = Effect.gen(function* () {
  const client = yield* KubeClient
  const isWanted = (yield* Settings).annotateNodes === "true"
  const written = new Map<NodeName, ServerName>()

  const annotate = Effect.fn("NodeAnnotator.annotate")(function* (name: NodeName, server: ServerName) {
    const path = objectPath(nodes, { name })
    const { metadata } = yield* client.request({ method: "GET", path, schema: Annotated })
    if ((metadata.annotations?.[serverNameAnnotation] ?? "").trim() !== "") return
    yield* client.request({
      method: "PATCH",
      path,
      contentType: "application/merge-patch+json",
      body: {
        metadata: { resourceVersion: metadata.resourceVersion, annotations: { [serverNameAnnotation]: server } }
      },
      schema: Annotated
    })
    yield* Effect.logInfo("annotated the node with its server", { node: name, server })
  })

  return Effect.fnUntraced(function* (seen: Observation) {
    if (!isWanted) return
    for (const [name, server] of found(seen)) {
      if (written.get(name) === server) continue
      written.set(name, server)
      yield* annotate(name, server).pipe(
        Effect.catch(({ message }) =>
          Effect.gen(function* () {
            yield* Effect.logWarning("the node is not annotated with its server", {
              node: name,
              server,
              error: message
            })
            yield* Effect.sleep(retryPause)
            written.delete(name)
          })
        )
      )
    }
  })
})
