/**
 * A Kubernetes API that keeps one group and takes status patches, by a script where a test wants another answer.
 */
import { type GroupResource, groups } from "@netcup-failover/controller/observe/GroupResource"
import type { Status } from "@netcup-failover/core/FailoverIpResource"
import * as KubeErrors from "@netcup-failover/kubernetes/KubeError"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as FakeKube from "../FakeKube.ts"

/** What a patch of a status says: merged keys, `null` for one that goes. */
const Patch = Schema.Struct({
  metadata: Schema.Struct({ resourceVersion: Schema.String }),
  status: Schema.Record(Schema.String, Schema.Json)
})
type Patch = typeof Patch.Type

type Answer = Effect.Effect<void, KubeErrors.KubeErrorReason>

/**
 * What `answers` gives, one after the other, comes before each patch is taken: a pause or a refusal. Of a status the fields in
 * `unknown` are dropped, as by the CRD of an older controller; what changes nothing makes no new version.
 */
export const make = (first: GroupResource, answers: Array<Answer> = [], unknown: Array<string> = []) => {
  const patches: Array<Patch> = []
  let stored: unknown = first
  let version = Number(first.metadata.resourceVersion)
  const resource = (): GroupResource => Schema.decodeUnknownSync(groups.schema)(stored)

  const put = (change: Partial<GroupResource>) => {
    version += 1
    const now = resource()
    stored = { ...now, ...change, metadata: { ...now.metadata, resourceVersion: `${version}` } }
  }

  const take = Effect.fnUntraced(function* (body: unknown) {
    const patch = yield* Effect.orDie(Schema.decodeUnknownEffect(Patch)(body))
    patches.push(patch)
    yield* answers.shift() ?? Effect.void
    const now = resource()
    if (patch.metadata.resourceVersion !== now.metadata.resourceVersion) {
      return yield* new KubeErrors.Conflict({ message: "the object has been modified" })
    }
    const status = Object.fromEntries(
      Object.entries({ ...now.status, ...patch.status }).filter(
        ([key, value]) => value !== null && !unknown.includes(key)
      )
    )
    if (JSON.stringify(status) === JSON.stringify(now.status ?? {})) return stored
    version += 1
    stored = { ...now, status, metadata: { ...now.metadata, resourceVersion: `${version}` } }
    return stored
  })

  const answer: FakeKube.Answer = ({ body }) => take(body)

  return {
    answer,
    layer: FakeKube.layer(answer),
    /** Every patch that arrived, also those that were refused. */
    patches,
    /** The group as a watch would tell it now. */
    resource,
    /** Somebody else changes the group. */
    put,
    status: (): Status | undefined => resource().status
  }
}
