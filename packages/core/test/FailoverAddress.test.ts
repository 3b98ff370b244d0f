import { assert, describe, it } from "@effect/vitest"
import { type FailoverAddress, parse } from "@netcup-failover/core/FailoverAddress"
import * as Arbitrary from "effect/Arbitrary"
import * as Equal from "effect/Equal"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { oneOf } from "./Worlds.ts"

/** Text, canonical text, host, prefix. */
const good: ReadonlyArray<readonly [string, string, string, string]> = [
  ["198.51.100.1/32", "198.51.100.1/32", "198.51.100.1", "198.51.100.1/32"],
  ["2001:db8::/64", "2001:db8::/64", "2001:db8::", "2001:db8::/64"],
  ["2001:db8::2/64", "2001:db8::2/64", "2001:db8::2", "2001:db8::/64"],
  ["2001:DB8::A/64", "2001:db8::a/64", "2001:db8::a", "2001:db8::/64"],
  ["2001:0db8:0000:0000:0000:0000:0000:0002/64", "2001:db8::2/64", "2001:db8::2", "2001:db8::/64"],
  ["2001:db8:0:0:1:0:0:1/64", "2001:db8::1:0:0:1/64", "2001:db8::1:0:0:1", "2001:db8::/64"],
  ["2001:db8:ffff:ffff::1/48", "2001:db8:ffff:ffff::1/48", "2001:db8:ffff:ffff::1", "2001:db8:ffff::/48"],
  ["2001:db8:0:ff::1/60", "2001:db8:0:ff::1/60", "2001:db8:0:ff::1", "2001:db8:0:f0::/60"],
  ["2001:db8::1/128", "2001:db8::1/128", "2001:db8::1", "2001:db8::1/128"]
]

/** Text, and what the sentence about it has to contain. */
const bad: ReadonlyArray<readonly [string, string]> = [
  ["198.51.100.1", 'write "198.51.100.1/32"'],
  ["2001:db8::2", 'write "2001:db8::2/64"'],
  ["198.51.100.1/24", 'write "198.51.100.1/32"'],
  ["198.51.100.1/31", 'write "198.51.100.1/32"'],
  ["198.51.100.1/0", 'write "198.51.100.1/32"'],
  ["198.51.100.1/33", "write"],
  ["198.51.100.1/", "write"],
  ["198.51.100.1/-1", "write"],
  ["198.51.100.1/032", "write"],
  ["198.51.100.1/32/32", "write"],
  ["198.51.100.1/255.255.255.255", "write"],
  ["198.51.100.256/32", "write"],
  ["198.51.100.01/32", "write"],
  ["198.51.100/32", "write"],
  [" 198.51.100.1/32", "write"],
  ["198.51.100.1/32 ", "write"],
  ["198.51.100.1 /32", "write"],
  ["2001:db8::/129", "write"],
  ["2001:db8::/0", "write"],
  ["2001:db8::/64x", "write"],
  ["2001:db8::1::/64", "write"],
  ["2001:db8:0:0:0:0:0:0:1/64", "write"],
  ["2001:db8::g/64", "write"],
  ["fe80::1%eth0/64", "write"],
  ["[2001:db8::]/64", "write"],
  ["::ffff:198.51.100.1/128", 'write "198.51.100.1/32"'],
  ["::FFFF:c633:6401/96", 'write "198.51.100.1/32"'],
  ["::ffff:198.51.100.1", 'write "198.51.100.1/32"'],
  ["/32", "write"],
  ["/", "write"],
  ["example.org/32", "write"]
]

/** What a sentence tells to write. */
const advice = (sentence: string): string | undefined =>
  /write (?:.*for example )?"(?<text>[^"]*)"$/u.exec(sentence)?.groups?.text

const value = (text: string): FailoverAddress => Result.getOrThrow(parse(text))

const byte = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 })))
const ipv4 = Arbitrary.map(Arbitrary.all([byte, byte, byte, byte]), (bytes) => `${bytes.join(".")}/32`)
const hextet = oneOf("0", "0", "0", "1", "db8", "DB8", "00ff", "2001", "ffff", "FFFF")
/** Not what makes an IPv4 address of it. */
const sixth = oneOf("0", "0", "1", "db8", "DB8", "00ff", "2001")
const ipv6 = Arbitrary.map(
  Arbitrary.all({
    groups: Arbitrary.all([hextet, hextet, hextet, hextet, hextet, sixth, hextet, hextet]),
    length: Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 128 })))
  }),
  ({ groups, length }) => `${groups.join(":")}/${length}`
)

/** The first bits of an address in full form, as many as the prefix has. */
const network = (text: string): string => {
  const [groups = "", length] = text.split("/")
  const bits = groups.split(":").map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0"))
  return `${bits.join("").slice(0, Number(length))}/${length}`
}

describe("a failover address", () => {
  for (const [text, canonical, host, prefix] of good) {
    it(`${text} is read as ${canonical}`, () => {
      const address = value(text)
      assert.strictEqual(String(address), canonical)
      assert.strictEqual(address.host, host)
      assert.strictEqual(address.prefix, prefix)
      assert.strictEqual(address.family, text.includes(":") ? "IPv6" : "IPv4")
      assert.strictEqual(`${address.host}/${address.prefixLength}`, canonical)
    })
  }

  for (const [text, hint] of bad) {
    it(`"${text}" is refused with a sentence that says what to write`, () => {
      const sentence = Result.getOrThrow(Result.flip(parse(text)))
      assert.include(sentence, `"${text}"`)
      assert.include(sentence, hint)
      assert.strictEqual(parse(advice(sentence) ?? "")._tag, "Success", sentence)
    })
  }

  for (const text of [
    "",
    "primary",
    "198.51.100",
    "198.51.100.1-32",
    "198.51.100.1:80",
    " 198.51.100.1",
    "2001:db8::g"
  ]) {
    it(`"${text}", without a length and no address either, is refused with advice that would be accepted`, () => {
      const sentence = Result.getOrThrow(Result.flip(parse(text)))
      assert.strictEqual(parse(advice(sentence) ?? "")._tag, "Success", sentence)
    })
  }

  it("of IPv6 is refused with an example of IPv6", () => {
    const sentence = Result.getOrThrow(Result.flip(parse("2001:db8::/129")))
    assert.include(advice(sentence), ":")
  })

  it.prop("in canonical text parses back to itself", [Arbitrary.all({ ipv4, ipv6 })], ([texts]) => {
    for (const text of [texts.ipv4, texts.ipv6]) {
      const address = value(text)
      assert.isTrue(Equal.equals(value(String(address)), address))
      assert.strictEqual(String(value(String(address))), String(address))
      assert.strictEqual(String(value(address.prefix)), address.prefix)
      assert.strictEqual(value(address.prefix).prefix, address.prefix)
    }
  })

  it.prop(
    "is the same prefix as another exactly if their first bits are the same",
    [ipv6, ipv6, oneOf(true, false)],
    ([a, b, same]) => {
      // The same length and the same first half, for prefixes that are equal often enough.
      const other = same
        ? `${a.split(":").slice(0, 4).join(":")}:${b.split(":").slice(4).join(":").replace(/\/.*/u, "")}/${a.split("/")[1]}`
        : b
      assert.strictEqual(value(a).prefix === value(other).prefix, network(a) === network(other))
    }
  )

  it.prop("is read or refused, but nothing throws", [Schema.String], ([text]) => {
    assert.include(["Success", "Failure"], parse(text)._tag)
    assert.include(["Success", "Failure"], parse(`${text}/64`)._tag)
  })
})
