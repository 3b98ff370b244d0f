import { assert, describe, it } from "@effect/vitest"
import { Period } from "@netcup-failover/controller/Period"
import * as Arbitrary from "effect/Arbitrary"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { between, oneOf } from "./Choice.ts"

const decode = Schema.decodeUnknownResult(Period)
const millis = (text: unknown): number | undefined =>
  Result.getOrUndefined(Result.map(decode(text), (period) => Duration.toMillis(period)))

const good: ReadonlyArray<readonly [string, number]> = [
  ["15s", 15_000],
  ["500ms", 500],
  ["1m", 60_000],
  ["2h", 7_200_000],
  ["1m30s", 90_000],
  ["1h1m1s1ms", 3_661_001],
  ["1.5s", 1_500],
  ["0.25h", 900_000],
  ["0s1ms", 1],
  ["090s", 90_000]
]

const bad = [
  "",
  "15",
  "s",
  "15 s",
  " 15s",
  "15s ",
  "-1s",
  "+1s",
  "1e3s",
  "1d",
  "15S",
  "1s,2s",
  "1.s",
  ".5s",
  "1..5s",
  "∞s",
  "١s",
  "1s\n",
  "0",
  "0s",
  "0h0m0s",
  "0.0ms"
]

const part = Arbitrary.all({ amount: between(0, 5_000), unit: oneOf("ms", "s", "m", "h") })
const parts = Arbitrary.array(part, { minLength: 1, maxLength: 6 })
const ofUnit: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

describe("a period", () => {
  for (const [text, expected] of good) {
    it(`${text} is ${expected} ms`, () => {
      assert.strictEqual(millis(text), expected)
    })
  }

  for (const text of bad) {
    it(`${JSON.stringify(text)} is refused, and shown with an example`, () => {
      const result = decode(text)
      assert.isTrue(Result.isFailure(result))
      if (Result.isFailure(result)) {
        assert.include(result.failure.message, `got "${text}"`)
        assert.include(result.failure.message, "15s")
      }
    })
  }

  for (const value of [15, null, undefined, {}, ["15s"]]) {
    it(`${JSON.stringify(value)} is refused, since it is no text`, () => {
      assert.isTrue(Result.isFailure(decode(value)))
    })
  }

  it.prop("its parts add up, in any order", [parts], ([list]) => {
    const sum = list.reduce((all, { amount, unit }) => all + amount * (ofUnit[unit] ?? Number.NaN), 0)
    const text = list.map(({ amount, unit }) => `${amount}${unit}`)
    // Nothing, and more than a timer can wait for, is refused.
    const expected = sum > 0 && sum < 2 ** 31 ? sum : undefined
    assert.strictEqual(millis(text.join("")), expected)
    assert.strictEqual(millis(text.toReversed().join("")), expected)
  })

  it.prop("what is written is read as the same", [between(1, 2_000_000_000)], ([amount]) => {
    const period = Duration.millis(amount)
    const text = Schema.encodeSync(Period)(period)
    assert.strictEqual(millis(text), amount)
  })
})
