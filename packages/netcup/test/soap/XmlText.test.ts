import { assert, describe, it } from "@effect/vitest"
import * as XmlText from "@netcup-failover/netcup/soap/XmlText"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

describe("XmlText", () => {
  it.prop("a text that can be escaped comes back from its references", [Schema.String], ([text]) => {
    const escaped = XmlText.escape(text)
    if (Result.isFailure(escaped)) return
    assert.notMatch(escaped.success, /[<>"\r]/)
    assert.deepStrictEqual(XmlText.unescape(escaped.success), Result.succeed(text))
  })

  for (const [text, codePoint] of [
    ["a\u0000b", "U+0000"],
    ["\u0007", "U+0007"],
    ["\u001b[0m", "U+001B"],
    ["x\ud800", "U+D800"],
    ["\udc00x", "U+DC00"],
    ["\udc00\ud800", "U+DC00"],
    ["\ufffe", "U+FFFE"],
    ["\uffff", "U+FFFF"]
  ] as const) {
    it(`refuses ${codePoint} in ${JSON.stringify(text)}`, () => {
      assert.deepStrictEqual(XmlText.escape(text), Result.fail(codePoint))
    })
  }

  it("keeps tabs, line feeds, umlauts and pairs of surrogates as they are", () => {
    assert.deepStrictEqual(XmlText.escape("\t\näß€\u{1F600}\u{10FFFF}"), Result.succeed("\t\näß€\u{1F600}\u{10FFFF}"))
  })

  it("resolves the named and the numeric references, once", () => {
    assert.deepStrictEqual(
      XmlText.unescape("&lt;&gt;&amp;&quot;&apos;&#228;&#xE4;&#x1F600;&amp;lt;&#13;"),
      Result.succeed("<>&\"'ää\u{1F600}&lt;\r")
    )
  })

  for (const reference of [
    "&nbsp;",
    "&lol9;",
    "&#0;",
    "&#xD800;",
    "&#x110000;",
    "&#99999999999;",
    "&",
    "&;",
    "& amp;",
    "&__proto__;",
    "&toString;"
  ]) {
    it(`does not resolve ${reference}`, () => {
      assert.isTrue(Result.isFailure(XmlText.unescape(`a ${reference} b`)))
    })
  }
})
