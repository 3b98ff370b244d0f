import { assert, it } from "@effect/vitest"
import { LeaseStore } from "@netcup-failover/kubernetes/LeaseStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Answer, clientOf, type FakeApiServer, inTurn, json, start, status } from "./FakeApiServer.ts"

const path = "/apis/coordination.k8s.io/v1/namespaces/ns/leases/the-lease"
const record = { holderIdentity: "me", leaseDurationSeconds: 15, renewTime: "2026-01-01T00:00:00.000000Z" }
const lease = (spec: object) => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name: "the-lease", namespace: "ns", resourceVersion: "5", labels: { kept: "yes" } },
  spec
})

const asking = <A, E>(
  answer: Answer,
  use: (store: LeaseStore["Service"], server: FakeApiServer) => Effect.Effect<A, E>
) =>
  Effect.gen(function* () {
    const server = yield* start(answer)
    const layer = LeaseStore.layer({ name: "the-lease", namespace: "ns" }).pipe(Layer.provide(clientOf(server)))
    return yield* Effect.provide(
      Effect.flatMap(LeaseStore, (store) => use(store, server)),
      layer
    )
  }).pipe(Effect.scoped)

it.live("a Lease that is not there is none; any other failure is one", () =>
  Effect.gen(function* () {
    assert.isUndefined(yield* asking(status(404, "NotFound", "no such lease"), (store) => store.read))
    const error = yield* Effect.flip(asking(status(403, "Forbidden", "no"), (store) => store.read))
    assert.strictEqual(error.reason._tag, "Forbidden")
  })
)

it.live("a read is not repeated: the election has its own pace", () =>
  asking(status(503, "ServiceUnavailable", "no"), (store, server) =>
    Effect.gen(function* () {
      yield* Effect.flip(store.read)
      assert.strictEqual(server.asked.length, 1)
    })
  )
)

it.live("a Lease of the Go controller decodes, one without a spec too", () =>
  Effect.gen(function* () {
    const spec = { ...record, acquireTime: record.renewTime, leaseTransitions: 3 }
    assert.deepStrictEqual((yield* asking(json(200, lease(spec)), (store) => store.read))?.record, spec)
    const { spec: _, ...bare } = lease({})
    assert.deepStrictEqual((yield* asking(json(200, bare), (store) => store.read))?.record, {})
  })
)

it.live("an update carries the version that was read, and leaves what it does not know as it was", () =>
  asking(inTurn(json(200, lease({ ...record, strategy: "Oldest" })), json(200, lease(record))), (store, server) =>
    Effect.gen(function* () {
      const found = yield* store.read
      assert.isDefined(found)
      if (found === undefined) return
      yield* store.update(found, { ...record, holderIdentity: "other" })
      const put = server.asked[1]
      assert.strictEqual(put?.method, "PUT")
      assert.strictEqual(put?.path, path)
      assert.deepStrictEqual(put?.body, lease({ ...record, strategy: "Oldest", holderIdentity: "other" }))
    })
  )
)

it.live("a new Lease is created in its namespace", () =>
  asking(json(201, lease(record)), (store, server) =>
    Effect.gen(function* () {
      const { record: stored } = yield* store.create(record)
      assert.deepStrictEqual(stored, record)
      assert.strictEqual(server.asked[0]?.path, "/apis/coordination.k8s.io/v1/namespaces/ns/leases")
      assert.deepStrictEqual(server.asked[0]?.body, {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name: "the-lease", namespace: "ns" },
        spec: record
      })
    })
  )
)
