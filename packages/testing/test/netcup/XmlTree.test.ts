import { assert, it } from "@effect/vitest"
import * as XmlTree from "@netcup-failover/testing/netcup/XmlTree"
import * as Effect from "effect/Effect"

const leaf = (namespace: string, name: string, text = "") => ({ namespace, name, text, children: [] })

it.effect("a default namespace takes the children with it until one takes it back", () =>
  Effect.gen(function* () {
    const tree = yield* XmlTree.parse('<a xmlns="urn:x"><b/><c xmlns=""><d/></c><p:e xmlns:p="urn:y"/></a>')
    assert.deepStrictEqual(tree, {
      ...leaf("urn:x", "a"),
      children: [leaf("urn:x", "b"), { ...leaf("", "c"), children: [leaf("", "d")] }, leaf("urn:y", "e")]
    })
  })
)

it.effect("a prefix on the parent does not take the children with it, and an inner binding hides an outer one", () =>
  Effect.gen(function* () {
    const tree = yield* XmlTree.parse('<p:a xmlns:p="urn:x"><b/><p:c xmlns:p="urn:y"/><p:d/></p:a>')
    assert.deepStrictEqual(tree.children, [leaf("", "b"), leaf("urn:y", "c"), leaf("urn:x", "d")])
  })
)

it.effect("text comes with its references and CDATA resolved", () =>
  Effect.gen(function* () {
    const tree = yield* XmlTree.parse("<a>J&#xfc;rgen &lt;&amp;&quot;<![CDATA[<&]]></a>")
    assert.strictEqual(tree.text, 'Jürgen <&"<&')
  })
)

for (const [fault, text] of [
  ["an unbound prefix", "<p:a/>"],
  ["an unbound prefix of an attribute", '<a p:b="1"/>'],
  ["a prefix that its sibling bound", '<a><b xmlns:p="urn:x"/><p:c/></a>'],
  ["a prefix bound to nothing", '<p:a xmlns:p=""/>'],
  ["a name with two colons", '<p:a:b xmlns:p="urn:x"/>'],
  ["a document type", '<!DOCTYPE a [<!ENTITY e "x">]><a/>'],
  ["an undeclared entity", "<a>&uuml;</a>"],
  ["tags that do not match", "<a><b></a></b>"],
  ["a missing end", "<a><b>"],
  ["two roots", "<a/><b/>"],
  ["nothing", ""],
  ["no XML", "hello"]
] as const) {
  it.effect(`${fault} is unreadable`, () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(XmlTree.parse(text))
      assert.strictEqual(error._tag, "XmlUnreadable")
    })
  )
}
