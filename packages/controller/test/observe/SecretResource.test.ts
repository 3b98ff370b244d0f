import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { type SecretResource, secrets, toCredentials } from "@netcup-failover/controller/observe/SecretResource"
import type { Credentials } from "@netcup-failover/netcup/Credentials"
import * as Equal from "effect/Equal"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

type Data = Readonly<Record<string, string>>

const metadata = { name: "netcup-credentials", namespace: "netcup-system", uid: "u", resourceVersion: "1" }
const decode = Schema.decodeUnknownResult(secrets.schema)
const secret = (data?: Data): SecretResource =>
  Result.getOrThrow(decode({ apiVersion: "v1", kind: "Secret", type: "Opaque", metadata, ...(data && { data }) }))

const base64 = (content: string | ReadonlyArray<number>): string => Buffer.from(content).toString("base64")
const login = "4711-login"
const password = "pa55word-geheim"

const credentials = (data?: Data) => toCredentials(secret(data))
const nothing = "lacks credentials: add the key refreshToken (REST), or loginName and password (SOAP)"
const secretOf = (found: Credentials) => Redacted.value(found._tag === "Soap" ? found.password : found.refreshToken)
const failureOf = (data?: Data): string => Result.getOrElse(Result.flip(credentials(data)), () => "no failure")

/** What one key of a Secret may be; `text` as it is understood, absent when it cannot be used. */
const values = (
  text: string
): ReadonlyArray<{ readonly what: string; readonly raw?: string; readonly text?: string }> => [
  { what: "good", raw: base64(text), text },
  { what: "with a line end", raw: base64(`${text}\n`), text },
  { what: "with a line end of DOS", raw: base64(`${text}\r\n`), text },
  { what: "with blanks around it", raw: base64(` ${text} `), text: ` ${text} ` },
  { what: "with two line ends", raw: base64(`${text}\n\n`), text: `${text}\n` },
  { what: "with umlauts", raw: base64(`${text}-äöüß€😀`), text: `${text}-äöüß€😀` },
  { what: "missing" },
  { what: "empty", raw: "" },
  { what: "a line end alone", raw: base64("\n") },
  { what: "not base64", raw: `${text}!` },
  { what: "base64 that is cut off", raw: base64(`${text}##`).slice(0, -3) },
  { what: "not UTF-8", raw: base64([...Buffer.from(text), 0xe4, 0xf6]) }
]

describe("the credentials in a Secret", () => {
  for (const name of values(login)) {
    for (const word of values(password)) {
      const data = {
        ...(name.raw === undefined ? {} : { loginName: name.raw }),
        ...(word.raw === undefined ? {} : { password: word.raw })
      }
      const lacking = [
        ...(name.text === undefined ? ["loginName"] : []),
        ...(word.text === undefined ? ["password"] : [])
      ]
      const outcome = lacking.length === 0 ? "are used" : `lack ${lacking.join(" and ")}`
      it(`with loginName ${name.what} and password ${word.what} ${outcome}`, () => {
        const result = credentials(data)
        if (lacking.length === 0) {
          const found = Result.getOrThrow(result)
          assert.isTrue(found._tag === "Soap" && found.loginName === name.text)
          assert.strictEqual(secretOf(found), word.text)
        } else {
          const message = failureOf(data)
          const half = `lacks ${lacking.join()}: add the key under stringData`
          assert.strictEqual(message, lacking.length === 1 ? half : nothing)
          for (const value of [login, password, name.raw, word.raw]) if (value) assert.notInclude(message, value)
        }
      })
    }
  }

  it("are lacking where the Secret has no data at all", () => {
    assert.strictEqual(failureOf(), nothing)
    assert.strictEqual(failureOf({}), nothing)
    assert.strictEqual(failureOf({ user: base64(login) }), nothing)
  })

  it("that are half there lack the other half", () => {
    assert.strictEqual(failureOf({ loginName: base64(login) }), "lacks password: add the key under stringData")
    assert.strictEqual(failureOf({ password: base64(password) }), "lacks loginName: add the key under stringData")
  })

  it("are equal when they say the same, and differ when the password does", () => {
    const make = (word: string) => Result.getOrThrow(credentials({ loginName: base64(login), password: base64(word) }))
    assert.isTrue(Equal.equals(make(password), make(`${password}\n`)))
    assert.isFalse(Equal.equals(make(password), make("another")))
  })
})

describe("the login for REST in a Secret", () => {
  const token = "eyJ-refresh-geheim"
  const answer = JSON.stringify({
    access_token: "access-geheim",
    expires_in: 300,
    refresh_expires_in: 0,
    refresh_token: token,
    token_type: "Bearer",
    scope: "profile offline_access email"
  })
  const restOf = (data: Data) => {
    const found = Result.getOrThrow(credentials(data))
    return found._tag === "Rest" ? Redacted.value(found.refreshToken) : found._tag
  }

  for (const [what, data] of [
    ["the key refreshToken", { refreshToken: base64(token) }],
    ["the key refreshToken with a line end", { refreshToken: base64(`${token}\n`) }],
    ["the key token, the JSON of a token endpoint", { token: base64(answer) }],
    ["the key token, with blanks and line ends", { token: base64(`  ${answer}\r\n\n`) }],
    ["the key token, with the token alone", { token: base64(token) }],
    ["the key refreshToken, with the JSON", { refreshToken: base64(answer) }],
    ["token before refreshToken", { token: base64(answer), refreshToken: base64("another") }],
    ["REST's key before SOAP's", { refreshToken: base64(token), loginName: base64(login), password: base64(password) }],
    ["REST's key, with half of SOAP's", { token: base64(answer), loginName: base64(login) }]
  ] as const) {
    it(`is ${what}`, () => {
      assert.strictEqual(restOf(data), token)
    })
  }

  const secret = "geheim"
  const accessToken = `eyJhbGciOiJSUzI1NiJ9.${Buffer.from('{"typ":"Bearer"}').toString("base64url")}.${secret}`
  for (const [what, content, problem] of [
    ["empty", "", /^is empty$/u],
    ["a line end alone", "\n", /^is empty$/u],
    ["JSON that is cut off", `{"refresh_token": "${secret}`, /^begins like JSON, but is none/u],
    ["JSON without a refresh token", `{"access_token":"${secret}"}`, /^lacks the key refresh_token/u],
    ["a refresh token of null", `{"refresh_token":null,"x":"${secret}"}`, /^lacks the key refresh_token/u],
    [
      "a refresh token that is a number",
      `{"refresh_token":7,"x":"${secret}"}`,
      /^has a refresh_token that is no text/u
    ],
    ["a refresh token that is empty", `{"refresh_token":" ","x":"${secret}"}`, /^has an empty refresh_token/u],
    ["a list", `["${secret}"]`, /^is JSON, but no object/u],
    ["a text with blanks", `Bearer ${secret}`, /^is no token/u],
    ["a text of several lines", `${secret}\n${secret}`, /^is no token/u],
    ["umlauts", `${secret}-äöü`, /^is no token/u],
    ["an access token", accessToken, /^is an access token/u],
    ["a prototype", `{"__proto__":{"refresh_token":"${secret}"}}`, /^lacks the key refresh_token/u],
    ["a control sequence", `${secret}\u001b[2J`, /^is no token/u]
  ] as const) {
    for (const key of ["token", "refreshToken"]) {
      it(`in the key ${key} that is ${what} names the key and shows no value`, () => {
        // SOAP's keys do not step in: the operator meant REST.
        const message = failureOf({ [key]: base64(content), loginName: base64(login), password: base64(password) })
        const start = `has a key ${key} that `
        assert.isTrue(message.startsWith(start), message)
        assert.match(message.slice(start.length), problem)
        for (const value of [secret, base64(content), login, password]) if (value) assert.notInclude(message, value)
      })
    }
  }

  for (const raw of ["%%%", "ge heim", base64([0xff, 0xfe, 0xe4]), ""]) {
    it(`that is not base64 of a text (${JSON.stringify(raw)}) is empty`, () => {
      assert.strictEqual(failureOf({ token: raw }), "has a key token that is empty")
    })
  }

  it("is equal when it says the same, and differs when the token does", () => {
    const make = (data: Data) => Result.getOrThrow(credentials(data))
    assert.isTrue(Equal.equals(make({ token: base64(answer) }), make({ refreshToken: base64(`${token}\n`) })))
    assert.isFalse(Equal.equals(make({ refreshToken: base64(token) }), make({ refreshToken: base64("another") })))
  })

  it("shows no token once it is read", () => {
    const found = Result.getOrThrow(credentials({ token: base64(answer) }))
    for (const text of [String(found), JSON.stringify(found), inspect(found, { depth: 9, showHidden: true })]) {
      assert.notInclude(text, token)
      assert.notInclude(text, base64(token))
    }
  })
})

describe("a Secret", () => {
  const data = {
    loginName: base64(login),
    password: base64(password),
    token: base64("tok-geheim"),
    refreshToken: base64("ref-geheim")
  }
  const hidden = [login, password, "tok-geheim", "ref-geheim"].flatMap((text) => [text, base64(text)])
  const shown = (value: unknown) => [
    String(value),
    JSON.stringify(value),
    inspect(value, { depth: 9, showHidden: true })
  ]

  it("shows no value as text, as JSON or in a log", () => {
    for (const text of shown(secret(data))) for (const value of hidden) assert.notInclude(text, value)
  })

  it("shows no password once it is read", () => {
    const { loginName, password: word } = data
    for (const text of shown(Result.getOrThrow(credentials({ loginName, password: word })))) {
      for (const value of [password, base64(password)]) assert.notInclude(text, value)
    }
  })

  for (const value of [17, null, { nested: base64(password) }, [base64(password)]]) {
    it(`with a value of ${Array.isArray(value) ? "array" : typeof value} is refused without showing it`, () => {
      const result = decode({ metadata, data: { ...data, password: value } })
      assert.isTrue(Result.isFailure(result))
      if (Result.isFailure(result)) {
        for (const text of shown(result.failure)) for (const one of hidden) assert.notInclude(text, one)
        for (const one of hidden) assert.notInclude(result.failure.message, one)
      }
    })
  }

  it("keeps nothing but the keys that credentials are read from", () => {
    assert.sameMembers(Object.keys(secret({ ...data, other: base64("x") }).data ?? {}), Object.keys(data))
  })
})
