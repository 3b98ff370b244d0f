import { assert, describe, it } from "@effect/vitest"
import * as ServerClock from "@netcup-failover/kubernetes/ServerClock"

const written = (...times: ReadonlyArray<string>) => ({
  metadata: { managedFields: times.map((time) => ({ manager: "somebody", time })) }
})
const at = Date.parse("2026-11-23T04:00:00.400Z")
const second = "2026-11-23T04:00:00Z"

describe("the API server's clock", () => {
  it("is ours as long as it may be: it tells whole seconds, and a write takes its time", () => {
    assert.strictEqual(ServerClock.ahead(written(second), at, at + 20), 0)
    for (const off of [-2_000, 2_000]) assert.strictEqual(ServerClock.ahead(written(second), at + off, at + off), 0)
    // Somewhere between sending and answer.
    assert.strictEqual(ServerClock.ahead(written(second), at - 60_000, at + 60_000), 0)
  })

  it("is ahead of ours or behind by what the newest of the times says", () => {
    assert.strictEqual(ServerClock.ahead(written("2026-11-23T05:00:00Z", second), at, at), 3_600_100)
    assert.strictEqual(ServerClock.ahead(written("2026-11-23T03:00:00Z"), at, at + 200), -3_600_000)
  })

  it("is ours where nobody tells", () => {
    for (const object of [{}, { metadata: {} }, written(), written("yesterday"), undefined]) {
      assert.strictEqual(ServerClock.ahead(object, at, at), 0)
    }
    assert.strictEqual(ServerClock.ahead({ metadata: { managedFields: [{ manager: "no time" }] } }, at, at), 0)
  })
})
