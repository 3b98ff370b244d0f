/**
 * ConfigMaps and Secrets as a Kubernetes API keeps them: each write makes a new version, and one that was made for another
 * version is refused.
 */
import * as KubeErrors from "@netcup-failover/kubernetes/KubeError"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as FakeKube from "./FakeKube.ts"

const Data = Schema.Record(Schema.String, Schema.String)

const Written = Schema.Struct({
  metadata: Schema.StructWithRest(
    Schema.Struct({ name: Schema.String, resourceVersion: Schema.optionalKey(Schema.String) }),
    [Schema.Record(Schema.String, Schema.Json)]
  ),
  data: Data
})

type Step = Effect.Effect<void, KubeErrors.KubeErrorReason>

/** What happens at one request: before it is taken, and after. */
interface Turn {
  readonly before?: Step
  readonly after?: Step
}

export const make = () => {
  const objects = new Map<string, { readonly version: number; readonly object: typeof Written.Type }>()
  const asked: Array<FakeKube.Request> = []
  const written: Array<{ readonly path: string; readonly data: typeof Data.Type }> = []
  let version = 0

  const store = (path: string, object: typeof Written.Type) => {
    version += 1
    objects.set(path, {
      version,
      object: { ...object, metadata: { ...object.metadata, resourceVersion: `${version}` } }
    })
    return objects.get(path)?.object
  }

  const read = Effect.fnUntraced(function* (path: string) {
    const found = objects.get(path)
    if (found === undefined) return yield* new KubeErrors.NotFound({ message: "not found" })
    return found.object
  })

  const write = Effect.fnUntraced(function* ({ method, path, body }: FakeKube.Request) {
    const object = yield* Effect.orDie(Schema.decodeUnknownEffect(Written)(body))
    const at = method === "POST" ? `${path}/${object.metadata.name}` : path
    const found = objects.get(at)
    if (method === "POST" && found !== undefined) return yield* new KubeErrors.AlreadyExists({ message: "exists" })
    if (method === "PUT" && found === undefined) return yield* new KubeErrors.NotFound({ message: "not found" })
    if (method === "PUT" && object.metadata.resourceVersion !== `${found?.version}`) {
      return yield* new KubeErrors.Conflict({ message: "the object has been modified" })
    }
    written.push({ path: at, data: object.data })
    return store(at, object)
  })

  /** What the next reads and writes meet, one after the other; nothing special where there is nothing. */
  const turns: { readonly reads: Array<Turn>; readonly writes: Array<Turn> } = { reads: [], writes: [] }

  const answer: FakeKube.Answer = Effect.fnUntraced(function* (request) {
    asked.push(request)
    const { before = Effect.void, after = Effect.void } =
      (request.method === "GET" ? turns.reads : turns.writes).shift() ?? {}
    yield* before
    const stored = yield* request.method === "GET" ? read(request.path) : write(request)
    yield* after
    return stored
  })

  return {
    answer,
    layer: FakeKube.layer(answer),
    turns,
    /** Every request that arrived, also those that were refused. */
    asked,
    /** Every write that was taken. */
    written,
    paths: () => [...objects.keys()],
    /** What an object holds now, as it is stored: a Secret's values are base64. */
    data: (path: string) => objects.get(path)?.object.data,
    /** Somebody else writes. */
    put: (path: string, data: typeof Data.Type) => {
      const metadata = objects.get(path)?.object.metadata ?? { name: path.slice(path.lastIndexOf("/") + 1) }
      store(path, { ...objects.get(path)?.object, metadata, data })
    },
    remove: (path: string) => objects.delete(path)
  }
}

export type FakeData = ReturnType<typeof make>
