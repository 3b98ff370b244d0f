import { assert, it } from "@effect/vitest"
import type { KubeObject } from "@netcup-failover/kubernetes/ObjectMeta"
import * as Store from "@netcup-failover/kubernetes/Store"
import {
  Applied,
  Deleted,
  Listed,
  type Observed,
  Undecodable,
  type WatchEvent
} from "@netcup-failover/kubernetes/WatchEvent"
import * as Schema from "effect/Schema"

interface Thing extends KubeObject {
  readonly value: number
}

const Seen = Schema.Struct({
  name: Schema.Literals(["a", "b", "c"]),
  version: Schema.Int,
  value: Schema.Literals([0, 1]),
  decodes: Schema.Literals([true, true, false])
})
const Step = Schema.Union([
  Schema.Struct({ _tag: Schema.tag("List"), seen: Schema.Array(Seen) }),
  Schema.Struct({ _tag: Schema.tag("Put"), seen: Seen }),
  Schema.Struct({ _tag: Schema.tag("Delete"), name: Schema.Literals(["a", "b", "c"]) })
])

const observed = ({ name, version, value, decodes }: typeof Seen.Type): Observed<Thing> => {
  const metadata = { name, uid: name, resourceVersion: String(version) }
  return decodes
    ? new Applied({ object: { metadata, value } })
    : new Undecodable({ metadata, message: `bad ${value}`, object: value })
}

const toEvent = (step: typeof Step.Type): WatchEvent<Thing> => {
  if (step._tag === "List") return new Listed({ objects: step.seen.map(observed) })
  return step._tag === "Put" ? observed(step.seen) : new Deleted({ key: step.name })
}

/** What exists after all steps, by looking back from the end for each name. */
const naive = (steps: ReadonlyArray<typeof Step.Type>) => {
  const exists = new Map<string, typeof Seen.Type>()
  for (const name of ["a", "b", "c"] as const) {
    for (const step of steps.toReversed()) {
      if (step._tag === "Delete" && step.name === name) break
      const seen =
        step._tag === "Put" && step.seen.name === name
          ? step.seen
          : step._tag === "List"
            ? step.seen.findLast((candidate) => candidate.name === name)
            : undefined
      if (seen !== undefined) exists.set(name, seen)
      if (seen !== undefined || step._tag === "List") break
    }
  }
  return exists
}

const unique = (steps: ReadonlyArray<typeof Step.Type>): ReadonlyArray<typeof Step.Type> =>
  steps.map((step) =>
    step._tag === "List" ? { ...step, seen: [...new Map(step.seen.map((seen) => [seen.name, seen])).values()] } : step
  )

it.prop("after any events the store holds what exists", [Schema.Array(Step)], ([generated]) => {
  const steps = unique(generated)
  const store = steps.map(toEvent).reduce(Store.apply, Store.empty<Thing>())
  const expected = naive(steps)
  const held = new Map(
    [...expected].flatMap(([name, seen]) => {
      const event = observed(seen)
      return event._tag === "Applied" ? [[name, event.object] as const] : []
    })
  )
  assert.deepStrictEqual(new Map([...store.items].sort()), new Map([...held].sort()))
  assert.deepStrictEqual(
    [...store.undecodable.keys()].sort(),
    [...expected]
      .filter(([, { decodes }]) => !decodes)
      .map(([name]) => name)
      .sort()
  )
  assert.strictEqual(
    store.synced,
    steps.some(({ _tag }) => _tag === "List")
  )
})

it.prop(
  "stores are the same exactly if they show the same but for versions",
  [Schema.Array(Step), Step],
  ([steps, last]) => {
    const before = unique(steps).map(toEvent).reduce(Store.apply, Store.empty<Thing>())
    const after = unique([last]).map(toEvent).reduce(Store.apply, before)
    const shown = (store: Store.Store<Thing>) =>
      JSON.stringify([
        store.synced,
        [...store.items].map(([key, { value }]) => [key, value]).sort(),
        [...store.undecodable].map(([key, { message }]) => [key, message]).sort()
      ])
    assert.strictEqual(Store.isSame(before, after), shown(before) === shown(after))
  }
)

it.prop("an event leaves the store before it as it was", [Schema.Array(Step), Step], ([steps, last]) => {
  const before = steps.map(toEvent).reduce(Store.apply, Store.empty<Thing>())
  const copy = structuredClone([[...before.items], [...before.undecodable.keys()]])
  Store.apply(before, toEvent(last))
  assert.deepStrictEqual([[...before.items], [...before.undecodable.keys()]], copy)
})

it("an object that was deleted and made anew while nobody looked is a change", () => {
  const put = (uid: string) =>
    Store.apply(
      Store.empty<Thing>(),
      new Applied({ object: { metadata: { name: "a", uid, resourceVersion: "1" }, value: 1 } })
    )
  assert.isFalse(Store.isSame(put("x"), put("y")))
})
