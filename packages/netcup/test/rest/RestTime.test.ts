import { assert, describe, it } from "@effect/vitest"
import { RestTime } from "@netcup-failover/netcup/rest/RestTime"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const decode = Schema.decodeUnknownResult(RestTime)

describe("RestTime", () => {
  for (const [text, millis] of [
    ["2026-08-27T17:21:36Z", Date.UTC(2026, 7, 27, 17, 21, 36)],
    ["2026-08-27T17:21:36.1Z", Date.UTC(2026, 7, 27, 17, 21, 36, 100)],
    ["2026-08-27T17:21:36.093742Z", Date.UTC(2026, 7, 27, 17, 21, 36, 93)],
    ["2026-08-27T17:21:36.093742859Z", Date.UTC(2026, 7, 27, 17, 21, 36, 93)],
    ["2026-08-27T19:21:36.999999999+02:00", Date.UTC(2026, 7, 27, 17, 21, 36, 999)],
    ["1969-12-31T23:59:59Z", -1000]
  ] as const) {
    it(`${text} is ${millis}`, () => {
      assert.deepStrictEqual(decode(text), Result.succeed(millis))
    })
  }

  for (const text of [
    "2026-08-27T17:21:36",
    "2026-08-27",
    "2026-13-27T17:21:36Z",
    "2026-08-27T25:21:36Z",
    "yesterday",
    "",
    "1787851296",
    1787851296,
    {},
    []
  ]) {
    it(`${JSON.stringify(text)} is no time`, () => {
      assert.isTrue(Result.isFailure(decode(text)))
    })
  }
})
