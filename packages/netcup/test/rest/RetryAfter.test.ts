import { assert, describe, it } from "@effect/vitest"
import * as RetryAfter from "@netcup-failover/netcup/rest/RetryAfter"
import * as Schema from "effect/Schema"

const now = Date.parse("2026-11-22T12:00:00Z")

describe("RetryAfter", () => {
  for (const [header, after] of [
    ["0", 0],
    ["120", 120_000],
    [" 3600 ", 3_600_000],
    ["Sun, 22 Nov 2026 12:05:00 GMT", 300_000],
    // It has passed: now will do.
    ["Sun, 22 Nov 2026 11:00:00 GMT", 0]
  ] as const) {
    it(`"${header}" is ${after} ms from now`, () => {
      assert.strictEqual(RetryAfter.parse(header, now), now + after)
    })
  }

  for (const header of [
    undefined,
    "",
    "  ",
    "-5",
    "1.5",
    "1e3",
    "soon",
    "3601",
    "86400",
    "Sun, 22 Nov 2026 13:00:01 GMT",
    "999999999999999999999",
    "Mon, 22 Nov 2099 12:05:00 GMT",
    "2026-11-22",
    "120, 130"
  ]) {
    it(`${JSON.stringify(header)} says nothing`, () => {
      assert.isUndefined(RetryAfter.parse(header, now))
    })
  }

  it.prop("never more than an hour, never the past", [Schema.String, Schema.Int], ([text, number]) => {
    for (const header of [text, String(number), new Date(now + (number % 1e12)).toUTCString()]) {
      const at = RetryAfter.parse(header, now)
      assert.isTrue(at === undefined || (at >= now && at <= now + 3_600_000))
    }
  })
})
