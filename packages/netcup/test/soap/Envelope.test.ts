import { assert, describe, it } from "@effect/vitest"
import * as Envelope from "@netcup-failover/netcup/soap/Envelope"
import * as Effect from "effect/Effect"
import * as Xml from "effect/encoding/Xml"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { answer, envelope, fault } from "./Endpoint.ts"

/** Reads with a parser that shares nothing with ours. */
const events = (xml: string) => Stream.make(xml).pipe(Stream.pipeThroughChannel(Xml.decodeString()), Stream.runCollect)

/** The leaf elements of a document with their text, in order. */
const leaves = Effect.fnUntraced(function* (xml: string) {
  const found: Array<readonly [string, string]> = []
  let text = ""
  let depth = 0
  for (const event of yield* events(xml)) {
    if (event._tag === "StartElement") {
      depth++
      text = ""
    } else if (event._tag === "Text") text += event.text
    else if (event._tag === "EndElement") {
      if (depth === 4) found.push([event.name, text])
      depth--
    }
  }
  return found
})

describe("Envelope.build", () => {
  it("puts only the wrapper element into netcup's namespace and keeps the order of parameters", () => {
    assert.deepStrictEqual(
      Envelope.build("getVServerIPs", [
        ["loginName", "12345"],
        ["password", "a<b>&\"c'ä"],
        ["vserverName", "v1"]
      ]),
      Result.succeed(
        '<?xml version="1.0" encoding="UTF-8"?>' +
          '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ws="http://enduser.service.web.vcp.netcup.de/">' +
          "<soapenv:Body><ws:getVServerIPs><loginName>12345</loginName><password>a&lt;b&gt;&amp;&quot;c'ä</password>" +
          "<vserverName>v1</vserverName></ws:getVServerIPs></soapenv:Body></soapenv:Envelope>"
      )
    )
  })

  it.effect.prop(
    "any text arrives at another parser as it was, or is refused",
    [Schema.String, Schema.String],
    ([a, b]) =>
      Effect.gen(function* () {
        const built = Envelope.build("op", [
          ["b", b],
          ["a", a]
        ])
        if (Result.isFailure(built)) {
          assert.isFalse(/^[\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u.test(`${a}\n${b}`))
        } else {
          assert.deepStrictEqual(yield* leaves(built.success), [
            ["b", b],
            ["a", a]
          ])
        }
      })
  )

  for (const text of [
    "]]>",
    "<![CDATA[x]]>",
    "&amp;",
    "a\r\nb\rc",
    " spaces ",
    "ÄÖÜß",
    "😀",
    "<!-- -->",
    "<?pi?>",
    "\t",
    ""
  ]) {
    it.effect(`${JSON.stringify(text)} arrives as it was`, () =>
      Effect.gen(function* () {
        const xml = yield* Effect.fromResult(Envelope.build("op", [["a", text]]))
        assert.deepStrictEqual(yield* leaves(xml), [["a", text]])
      })
    )
  }

  it("refuses a character that XML can't carry and names the element, not the text", () => {
    const built = Envelope.build("op", [
      ["loginName", "ok"],
      ["password", "secret\u0007"]
    ])
    assert.isTrue(Result.isFailure(built))
    if (Result.isSuccess(built)) return
    assert.deepStrictEqual(
      [built.failure._tag, built.failure.element, built.failure.codePoint],
      ["UnsendableText", "password", "U+0007"]
    )
    assert.notInclude(JSON.stringify(built), "secret")
  })
})

const parsed = (xml: string) => Envelope.parse("op", xml)

const malformed = (xml: string) => {
  const result = parsed(xml)
  assert.isTrue(Result.isFailure(result) && result.failure._tag === "MalformedEnvelope", JSON.stringify(result))
}

describe("Envelope.parse", () => {
  for (const [name, xml] of [
    ["prefixes S and ns2", answer("op", "<return>x</return>")],
    [
      "prefix soapenv",
      '<soapenv:Envelope xmlns:soapenv="e"><soapenv:Body><a:opResponse xmlns:a="n"><return>x</return></a:opResponse></soapenv:Body></soapenv:Envelope>'
    ],
    [
      "default namespaces",
      '<Envelope xmlns="e"><Body><opResponse xmlns="n"><return xmlns="">x</return></opResponse></Body></Envelope>'
    ],
    [
      "a qualified return",
      '<e:Envelope xmlns:e="e"><e:Body><n:opResponse xmlns:n="n"><n:return>x</n:return></n:opResponse></e:Body></e:Envelope>'
    ],
    [
      "an empty header",
      '<S:Envelope xmlns:S="e"><S:Header/><S:Body><opResponse><return>x</return></opResponse></S:Body></S:Envelope>'
    ],
    [
      "a header with content",
      '<S:Envelope xmlns:S="e"><S:Header><opResponse><return>no</return></opResponse></S:Header><S:Body><opResponse><return>x</return></opResponse></S:Body></S:Envelope>'
    ],
    [
      "layout, comments and instructions",
      '<?xml version="1.0"?>\n<!-- c -->\n<S:Envelope xmlns:S="e">\n <S:Body>\n  <?pi x?><opResponse>\n   <return>x</return>\n  </opResponse>\n </S:Body>\n</S:Envelope>\n'
    ],
    ["a byte order mark", `\ufeff${answer("op", "<return>x</return>")}`],
    ["attributes", answer("op", '<return xmlns:xs="x" xsi:type="xs:string" a="&lt;">x</return>')]
  ] as const) {
    it(`reads an answer with ${name}`, () => {
      assert.deepStrictEqual(parsed(xml), Result.succeed(["x"]))
    })
  }

  it("reads no, one and many returns", () => {
    assert.deepStrictEqual(parsed(answer("op", "")), Result.succeed([]))
    assert.deepStrictEqual(parsed(envelope("<opResponse/>")), Result.succeed([]))
    assert.deepStrictEqual(parsed(answer("op", "<return>a</return><return>b</return>")), Result.succeed(["a", "b"]))
  })

  it("takes a nil return for none and an empty one for text", () => {
    assert.deepStrictEqual(
      parsed(answer("op", '<return xmlns:xsi="x" xsi:nil="true"/><return/><return xsi:nil="false">a</return>')),
      Result.succeed(["", "a"])
    )
  })

  it("takes a namespace that is called nil for no nil", () => {
    assert.deepStrictEqual(parsed(answer("op", '<return xmlns:nil="1">a</return>')), Result.succeed(["a"]))
  })

  it("reads children by local name, leaves out empty and nil ones, and lists repeated ones", () => {
    assert.deepStrictEqual(
      parsed(
        answer("op", '<return>\n<a>1</a> <n:b>x</n:b><b>y</b><c/><d> </d><e i:nil="true">z</e><f><g>2</g></f></return>')
      ),
      Result.succeed([{ a: "1", b: ["x", "y"], f: { g: "2" } }])
    )
  })

  it("coerces nothing and keeps white space within text", () => {
    assert.deepStrictEqual(
      parsed(answer("op", "<return>007</return><return>1e3</return><return>true</return><return> a  b\n</return>")),
      Result.succeed(["007", "1e3", "true", " a  b\n"])
    )
  })

  it("joins text, references, CDATA and what a comment divides", () => {
    assert.deepStrictEqual(
      parsed(answer("op", "<return>a&amp;b<![CDATA[<c>&amp;]]>&#228;<!-- - -->d&#x1F600;</return>")),
      Result.succeed(["a&b<c>&amp;äd\u{1F600}"])
    )
  })

  it.prop("what is written into a return is what is read", [Schema.String], ([text]) => {
    const built = Envelope.build("op", [["return", text]])
    if (Result.isFailure(built)) return
    assert.deepStrictEqual(
      parsed(built.success.replaceAll("ws:op>", "ws:opResponse>")),
      // Not a line end as it was: `\r` is sent as a reference, which stays.
      Result.succeed([text])
    )
  })

  it("gives a fault as its code and text", () => {
    assert.deepStrictEqual(
      parsed(fault("Could not find &quot;a&quot; &amp; b")),
      Result.fail(new Envelope.SoapFault({ code: "S:Server", text: 'Could not find "a" & b' }))
    )
  })

  it("gives a fault without a text, with a detail, in a default namespace", () => {
    assert.deepStrictEqual(
      parsed(
        '<Envelope xmlns="e"><Body><Fault><detail><faultstring>no</faultstring></detail></Fault></Body></Envelope>'
      ),
      Result.fail(new Envelope.SoapFault({ code: "", text: "" }))
    )
  })

  const good = answer("op", "<return>x</return>")

  it("refuses an answer that is cut anywhere", () => {
    for (let length = 0; length < good.length; length++) malformed(good.slice(0, length))
  })

  for (const [name, xml] of [
    ["nothing", ""],
    ["white space", " \n"],
    ["text", "Service Unavailable"],
    ["JSON", '{"Envelope":{"Body":{}}}'],
    ["an HTML page", "<html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"],
    ["an HTML page with a DOCTYPE", "<!DOCTYPE html><html><body>x</body></html>"],
    ["XML that is no envelope", "<opResponse><return>x</return></opResponse>"],
    ["an envelope without a body", '<S:Envelope xmlns:S="e"><S:Header/></S:Envelope>'],
    ["an empty body", envelope("")],
    ["another operation's answer", answer("getVServers", "<return>x</return>")],
    ["the request itself", envelope("<op/>")],
    ["two roots", `${good}<a/>`],
    ["text behind the root", `${good}tail`],
    ["crossed elements", envelope("<opResponse><return>x</opResponse></return>")],
    ["an undeclared entity", answer("op", "<return>&nbsp;</return>")],
    ["a bare ampersand", answer("op", "<return>a & b</return>")],
    ["a reference to a character that is none", answer("op", "<return>&#0;</return>")],
    [
      "an internal entity",
      `<!DOCTYPE a [<!ENTITY x "y">]>${envelope("<opResponse><return>&x;</return></opResponse>")}`
    ],
    [
      "an external entity",
      `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${envelope("<opResponse><return>&x;</return></opResponse>")}`
    ],
    ["a DOCTYPE within the body", envelope("<!DOCTYPE a><opResponse/>")],
    ["deep nesting", answer("op", `<return>${"<a>".repeat(200)}${"</a>".repeat(200)}</return>`)],
    ["more than a mebibyte", answer("op", `<return>${"x".repeat(1_048_576)}</return>`)]
  ] as const) {
    it(`refuses ${name}`, () => malformed(xml))
  }

  it("refuses a billion laughs at once", () => {
    const entities = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join("")
    malformed(
      `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "lol">${entities}]>${answer("op", "<return>&l9;</return>")}`
    )
  })
})
