import { assert, describe, it } from "@effect/vitest"
import * as Logout from "@netcup-failover/netcup/login/Logout"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { client, credentials, oauthError, type Reply } from "./FakeLogin.ts"
import * as FakeStore from "./FakeStore.ts"

const scene = (reply: Reply = { status: 200, body: "" }) => {
  const { asked, layer } = client(() => reply)
  const store = FakeStore.make()
  return {
    store: store.state,
    revoked: () => asked.map(({ form, path }) => [path, form.get("token")]),
    revoke: Logout.revoke(credentials).pipe(Effect.provide(Layer.merge(layer, store.layer)))
  }
}

describe("Logout", () => {
  it.effect("revokes the token of a login", () =>
    Effect.gen(function* () {
      const { revoke, revoked } = scene()
      yield* revoke
      assert.deepStrictEqual(revoked(), [["revoke", "r0"]])
    })
  )

  it.effect("revokes what it was rotated to first", () =>
    Effect.gen(function* () {
      const { revoke, revoked, store } = scene()
      store.kept.set("r0", "r7")
      yield* revoke
      assert.deepStrictEqual(revoked(), [
        ["revoke", "r7"],
        ["revoke", "r0"]
      ])
    })
  )

  it.effect("revokes nothing, and says so, when it cannot know the newest token", () =>
    Effect.gen(function* () {
      const { revoke, revoked, store } = scene()
      store.reading = FakeStore.broken
      assert.include((yield* Effect.flip(revoke)).message, "the token store cannot be read")
      assert.deepStrictEqual(revoked(), [])
    })
  )

  it.effect("fails when netcup refuses", () =>
    Effect.gen(function* () {
      const { revoke } = scene(oauthError("unsupported_token_type"))
      assert.strictEqual((yield* Effect.flip(revoke)).reason._tag, "Refused")
    })
  )
})
