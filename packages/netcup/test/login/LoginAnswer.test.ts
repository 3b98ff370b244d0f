import { assert, describe, it } from "@effect/vitest"
import * as LoginAnswer from "@netcup-failover/netcup/login/LoginAnswer"
import * as UserId from "@netcup-failover/netcup/login/UserId"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { jwt } from "./FakeLogin.ts"

const readings: ReadonlyArray<(text: string) => Option.Option<unknown>> = [
  LoginAnswer.token,
  LoginAnswer.device,
  LoginAnswer.error,
  LoginAnswer.user
]
const idOf = (claims: unknown): Option.Option<unknown> => UserId.ofToken(Redacted.make(jwt(claims)))

/** Objects with the right keys and any values: the near misses that random texts never are. */
const anything = Schema.optionalKey(Schema.Unknown)
const NearMiss = Schema.Struct({
  access_token: anything,
  refresh_token: anything,
  expires_in: anything,
  device_code: anything,
  user_code: anything,
  verification_uri: anything,
  interval: anything,
  error: anything,
  error_description: anything,
  id: anything
})

describe("LoginAnswer", () => {
  it.prop("no text is a defect", [Schema.String], ([text]) => {
    for (const read of readings) assert.isTrue(Option.isOption(read(text)))
  })

  it.prop("nor is any JSON", [Schema.Json], ([value]) => {
    for (const read of readings) assert.isTrue(Option.isOption(read(JSON.stringify(value))))
  })

  it.prop("nor is an object with the right keys and any values", [NearMiss], ([value]) => {
    for (const read of readings) assert.isTrue(Option.isOption(read(JSON.stringify(value) ?? "")))
  })

  it.prop(
    "an answer that is cut short is none",
    [Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10_000 }))],
    ([cut]) => {
      const text = JSON.stringify({ access_token: jwt({ id: "1" }), refresh_token: "r", expires_in: 300 })
      assert.isTrue(Option.isNone(LoginAnswer.token(text.slice(0, cut % text.length))))
    }
  )

  it("a token answer may lack the refresh token in any way", () => {
    for (const more of [{}, { refresh_token: null }, { refresh_token: "" }]) {
      const answer = LoginAnswer.token(JSON.stringify({ access_token: "abc", expires_in: 300, ...more }))
      assert.deepStrictEqual<unknown>(
        Option.map(answer, ({ refreshToken }) => refreshToken),
        Option.some(undefined)
      )
    }
  })

  for (const [name, value] of [
    ["no access token", { expires_in: 300 }],
    ["an empty access token", { access_token: "", expires_in: 300 }],
    ["an access token that is a number", { access_token: 7, expires_in: 300 }],
    ["an access token with a line end", { access_token: "a\r\nb", expires_in: 300 }],
    ["an access token beyond ASCII", { access_token: "ä", expires_in: 300 }],
    ["a refresh token that is a number", { access_token: "a", refresh_token: 7, expires_in: 300 }],
    ["no life", { access_token: "a" }],
    ["a life that is a text", { access_token: "a", expires_in: "300" }],
    ["a life before its birth", { access_token: "a", expires_in: -1 }]
  ] as const) {
    it(`${name}: no answer`, () => {
      assert.isTrue(Option.isNone(LoginAnswer.token(JSON.stringify(value))))
    })
  }

  it("nesting without end is no answer", () => {
    const deep = '{"access_token":'.repeat(20_000)
    for (const read of readings) assert.isTrue(Option.isNone(read(deep)))
    for (const read of readings) assert.isTrue(Option.isNone(read("[".repeat(100_000) + "]".repeat(100_000))))
  })
})

describe("UserId", () => {
  it("is the claim id, as text or number, and no other claim", () => {
    assert.deepStrictEqual<unknown>(idOf({ id: "555001", sub: "1", preferred_username: "100000" }), Option.some(555001))
    assert.deepStrictEqual<unknown>(idOf({ id: 555001 }), Option.some(555001))
    assert.deepStrictEqual<unknown>(idOf({ sub: "555001", preferred_username: "100000" }), Option.none())
  })

  for (const id of ["", "0", 0, -1, "-1", "1.5", 1.5, " 1", "1e3", "0x10", "٣", "9".repeat(20), null, true, {}, []]) {
    it(`${JSON.stringify(id)} is none`, () => {
      assert.deepStrictEqual<unknown>(idOf({ id }), Option.none())
    })
  }

  it.prop("no token is a defect", [Schema.String], ([text]) => {
    for (const token of [text, `.${text}.`, `a.${Base64Url.encode(text)}.b`]) {
      assert.isTrue(Option.isOption(UserId.ofToken(Redacted.make(token))))
    }
  })

  it.prop("nor are any claims", [Schema.Json], ([claims]) => {
    assert.isTrue(Option.isOption(idOf(claims)))
  })
})
