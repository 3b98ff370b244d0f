import { assert, it } from "@effect/vitest"
import * as Lines from "@netcup-failover/kubernetes/Lines"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const split = (chunks: ReadonlyArray<string>, longest = 1000) =>
  Stream.fromIterable(chunks).pipe(Lines.split(longest), Stream.runCollect)

it.effect.prop(
  "lines are the same however the text was cut into chunks",
  [Schema.Array(Schema.String), Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 7 })))],
  ([texts, sizes]) =>
    Effect.gen(function* () {
      const lines = texts.map((text) => text.replaceAll("\n", "")).filter((text) => text.trim() !== "")
      const text = lines.map((line) => `${line}\n`).join("")
      const chunks: Array<string> = []
      for (let at = 0, turn = 0; at < text.length; turn++) {
        const size = sizes[turn % Math.max(1, sizes.length)] ?? 3
        chunks.push(text.slice(at, at + size))
        at += size
      }
      assert.deepStrictEqual(yield* split(chunks), lines)
    })
)

it.effect("what follows the last newline is not a line", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* split(["one\ntw", "o\nthr"]), ["one", "two"])
  })
)

it.effect("a line without an end is refused instead of kept", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(split(["x".repeat(60), "x".repeat(60)], 100))
    assert.strictEqual(error._tag, "MalformedAnswer")
  })
)
