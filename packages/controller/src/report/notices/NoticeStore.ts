/**
 * Keeps the {@link Memory} in one ConfigMap of the controller's namespace.
 */
import * as DataObject from "@netcup-failover/kubernetes/DataObject"
import type { KubeError } from "@netcup-failover/kubernetes/KubeError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Memory from "./Memory.ts"

const name = "netcup-failover-notices"
const key = "told"

const Text = Schema.fromJsonString(Memory.Memory)
const decode = Schema.decodeUnknownResult(Text)
const encode = Schema.encodeSync(Text)

export interface NoticeStore {
  /** What was told before. The first time it is written at once, since from then on all is news. */
  readonly open: Effect.Effect<Memory.Memory, KubeError>
  /**
   * Changes what is stored and gives what is stored then. Somebody else's write before ours is not lost: the change is made on
   * what they wrote, so it may come to be made twice.
   */
  readonly change: (change: (memory: Memory.Memory) => Memory.Memory) => Effect.Effect<Memory.Memory, KubeError>
}

/** Nothing is asked yet. */
export const make = Effect.fnUntraced(function* (namespace: string) {
  const object = yield* DataObject.make({
    kind: "ConfigMap",
    name,
    namespace,
    labels: { "app.kubernetes.io/managed-by": "netcup-failover-controller" }
  })

  /** What our own last write left. */
  let found: DataObject.StoredData | undefined

  const recall = Effect.gen(function* () {
    const fresh = Memory.empty(new Date(yield* Clock.currentTimeMillis).toISOString())
    const text = found?.data[key]
    if (text === undefined) return { memory: fresh, isStored: false }
    const read = decode(text)
    if (Result.isSuccess(read)) return { memory: read.success, isStored: true }
    yield* Effect.logWarning(`ConfigMap ${namespace}/${name} is unreadable: what is told begins anew`)
    return { memory: fresh, isStored: false }
  })

  const write = Effect.fnUntraced(function* (memory: Memory.Memory) {
    found = yield* object.write(found, { ...found?.data, [key]: encode(memory) })
    return memory
  })

  const reread = Effect.map(object.read, (stored) => {
    found = stored
  })

  const store: NoticeStore = {
    open: Effect.gen(function* () {
      yield* reread
      const { memory, isStored } = yield* recall
      return isStored ? memory : yield* write(memory)
    }),
    change: (change) =>
      Effect.flatMap(recall, ({ memory }) => write(change(memory))).pipe(
        Effect.catchIf(
          ({ reason: { _tag } }) => _tag === "Conflict" || _tag === "AlreadyExists" || _tag === "NotFound",
          () =>
            Effect.andThen(
              reread,
              Effect.flatMap(recall, ({ memory }) => write(change(memory)))
            )
        )
      )
  }
  return store
})
