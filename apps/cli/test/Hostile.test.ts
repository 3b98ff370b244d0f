/**
 * Texts of netcup's that would do something to a terminal.
 */
import { assert } from "@effect/vitest"
import { InjectedFault as RestFault } from "@netcup-failover/testing/netcup/RestInjection"
import { InjectedFault as SoapFault } from "@netcup-failover/testing/netcup/SoapInjection"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { complaint, json, loginName, scenario } from "./Scene.ts"

/** What XML can carry of them: C1's control sequence introducer, and what turns the direction of text. */
const c1 = "\u009b2J\u202edesrever"
const c0 = `\u001b]0;owned\u0007\u001b[2J\r\n\u0000${c1}`

// That nothing of it reaches the terminal is looked at after every run of a scene.
scenario("names of servers come out without commands in tables, and whole in JSON", ({ api, run, world }) =>
  Effect.gen(function* () {
    const nickname = `evil ${api === "rest" ? c0 : c1} name`
    yield* world.addServer(loginName, {
      name: "v9",
      nickname,
      site: { id: 1, city: `Nurem${c0}berg` },
      interfaces: [{ mac: "02:00:00:00:00:09", ipv4: ["203.0.113.9"] }]
    })
    const table = yield* run("servers")
    assert.strictEqual(table.code, 0, table.stderr)
    assert.match(table.stdout, /^v9 +evil .*desrever name /mu)
    assert.strictEqual(table.stdout.trimEnd().split("\n").length, 7)
    const document = yield* run("servers", "--json")
    assert.include([json(document)].flat()[5], { name: "v9", nickname })
  })
)

scenario(
  "words of a refusal are one line without commands",
  ({ run, rest }) =>
    Effect.gen(function* () {
      yield* rest.inject({
        operation: "route",
        fault: RestFault.Status({ status: 400, body: { code: "x", message: `no ${c0}${"long ".repeat(500)}` } })
      })
      const ended = yield* run("route", "198.51.100.4", "--to", "v2", "--json")
      assert.strictEqual(ended.code, 1)
      const line = complaint(ended)
      assert.match(line, /no .*desrever/u)
      assert.isBelow(line.length, 1000)
    }),
  { apis: ["rest"] }
)

scenario(
  "words of a fault are one line without commands",
  ({ run, soap }) =>
    Effect.gen(function* () {
      yield* soap.inject({ operation: "changeIPRouting", fault: SoapFault.Refuse({ text: `no\n ${c1}` }) })
      const ended = yield* run("route", "198.51.100.4", "--to", "v2")
      assert.strictEqual(ended.code, 1)
      assert.match(complaint(ended), /no .*desrever/u)
    }),
  { apis: ["soap"] }
)

scenario(
  "words that echo the login's tokens come out without them",
  ({ run, rest, world }) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* run("servers")).code, 0)
      yield* rest.inject({
        operation: "token.refresh",
        fault: RestFault.Status({
          status: 400,
          body: {
            error: "invalid_grant",
            error_description: (yield* world.state)
              .flatMap(({ refreshTokens }) => refreshTokens)
              .map(({ token }) => Redacted.value(token))
              .join(" ")
          }
        })
      })
      const ended = yield* run("servers")
      assert.strictEqual(ended.code, 3)
      complaint(ended)
    }),
  { apis: ["rest"] }
)

scenario(
  "what the user types is not echoed as a command either",
  ({ run }) =>
    Effect.gen(function* () {
      for (const args of [["route", `\u001b[2J${c1}`, "--to", "v2"], [`\u001b[2J${c1}`], ["servers", `--\u001b[2J`]]) {
        assert.strictEqual((yield* run(...args)).code, 2)
      }
    }),
  { apis: ["soap"] }
)
