import { assert, describe, it } from "@effect/vitest"
import * as Words from "@netcup-failover/netcup/login/Words"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { jwt } from "./FakeLogin.ts"

describe("Words", () => {
  it("hides JSON Web Tokens that nobody told of, whole or cut", () => {
    const token = jwt({ id: "1", more: "x".repeat(300) })
    const { say } = Words.make([])
    for (const text of [token, token.slice(0, 100), `Bearer ${token}, then`, `{"t":"${token}"}`]) {
      assert.notInclude(say(text), token.slice(10, 40))
    }
  })

  it("remembers its own secrets, and the latest of the others", () => {
    const { learn, say } = Words.make([Redacted.make("secret-own")])
    for (let nth = 0; nth < 50; nth++) learn(Redacted.make(`secret-${nth};`))
    assert.strictEqual(say("secret-own secret-49; secret-35;"), "<redacted> <redacted> <redacted>")
  })

  it("leaves hosts and ids", () => {
    const text =
      "connect ECONNREFUSED keycloak.some-namespace.svc.cluster.local:443 (e57fbd5e-6b3e-4d6c-a55a-a0eb62bfb6ad)"
    assert.strictEqual(Words.make([Redacted.make("secret")]).say(text), text)
  })

  it.prop(
    "no secret is left, and no text is long or of several lines",
    [Schema.NonEmptyString, Schema.String, Schema.String],
    ([secret, a, b]) => {
      const said = Words.make([Redacted.make(secret)]).say(`${a}${secret}${b}`)
      assert.isAtMost(said.length, 501)
      assert.notMatch(said, /[\p{Cc}]/u)
      if (!"<redacted>".includes(secret) && !`${a}${b}`.includes(secret) && secret.trim().length > 3)
        assert.notInclude(said, secret)
    }
  )
})
