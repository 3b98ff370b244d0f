import { assert, it } from "@effect/vitest"
import * as StatusPatch from "@netcup-failover/kubernetes/StatusPatch"
import * as Effect from "effect/Effect"
import { type Answer, clientOf, json, start, status } from "./FakeApiServer.ts"
import { widget, widgets } from "./Widget.ts"

const seen = { metadata: { name: "a", uid: "uid-a", resourceVersion: "7" } }

const patch = (answer: Answer) =>
  Effect.gen(function* () {
    const server = yield* start(answer)
    const outcome = yield* StatusPatch.patch(widgets, seen, { node: "n1", gone: null }).pipe(
      Effect.result,
      Effect.provide(clientOf(server))
    )
    return { outcome, asked: server.asked }
  }).pipe(Effect.scoped)

it.live("a status is merged into the object of the version that was looked at", () =>
  Effect.gen(function* () {
    const { outcome, asked } = yield* patch(json(200, widget("a", "8")))
    assert.strictEqual(asked.length, 1)
    assert.strictEqual(asked[0]?.method, "PATCH")
    assert.strictEqual(asked[0]?.path, "/apis/example.org/v1/widgets/a/status")
    assert.strictEqual(asked[0]?.headers["content-type"], "application/merge-patch+json")
    assert.deepStrictEqual(asked[0]?.body, {
      metadata: { resourceVersion: "7" },
      status: { node: "n1", gone: null }
    })
    assert.isTrue(outcome._tag === "Success" && outcome.success._tag === "Patched")
    if (outcome._tag === "Success" && outcome.success._tag === "Patched") {
      assert.strictEqual(outcome.success.object.metadata.resourceVersion, "8")
    }
  })
)

it.live("a conflict and a vanished object are outcomes; a refusal is a failure", () =>
  Effect.gen(function* () {
    const tag = (answer: Answer) =>
      Effect.map(patch(answer), ({ outcome }) =>
        outcome._tag === "Success" ? outcome.success._tag : `! ${outcome.failure.reason._tag}`
      )
    assert.strictEqual(yield* tag(status(409, "Conflict", "the object has been modified")), "Conflict")
    assert.strictEqual(yield* tag(status(404, "NotFound", "not found")), "NotFound")
    assert.strictEqual(yield* tag(status(422, "Invalid", "status.node: wrong")), "! Invalid")
  })
)
