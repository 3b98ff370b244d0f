import { assert, describe, it } from "@effect/vitest"
import * as Status from "@netcup-failover/kubernetes/Status"
import * as Duration from "effect/Duration"

const body = (code: number, reason: string) => ({ kind: "Status", code, reason, message: "it says\n  so" })

describe("an HTTP status becomes a reason", () => {
  for (const [code, reason, tag] of [
    [400, "BadRequest", "Refused"],
    [401, "Unauthorized", "Unauthorized"],
    [403, "Forbidden", "Forbidden"],
    [404, "NotFound", "NotFound"],
    [409, "Conflict", "Conflict"],
    [409, "AlreadyExists", "AlreadyExists"],
    [410, "Expired", "Gone"],
    [415, "UnsupportedMediaType", "Refused"],
    [422, "Invalid", "Invalid"],
    [429, "TooManyRequests", "TooManyRequests"],
    [500, "InternalError", "ServerError"],
    [504, "Timeout", "ServerError"]
  ] as const) {
    it(`${code} ${reason} is ${tag}, with the server's words on one line`, () => {
      const answered = Status.toReason(code, body(code, reason))
      assert.strictEqual(answered._tag, tag)
      assert.include(answered.message, "it says so")
      // An ERROR event of a watch has no HTTP status of its own.
      assert.strictEqual(Status.toReason(0, body(code, reason))._tag, tag)
    })
  }
})

it("what a proxy on the way wrote is shown, shortened", () => {
  const answered = Status.toReason(502, `<html>\n${"bad gateway ".repeat(200)}`)
  assert.strictEqual(answered._tag, "ServerError")
  assert.match(answered.message, /^<html> bad gateway .*…$/)
  assert.isAtMost(answered.message.length, 1000)
})

it("an answer without a word still says something", () => {
  assert.strictEqual(Status.toReason(503, "").message, "the server answered 503")
})

it("a Retry-After is kept", () => {
  const answered = Status.toReason(429, body(429, "TooManyRequests"), Duration.seconds(3))
  assert.strictEqual(answered._tag === "TooManyRequests" && Duration.toSeconds(answered.retryAfter ?? 0), 3)
})
