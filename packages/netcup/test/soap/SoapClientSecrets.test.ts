import { assert, describe, it } from "@effect/vitest"
import { SoapCredentials } from "@netcup-failover/netcup/Credentials"
import * as SoapClient from "@netcup-failover/netcup/soap/SoapClient"
import { changeIPRouting, getVServers } from "@netcup-failover/netcup/soap/WSEndUser"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import { answer, endpoint, fault, http } from "./Endpoint.ts"
import { always, outcomes, quick, routing } from "./Outcomes.ts"

describe("SoapClient: secrets", () => {
  const secret = new SoapCredentials({ loginName: "54321", password: Redacted.make(`p<&"'w 1`) })
  const spellings = [`p<&"'w 1`, "p&lt;&amp;\"'w 1", "p&lt;&amp;&quot;'w 1", "54321"]

  it.live("neither error nor log holds login or password when netcup echoes them", () =>
    Effect.gen(function* () {
      const logged: Array<string> = []
      const logger = Logger.make(({ cause, message }) => {
        logged.push(JSON.stringify([message, cause]))
      })
      // Text that names the credentials, as they are and escaped once more.
      const echo = [
        fault("Could not find failover IP: 198.51.100.4 for User: 54321"),
        fault("no &lt;password&gt;p&amp;lt;&amp;amp;\"'w 1&lt;/password&gt;"),
        fault("login 54321 password p&lt;&amp;\"'w 1"),
        "<54321>",
        `<p<&"'w 1>`
      ]
      for (const body of echo) {
        const { url } = yield* endpoint(always(500, body))
        const ok = yield* endpoint(always(200, body))
        for (const at of [url, ok.url]) {
          const { call } = yield* SoapClient.make(secret, { ...quick, url: at })
          const errors = yield* Effect.all([
            Effect.flip(call(getVServers, {})),
            Effect.flip(call(changeIPRouting, routing))
          ]).pipe(Effect.provide(Logger.layer([logger])), Effect.provideService(References.MinimumLogLevel, "Trace"))
          for (const error of errors) {
            const text = `${error.message} ${JSON.stringify(error)} ${error.stack} ${JSON.stringify(error.cause)}`
            for (const spelling of spellings) assert.notInclude(text, spelling)
          }
        }
      }
      const good = yield* endpoint(always(200, answer("getVServers", "<return>v54321</return>")))
      const { call } = yield* SoapClient.make(secret, { url: good.url })
      yield* call(getVServers, {}).pipe(
        Effect.provide(Logger.layer([logger])),
        Effect.provideService(References.MinimumLogLevel, "Trace")
      )
      assert.isAbove(logged.length, 20)
      for (const spelling of spellings) assert.notInclude(logged.join("\n"), spelling)
    }).pipe(Effect.provide(http))
  )

  it.live("netcup's words stay, with the login taken out", () =>
    Effect.gen(function* () {
      const { messages } = yield* outcomes(
        always(500, fault("Could not find failover IP: 198.51.100.4 for User: 12345"))
      )
      assert.strictEqual(messages[1], "Could not find failover IP: 198.51.100.4 for User: <redacted>")
    })
  )

  it.live("a page of words is cut", () =>
    Effect.gen(function* () {
      const { messages } = yield* outcomes(always(500, fault("x".repeat(100_000))))
      assert.strictEqual(messages[0], `${"x".repeat(500)}…`)
    })
  )
})
