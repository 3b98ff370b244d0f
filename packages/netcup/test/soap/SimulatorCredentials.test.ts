/**
 * Login and password arrive at the simulated webservice as they were given, to the last character.
 */
import { assert, describe, it } from "@effect/vitest"
import { SoapCredentials } from "@netcup-failover/netcup/Credentials"
import * as FailoverRoutingSoap from "@netcup-failover/netcup/soap/FailoverRoutingSoap"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import * as SoapSimulator from "@netcup-failover/testing/netcup/SoapSimulator"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { http } from "./Endpoint.ts"
import { hostileTexts } from "./HostileTexts.ts"

const server = { name: "v1", interfaces: [{ mac: "aa:bb:cc:dd:ee:01", ipv4: ["198.51.100.1"] }] }

/** Asks as that account, which the simulator holds: what it was told, and whether it opened. */
const ask = (loginName: string, password: string, given = password) =>
  Effect.gen(function* () {
    const world = yield* NetcupWorld.make([{ loginName, password, servers: [server] }])
    const { journal, url } = yield* SoapSimulator.make({ world })
    const credentials = new SoapCredentials({ loginName, password: Redacted.make(given) })
    const routing = yield* FailoverRoutingSoap.make(credentials, { url, tries: 1 })
    const asked = yield* Effect.result(routing.servers)
    const calls = (yield* journal.calls).map((call) => ({ login: call.loginName, open: call.authenticated }))
    return { calls, answer: asked._tag === "Success" ? asked.success : asked.failure.reason._tag }
  }).pipe(Effect.scoped, Effect.provide(http))

/** What XML gives a meaning to, what gets lost on the way, what takes more than a byte, and plain characters. */
const pieces: ReadonlyArray<string> = [
  ...["<", ">", "&", '"', "'", ";", "#", "]]>", "<![CDATA[", "&amp;", "&#38;", "<!--", "</password>"],
  ...[" ", "\t", "\n", "\r", "\r\n", "\u00a0", "\u0085", "\u2028", "\ufeff"],
  ...["ä", "ß", "€", "\u0308", "\u{10000}", "😀", "\u200d", "\u{10ffff}", "\ufffd", "\u007f"],
  ...["a", "Z", "0", "$&", "%", "\\"]
]
const text = Arbitrary.map(
  Arbitrary.array(Arbitrary.schema(Schema.Literals(pieces)), { minLength: 1, maxLength: 12 }),
  (parts) => parts.join("")
)

describe("credentials at the simulated webservice", () => {
  for (const [name, hostile] of hostileTexts) {
    it.live(`arrive intact: ${name}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual<unknown>(yield* ask(hostile, `${hostile}!`), {
          calls: [{ login: hostile, open: true }],
          answer: ["v1"]
        })
        // The password as the last thing before its end tag, too.
        assert.deepStrictEqual<unknown>((yield* ask("12345", hostile)).answer, ["v1"])
      })
    )
  }

  it.live.prop("arrive intact, whatever they are made of", [text, text], ([loginName, password]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual<unknown>(yield* ask(loginName, password), {
        calls: [{ login: loginName, open: true }],
        answer: ["v1"]
      })
    })
  )

  for (const [name, password, given] of [
    ["a blank before", "secret", " secret"],
    ["a blank after", "secret", "secret "],
    ["a blank less", " secret", "secret"],
    ["another case", "secret", "Secret"],
    ["another form of an umlaut", "pässe", "pa\u0308sse"],
    ["a reference instead of its character", "a&b", "a&amp;b"]
  ] as const) {
    it.live(`are wrong with ${name}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* ask("12345", password, given), {
          calls: [{ login: "12345", open: false }],
          answer: "InvalidCredentials"
        })
      })
    )
  }
})
