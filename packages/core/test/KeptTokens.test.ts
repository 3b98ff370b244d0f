import { assert, describe, it } from "@effect/vitest"
import * as KeptTokens from "@netcup-failover/core/KeptTokens"
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"

/** What clusters have already: another form would lose logins, or show the controller other keys than the tool. */
describe("kept tokens", () => {
  it("are in the Secret that the controller may write, by its name", () => {
    assert.strictEqual(KeptTokens.secretName, "netcup-failover-tokens")
    assert.deepStrictEqual(KeptTokens.labels, { "app.kubernetes.io/managed-by": "netcup-failover-controller" })
  })

  it.effect("have the SHA-256 of the token that the user gave for a key", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* KeptTokens.keyOf(Redacted.make("abc")),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
      )
    }).pipe(Effect.provide(Digest.layerWebCrypto))
  )

  it("are written as JSON, and read with what another version adds", () => {
    const kept = { refreshToken: "r", keptAt: 1_700_000_000_000 }
    assert.strictEqual(KeptTokens.encode(kept), '{"refreshToken":"r","keptAt":1700000000000}')
    const read = KeptTokens.decode('{"refreshToken":"r","keptAt":1700000000000,"more":1}')
    assert.deepStrictEqual(Result.getOrUndefined(read), kept)
    for (const text of ["", "{}", "r", '{"refreshToken":"","keptAt":1}', '{"refreshToken":"r","keptAt":"1"}']) {
      assert.isTrue(Result.isFailure(KeptTokens.decode(text)), text)
    }
  })
})
