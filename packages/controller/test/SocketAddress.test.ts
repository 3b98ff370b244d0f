import { assert, describe, it } from "@effect/vitest"
import { SocketAddress } from "@netcup-failover/controller/SocketAddress"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { between, oneOf } from "./Choice.ts"

const decode = Schema.decodeUnknownResult(SocketAddress)

const good: ReadonlyArray<readonly [string, string | undefined, number]> = [
  [":8081", undefined, 8081],
  ["0.0.0.0:8081", "0.0.0.0", 8081],
  ["127.0.0.1:0", "127.0.0.1", 0],
  ["localhost:65535", "localhost", 65_535],
  ["[::1]:8081", "::1", 8081],
  ["[::]:1", "::", 1],
  ["[FE80::A]:80", "FE80::A", 80],
  ["[::ffff:127.0.0.1]:80", "::ffff:127.0.0.1", 80]
]

const bad = [
  "",
  ":",
  "8081",
  "localhost",
  "localhost:",
  ":65536",
  ":99999",
  ":100000",
  ":-1",
  ":+1",
  ":80x",
  ":8 0",
  ": 80",
  "::1:80",
  "[::1]",
  "[::1]80",
  "[]:80",
  "[localhost]:80",
  "a:b:80",
  "[::1:80",
  "::1]:80",
  "http://x:80",
  ":80\n"
]

describe("a socket address", () => {
  for (const [text, host, port] of good) {
    it(`${text} is port ${port} of ${host ?? "every address"}`, () => {
      assert.deepStrictEqual(Result.getOrThrow(decode(text)), { host, port })
    })
  }

  for (const text of bad) {
    it(`${JSON.stringify(text)} is refused, and shown with what is expected`, () => {
      const result = decode(text)
      assert.isTrue(Result.isFailure(result))
      if (Result.isFailure(result)) {
        assert.include(result.failure.message, `got "${text}"`)
        assert.include(result.failure.message, "host:port")
      }
    })
  }

  it.prop(
    "what is written is read as the same",
    {
      host: oneOf(undefined, "127.0.0.1", "::", "::1", "2001:db8::a", "localhost", "a.example"),
      port: between(0, 65_535)
    },
    (address) => {
      const text = Schema.encodeSync(SocketAddress)(address)
      assert.deepStrictEqual(Result.getOrThrow(decode(text)), address)
    }
  )
})
