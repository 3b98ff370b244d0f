import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { type SecretResource, secrets, toCredentials } from "@netcup-failover/controller/observe/SecretResource"
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
          assert.strictEqual(found.loginName, name.text)
          assert.strictEqual(Redacted.value(found.password), word.text)
        } else {
          const message = failureOf(data)
          const keys = lacking.length === 1 ? "the key" : "both keys"
          assert.strictEqual(message, `lacks ${lacking.join(" and ")}: add ${keys} under stringData`)
          for (const value of [login, password, name.raw, word.raw]) if (value) assert.notInclude(message, value)
        }
      })
    }
  }

  it("are lacking where the Secret has no data at all", () => {
    assert.strictEqual(failureOf(), "lacks loginName and password: add both keys under stringData")
    assert.strictEqual(failureOf({}), "lacks loginName and password: add both keys under stringData")
    assert.strictEqual(
      failureOf({ user: base64(login) }),
      "lacks loginName and password: add both keys under stringData"
    )
  })

  for (const keys of [["token"], ["refreshToken"], ["token", "refreshToken"]]) {
    it(`that are only ${keys.join(" and ")} are for another API, which is said without showing them`, () => {
      const message = failureOf(Object.fromEntries(keys.map((key) => [key, base64("top-secret-token")])))
      assert.match(message, /^has only keys for netcup's REST API, .*: add loginName and password$/u)
      assert.notInclude(message, "top-secret-token")
      assert.notInclude(message, base64("top-secret-token"))
    })
  }

  it("of both kinds are those of SOAP, which is all that is spoken yet", () => {
    const both = { loginName: base64(login), password: base64(password), token: base64("t") }
    assert.strictEqual(Result.getOrThrow(credentials(both)).loginName, login)
  })

  it("that are half there lack the other half, whatever else is there", () => {
    assert.include(failureOf({ loginName: base64(login), token: base64("t") }), "lacks password")
    assert.include(failureOf({ password: base64(password), refreshToken: base64("t") }), "lacks loginName")
  })

  it("are equal when they say the same, and differ when the password does", () => {
    const make = (word: string) => Result.getOrThrow(credentials({ loginName: base64(login), password: base64(word) }))
    assert.isTrue(Equal.equals(make(password), make(`${password}\n`)))
    assert.isFalse(Equal.equals(make(password), make("another")))
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
    for (const text of shown(Result.getOrThrow(credentials(data)))) {
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
