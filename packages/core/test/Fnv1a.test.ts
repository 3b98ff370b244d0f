import { assert, describe, it } from "@effect/vitest"
import { hash32 } from "@netcup-failover/core/Fnv1a"
import * as Schema from "effect/Schema"

/**
 * A text, how often it is repeated, and its hash. Printed by a Go program:
 * `h := fnv.New32a(); h.Write([]byte(strings.Repeat(text, n))); h.Sum32()` (hash/fnv of Go 1.26).
 */
const vectors: ReadonlyArray<readonly [text: string, repeat: number, hash: number]> = [
  ["", 1, 0x811c9dc5],
  ["a", 1, 0xe40c292c],
  ["b", 1, 0xe70c2de5],
  ["ab", 1, 0x4d2505ca],
  ["ba", 1, 0x3c2ba6cc],
  ["foobar", 1, 0xbf9cf968],
  ["primary", 1, 0x5a2e5fd9],
  ["secondary", 1, 0x4b7c8bd1],
  ["group-a", 1, 0x3dc7b156],
  ["group-b", 1, 0x3cc7afc3],
  ["k8s-control-plane-1", 1, 0x925f81ae],
  ["web.example.org", 1, 0xea6f6ed9],
  [" ", 1, 0x250c8f7f],
  ["\n", 1, 0x0f0c6cdd],
  ["\u0000", 1, 0x050c5d1f],
  ["\u0000\u0000", 1, 0x117697cd],
  ["~", 1, 0xfb0c4d61],
  ["\u007f", 1, 0xfa0c4bce],
  ["\u0080", 1, 0x5ba0875f],
  ["ß", 1, 0x309e0517],
  ["äöüÄÖÜ", 1, 0xfc3d96b9],
  ["gr\u00fc\u00dfe", 1, 0x0a0eb658],
  ["gru\u0308\u00dfe", 1, 0xbb533c14],
  ["€", 1, 0x298f832b],
  ["日本語", 1, 0x805f5ce7],
  ["\ufeff", 1, 0x814fca00],
  ["\uffff", 1, 0x01479924],
  ["😀", 1, 0x33a29608],
  ["👩\u200d👩\u200d👧", 1, 0x9df63ee4],
  ["e\u0301", 1, 0xfa9bc71f],
  ["𝔘𝔫𝔦", 1, 0x31e34c49],
  ["a", 253, 0xdf1f7590],
  ["x", 1000, 0x07d18165],
  ["ü", 5000, 0x68675005],
  ["😀", 4096, 0x2f9a1dc5],
  ["0123456789abcdef", 65536, 0xcdb49dc5]
]

describe("hash32", () => {
  for (const [text, repeat, hash] of vectors) {
    it(`hashes ${JSON.stringify(text)}${repeat > 1 ? ` times ${repeat}` : ""} as Go does`, () => {
      assert.strictEqual(hash32(text.repeat(repeat)), hash)
    })
  }

  it.prop("gives an unsigned 32-bit integer, the same each time", [Schema.String], ([text]) => {
    const hash = hash32(text)
    assert.isTrue(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32)
    assert.strictEqual(hash32(text), hash)
  })

  it.prop("takes in one byte more by one step of the published formula", [Schema.String], ([text]) => {
    const step = (hash: bigint, byte: bigint) => ((hash ^ byte) * 16777619n) % 4294967296n
    assert.strictEqual(BigInt(hash32(`${text}x`)), step(BigInt(hash32(text)), 0x78n))
  })
})
