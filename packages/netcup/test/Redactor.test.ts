import { assert, describe, it } from "@effect/vitest"
import * as Redactor from "@netcup-failover/netcup/Redactor"
import * as Schema from "effect/Schema"

describe("Redactor", () => {
  const password = "a<b>&\"c'd $&/ä"
  const redact = Redactor.make(["12345", password])

  for (const [name, spelling] of [
    ["as it is", password],
    ["escaped for XML", "a&lt;b&gt;&amp;\"c'd $&amp;/ä"],
    ["escaped for XML with quotes", "a&lt;b&gt;&amp;&quot;c'd $&amp;/ä"],
    ["escaped for XML attributes", "a&lt;b&gt;&amp;&quot;c&apos;d $&amp;/ä"],
    ["with numeric references", "a&lt;b&gt;&amp;&#34;c&#39;d $&amp;/ä"],
    ["in JSON", "a<b>&\\\"c'd $&/ä"],
    ["in a URL", encodeURIComponent(password)]
  ] as const) {
    it(`takes out a secret ${name}`, () => {
      assert.strictEqual(redact(`x ${spelling} y ${spelling}`), "x <redacted> y <redacted>")
    })
  }

  it("takes out every secret and leaves the rest", () => {
    assert.strictEqual(redact(`for User: 12345 with ${password}.`), "for User: <redacted> with <redacted>.")
    assert.strictEqual(redact("Invalid credentials."), "Invalid credentials.")
  })

  it("takes out the longer of two secrets that begin alike", () => {
    assert.strictEqual(Redactor.make(["ab", "abcd"])("abcd ab"), "<redacted> <redacted>")
  })

  it("takes out a secret that lost the white space around it", () => {
    assert.strictEqual(Redactor.make(["pass\n"])("your pass is wrong"), "your <redacted> is wrong")
  })

  it("reads no pattern into a secret", () => {
    assert.strictEqual(Redactor.make([".*", "(a|b)+"])("abc .* (a|b)+"), "abc <redacted> <redacted>")
  })

  it("leaves a text alone when there is nothing to hide", () => {
    assert.strictEqual(Redactor.make(["", " "])("text"), "text")
    assert.strictEqual(Redactor.make([])("text"), "text")
  })

  it.prop("no secret is left in any text", [Schema.NonEmptyString, Schema.String, Schema.String], ([secret, a, b]) => {
    const left = Redactor.make([secret])(`${a}${secret}${b}`).replaceAll("<redacted>", "\u0000")
    assert.isTrue(secret.includes("\u0000") || !left.includes(secret))
  })
})
