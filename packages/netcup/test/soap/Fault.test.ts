import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@netcup-failover/netcup/soap/Fault"
import * as Schema from "effect/Schema"

const say = (text: string) => text.trim()

describe("Fault.classify", () => {
  for (const [text, tag] of [
    ["Invalid credentials.", "InvalidCredentials"],
    ["invalid credentials", "InvalidCredentials"],
    ["  INVALID\n  Credentials .. ", "InvalidCredentials"],
    ["Could not find failover IP: 198.51.100.4 for User: 12345", "AddressNotFound"],
    ["could not find failover ip: 2001:db8::2 for user: 1.", "AddressNotFound"],
    ["Server not found for name 'doesnotexist'", "ServerNotFound"],
    ["server  not found for name 'v1'.", "ServerNotFound"],
    ["Routing a failover IP is only permitted once every 5 minutes.", "RateLimited"],
    ["routing a failover IP is only permitted once every 10 minutes", "RateLimited"],
    ["action not allowed", "Refused"],
    ["Action not allowed.", "Refused"],
    ["java.lang.NullPointerException", "Refused"],
    ["Server not founded", "Refused"],
    ["The text 'Invalid credentials.' within another", "Refused"],
    ["", "Refused"],
    [" . ", "Refused"]
  ] as const) {
    it(`${JSON.stringify(text)} is ${tag}`, () => {
      assert.strictEqual(Fault.classify(text, say)._tag, tag)
    })
  }

  it("keeps netcup's words", () => {
    const text = " Could not find failover IP: 198.51.100.4 for User: 12345 "
    assert.strictEqual(Fault.classify(text, say).message, text.trim())
    assert.strictEqual(Fault.classify("Disk   full.", say).message, "Disk   full.")
  })

  it("says so when there are no words", () => {
    assert.strictEqual(Fault.classify(" ", say).message, "netcup refused and gave no reason")
  })

  it("does not know when a limit ends", () => {
    const reason = Fault.classify("Routing a failover IP is only permitted once every 5 minutes.", say)
    assert.isTrue(reason._tag === "RateLimited" && reason.retryAt === undefined)
  })

  it("finds the meaning in netcup's words, whatever is taken out of them", () => {
    const reason = Fault.classify("Server not found for name 'v1'", (text) => text.replaceAll("Server", "<redacted>"))
    assert.deepStrictEqual([reason._tag, reason.message], ["ServerNotFound", "<redacted> not found for name 'v1'"])
  })

  it.prop("any other text is a refusal in its words", [Schema.String], ([text]) => {
    const reason = Fault.classify(`E: ${text}`, (words) => words)
    assert.deepStrictEqual([reason._tag, reason.message], ["Refused", `E: ${text}`])
  })
})
