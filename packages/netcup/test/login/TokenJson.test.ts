import { assert, describe, it } from "@effect/vitest"
import * as TokenJson from "@netcup-failover/netcup/login/TokenJson"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { jwt } from "./FakeLogin.ts"

const read = (text: string) => TokenJson.toCredentials(Redacted.make(text))
const tokenIn = (text: string) => Result.map(read(text), ({ refreshToken }) => Redacted.value(refreshToken))
const offline = jwt({ typ: "Offline", jti: "1" })

describe("TokenJson", () => {
  for (const [name, text] of [
    [
      "a token endpoint's answer",
      JSON.stringify({ access_token: jwt({ typ: "Bearer" }), refresh_token: offline, expires_in: 300 })
    ],
    ["the same over several lines, with a line end", `${JSON.stringify({ refresh_token: offline }, null, 2)}\r\n`],
    ["the same behind a byte order mark", `\uFEFF${JSON.stringify({ refresh_token: offline })}`],
    ["a value with blanks around it", JSON.stringify({ refresh_token: ` ${offline}\n` })],
    ["a refresh token alone", offline],
    ["the same with blanks and line ends around it", `  ${offline}\n`],
    ["the same in quotes", JSON.stringify(offline)]
  ] as const) {
    it(`${name} is understood`, () => {
      assert.deepStrictEqual(tokenIn(text), Result.succeed(offline))
    })
  }

  it("a refresh token need not be a JSON Web Token", () => {
    assert.deepStrictEqual(tokenIn("0pa-que.x"), Result.succeed("0pa-que.x"))
  })

  for (const [name, text, sentence] of [
    ["nothing", " \n", "is empty"],
    [
      "an answer without a refresh token",
      '{"access_token":"s3cret"}',
      "lacks the key refresh_token: log in with the scope offline_access"
    ],
    [
      "a null for it",
      '{"refresh_token":null,"x":"s3cret"}',
      "lacks the key refresh_token: log in with the scope offline_access"
    ],
    ["a number for it", '{"refresh_token":12345}', "has a refresh_token that is no text"],
    ["an empty one", '{"refresh_token":" "}', "has an empty refresh_token"],
    [
      "half an answer",
      '{"refresh_token":"s3cret',
      "begins like JSON, but is none: use the whole answer of the login, from { to }"
    ],
    ["a list", '["s3cret"]', "is JSON, but no object: use the whole answer of the login, from { to }"],
    ["a token with a blank in it", "s3cret s3cret", "is no token: it holds blanks, line ends or letters that none has"],
    [
      "a token that a terminal has wrapped",
      "s3cr\net",
      "is no token: it holds blanks, line ends or letters that none has"
    ],
    ["a token in typographic quotes", "“s3cret”", "is no token: it holds blanks, line ends or letters that none has"],
    [
      "an access token",
      jwt({ typ: "Bearer", x: "s3cret" }),
      "is an access token, which lives for minutes: use the value of refresh_token instead"
    ],
    [
      "an access token in its place",
      JSON.stringify({ refresh_token: jwt({ typ: "Bearer" }) }),
      "has a refresh_token that is an access token, which lives for minutes: use the value of refresh_token instead"
    ],
    [
      "an ID token",
      jwt({ typ: "ID" }),
      "is an ID token, which only says who logged in: use the value of refresh_token instead"
    ]
  ] as const) {
    it(`${name} fails with a sentence that holds no value`, () => {
      assert.deepStrictEqual(tokenIn(text), Result.fail(sentence))
    })
  }

  it.prop("no text is a defect, and no failure holds it", [Schema.String.check(Schema.isMinLength(6))], ([text]) => {
    for (const pasted of [
      text,
      `{${text}`,
      JSON.stringify({ refresh_token: text }),
      JSON.stringify({ refresh: text })
    ]) {
      const result = read(pasted)
      if (Result.isFailure(result) && text.trim().length >= 6) assert.notInclude(result.failure, text.trim())
    }
  })

  it.prop("any JSON is credentials or a sentence", [Schema.Json], ([value]) => {
    assert.isTrue(Result.isResult(read(JSON.stringify(value))))
  })
})
