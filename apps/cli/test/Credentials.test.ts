/**
 * Where credentials come from, and what becomes of tokens that netcup rotates.
 */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { complaint, loginName, password, scenario } from "./Scene.ts"

/** The mode of a file, as `chmod` has it. */
const rights = (mode: number) => (mode & 0o777).toString(8)

scenario(
  "a rotated token of the environment's is kept over runs, in the state folder, for its owner only",
  ({ fs, home, rest, run }) =>
    Effect.gen(function* () {
      for (let at = 1; at <= 3; at++) assert.strictEqual((yield* run("servers")).code, 0)
      const file = `${home}/.local/state/netcup-failover/tokens.json`
      assert.strictEqual(rights((yield* fs.stat(file)).mode), "600")
      // Each run went on from the token that the one before was given: none was used twice.
      const refreshes = yield* rest.journal.callsOf("token.refresh")
      assert.deepStrictEqual(
        refreshes.map(({ status }) => status),
        [200, 200, 200]
      )
    }),
  { apis: ["rest"] }
)

scenario(
  "XDG_STATE_HOME is where rotated tokens are kept, if it is absolute",
  ({ byEnvironment, fs, home, runWith }) =>
    Effect.gen(function* () {
      yield* runWith({ ...byEnvironment, XDG_STATE_HOME: "relative" }, "servers")
      assert.isTrue(yield* fs.exists(`${home}/.local/state/netcup-failover/tokens.json`))
      const state = `${home}/state`
      yield* fs.makeDirectory(`${state}/netcup-failover`, { recursive: true })
      yield* fs.rename(`${home}/.local/state/netcup-failover/tokens.json`, `${state}/netcup-failover/tokens.json`)
      const ended = yield* runWith({ ...byEnvironment, XDG_STATE_HOME: state }, "servers")
      assert.strictEqual(ended.code, 0, ended.stderr)
    }),
  { apis: ["rest"] }
)

scenario(
  "a file of credentials works over and over, however it is written, and by several runs at once",
  ({ file, fs, rest, runWith, world }) =>
    Effect.gen(function* () {
      const writings: ReadonlyArray<(token: string) => string> = [
        (token) => `${token}\n`,
        (token) => JSON.stringify({ access_token: "of-no-use", refresh_token: token, expires_in: 300 })
      ]
      for (const [at, write] of writings.entries()) {
        const token = Redacted.value(yield* world.login(loginName))
        const path = yield* file(`login-${at}`, write(token))
        for (let run = 1; run <= 2; run++) {
          const ended = yield* runWith({}, "failover-ips", "--credentials-file", path)
          assert.strictEqual(ended.code, 0, ended.stderr)
        }
        // A shell's `&`: none of them may use a token that another has used.
        const together = yield* Effect.all(
          Array.from({ length: 3 }, () => runWith({}, "servers", "--credentials-file", path)),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(
          together.map(({ code }) => code),
          [0, 0, 0]
        )
        assert.strictEqual(yield* fs.readFileString(path), write(token))
        assert.strictEqual(rights((yield* fs.stat(`${path}.rotated`)).mode), "600")
      }
      const refused = (yield* rest.journal.callsOf("token.refresh")).filter(({ status }) => status !== 200)
      assert.deepStrictEqual(refused, [])
    }),
  { apis: ["rest"] }
)

scenario(
  "a file may hold login name and password, and comes before the environment",
  ({ file, runWith, soap }) =>
    Effect.gen(function* () {
      const path = yield* file("account.json", JSON.stringify({ loginName, password }))
      const ended = yield* runWith(
        { NETCUP_LOGIN_NAME: "other", NETCUP_PASSWORD: "other" },
        "servers",
        "--credentials-file",
        path
      )
      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.isTrue((yield* soap.journal.calls).every((call) => call.loginName === loginName))
    }),
  { apis: ["soap"] }
)

scenario(
  "credentials that are missing or misshapen are named, without their values and without a word to netcup",
  ({ environment, file, rest, runWith, soap }) =>
    Effect.gen(function* () {
      const hidden = "hunter2-hunter2"
      const cases: ReadonlyArray<
        readonly [words: string, environment: Readonly<Record<string, string>>, text?: string]
      > = [
        ["no credentials: use --credentials-file", {}],
        ["no credentials: use --credentials-file", { NETCUP_REFRESH_TOKEN: "", NETCUP_PASSWORD: "" }],
        ["NETCUP_PASSWORD is missing", { NETCUP_LOGIN_NAME: hidden }],
        ["NETCUP_LOGIN_NAME is missing", { NETCUP_PASSWORD: hidden }],
        ["NETCUP_REFRESH_TOKEN is no token", { NETCUP_REFRESH_TOKEN: `${hidden} ${hidden}` }],
        ["needs both loginName and password", {}, JSON.stringify({ loginName: hidden })],
        ["needs both loginName and password", {}, JSON.stringify({ loginName: 12345, password: hidden })],
        ["is empty", {}, ""],
        ["lacks the key refresh_token", {}, JSON.stringify({ access_token: hidden })],
        ["begins like JSON, but is none", {}, `{ "refresh_token": "${hidden}`]
      ]
      for (const [words, env, text] of cases) {
        const flags = text === undefined ? [] : ["--credentials-file", yield* file("given", text)]
        const ended = yield* runWith(env, "servers", ...flags)
        assert.strictEqual(ended.code, 3, words)
        assert.include(complaint(ended), words)
        assert.notInclude(ended.stdout + ended.stderr, hidden)
      }
      const missing = yield* runWith({}, "servers", "--credentials-file", `${environment.HOME}/none`)
      assert.strictEqual(missing.code, 3)
      assert.include(complaint(missing), "cannot be read")
      assert.deepStrictEqual(yield* rest.journal.calls, [])
      assert.deepStrictEqual(yield* soap.journal.calls, [])
    }),
  { apis: ["rest"] }
)

scenario(
  "without a place for the next token netcup is not asked for it",
  ({ byEnvironment, file, rest, run, runWith }) =>
    Effect.gen(function* () {
      // A file where the folder would have to be.
      const blocked = yield* file("blocked", "")
      const env = { ...byEnvironment, XDG_STATE_HOME: blocked }
      const nowhere = yield* runWith(env, "servers")
      assert.strictEqual(nowhere.code, 3)
      assert.include(complaint(nowhere), "netcup's next refresh token could not be kept")
      assert.deepStrictEqual(yield* rest.journal.calls, [])

      const homeless = yield* runWith({ ...byEnvironment, HOME: "" }, "servers")
      assert.strictEqual(homeless.code, 3)
      assert.include(complaint(homeless), "set XDG_STATE_HOME, or HOME")
      assert.deepStrictEqual(yield* rest.journal.calls, [])
      assert.strictEqual((yield* run("servers")).code, 0)
    }),
  { apis: ["rest"] }
)

scenario(
  "a file of tokens that is none is left alone",
  ({ byEnvironment, file, fs, rest, runWith, world }) =>
    Effect.gen(function* () {
      const path = yield* file("login", Redacted.value(yield* world.login(loginName)))
      yield* file("login.rotated", "precious")
      const ended = yield* runWith(byEnvironment, "servers", "--credentials-file", path)
      assert.strictEqual(ended.code, 3)
      assert.include(complaint(ended), "is no token file")
      assert.strictEqual(yield* fs.readFileString(`${path}.rotated`), "precious")
      assert.deepStrictEqual(yield* rest.journal.calls, [])
    }),
  { apis: ["rest"] }
)
