import { assert, describe, it } from "@effect/vitest"
import * as Xsd from "@netcup-failover/netcup/soap/XsdType"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** The value that a text stands for, or `refused`. */
const reader =
  <S extends Schema.ConstraintDecoder<unknown>>(schema: S) =>
  (text: string): unknown =>
    Result.getOrElse(Schema.decodeUnknownResult(schema)(text), () => "refused")

describe("xs:boolean", () => {
  const read = reader(Xsd.Boolean)
  for (const [text, value] of [
    ["true", true],
    ["1", true],
    ["false", false],
    ["0", false],
    ["\n true\t", true],
    ["TRUE", "refused"],
    ["yes", "refused"],
    ["", "refused"],
    ["01", "refused"],
    ["-0", "refused"]
  ] as const) {
    it(`${JSON.stringify(text)} is ${value}`, () => assert.strictEqual(read(text), value))
  }
})

describe("xs:int and xs:long", () => {
  for (const [text, int, long] of [
    ["0", 0, 0],
    ["-0", 0, 0],
    ["+7", 7, 7],
    ["007", 7, 7],
    [" 42\n", 42, 42],
    ["2147483647", 2_147_483_647, 2_147_483_647],
    ["-2147483648", -2_147_483_648, -2_147_483_648],
    ["2147483648", "refused", 2_147_483_648],
    ["-2147483649", "refused", -2_147_483_649],
    ["9007199254740991", "refused", 9_007_199_254_740_991],
    ["-9007199254740991", "refused", -9_007_199_254_740_991],
    ["9007199254740992", "refused", "refused"],
    ["9007199254740993", "refused", "refused"],
    ["9223372036854775807", "refused", "refused"],
    ["9".repeat(100_000), "refused", "refused"],
    ["", "refused", "refused"],
    ["1.0", "refused", "refused"],
    ["1e3", "refused", "refused"],
    ["0x10", "refused", "refused"],
    ["1 2", "refused", "refused"],
    ["--1", "refused", "refused"],
    ["٣", "refused", "refused"],
    ["NaN", "refused", "refused"],
    ["Infinity", "refused", "refused"]
  ] as const) {
    it(`${JSON.stringify(text.slice(0, 30))} is int ${int} and long ${long}`, () =>
      // Strictly: a negative zero is none.
      assert.isTrue(Object.is(reader(Xsd.Int)(text), int) && Object.is(reader(Xsd.Long)(text), long)))
  }

  it.prop("what is written is what is read", [Xsd.Int, Xsd.Long], ([int, long]) => {
    assert.strictEqual(reader(Xsd.Int)(Schema.encodeSync(Xsd.Int)(int)), int)
    assert.strictEqual(reader(Xsd.Long)(Schema.encodeSync(Xsd.Long)(long)), long)
  })

  it("nothing is written that does not fit", () => {
    for (const value of [2_147_483_648, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.isTrue(Result.isFailure(Schema.encodeResult(Xsd.Int)(value)), String(value))
    }
  })
})

describe("xs:dateTime", () => {
  const read = reader(Xsd.DateTime)
  const noon = Date.UTC(2026, 10, 22, 12)
  for (const [text, value] of [
    ["2026-11-22T12:00:00Z", noon],
    ["2026-11-22T12:00:00", noon],
    [" 2026-11-22T12:00:00Z ", noon],
    ["2026-11-22T13:00:00+01:00", noon],
    ["2026-11-22T02:30:00-09:30", noon],
    ["2026-11-22T12:00:00+00:00", noon],
    ["2026-11-22T12:00:00-00:00", noon],
    ["2026-11-23T02:00:00+14:00", noon],
    ["2026-11-22T12:00:00.1Z", noon + 100],
    ["2026-11-22T12:00:00.123456789+00:00", noon + 123],
    ["2026-11-21T24:00:00Z", noon - 12 * 3_600_000],
    ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
    ["0050-01-01T00:00:00Z", Date.parse("0050-01-01T00:00:00Z")],
    ["9999-12-31T23:59:59.999Z", Date.parse("9999-12-31T23:59:59.999Z")],
    ["2026-02-29T00:00:00Z", "refused"],
    ["2026-02-30T00:00:00Z", "refused"],
    ["2026-13-01T00:00:00Z", "refused"],
    ["2026-00-10T00:00:00Z", "refused"],
    ["2026-11-22T25:00:00Z", "refused"],
    ["2026-11-22T12:60:00Z", "refused"],
    ["2026-11-22T24:00:01Z", "refused"],
    ["2026-11-22T12:00:00+14:01", "refused"],
    ["2026-11-22T12:00:00+01:60", "refused"],
    ["2026-11-22T12:00:00+0100", "refused"],
    ["2026-11-22T12:00Z", "refused"],
    ["2026-11-22 12:00:00Z", "refused"],
    ["2026-11-22", "refused"],
    ["22.11.2026 12:00", "refused"],
    ["20260-11-22T12:00:00Z", "refused"],
    ["-0044-03-15T12:00:00Z", "refused"],
    ["2026-11-22T12:00:00.Z", "refused"],
    ["", "refused"]
  ] as const) {
    it(`${text} is ${value}`, () => assert.strictEqual(read(text), value))
  }

  it.prop(
    "what is written is what is read",
    [Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4e12 }))],
    ([at]) => {
      assert.strictEqual(read(Schema.encodeSync(Xsd.DateTime)(at)), at)
    }
  )
})

describe("a secret", () => {
  it("shows itself to nobody", () => {
    const secret = Schema.decodeUnknownSync(Xsd.SecretToken)(" t0ken\n")
    assert.notInclude(`${String(secret)} ${JSON.stringify({ secret })}`, "t0ken")
    assert.strictEqual(Redacted.value(secret), "t0ken")
  })
})
