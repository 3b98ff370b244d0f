/**
 * What the tool says of itself.
 */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { scenario } from "./Scene.ts"

const commands: Readonly<Record<string, ReadonlyArray<string>>> = {
  login: ["--name", "--namespace", "--apply", "--save FILE", "--json"],
  logout: ["--credentials-file FILE", "--secret NAMESPACE/NAME", "--json"],
  servers: ["--credentials-file FILE", "--secret NAMESPACE/NAME", "--json"],
  "failover-ips": ["--credentials-file FILE", "--secret NAMESPACE/NAME", "--json"],
  route: ["ADDRESS", "--to SERVER", "--dry-run", "--timeout SECONDS", "--credentials-file FILE", "--json"],
  network: [
    "--for",
    "--interface NAME",
    "--ip CIDR",
    "--group NAME",
    "--node NAME",
    "--server SERVER",
    "--mac MAC",
    "--json"
  ],
  explain: ["GROUP", "--json"],
  unroute: ["ADDRESS", "--dry-run", "--timeout SECONDS", "--secret NAMESPACE/NAME", "--json"]
}

scenario(
  "--help tells commands, credentials and exit codes, and each command its flags, without any credentials",
  ({ runWith, simulator }) =>
    Effect.gen(function* () {
      // Not even a broken environment is in the way of help.
      const env = { NETCUP_REST_URL: "nonsense" }
      const root = yield* runWith(env, "--help")
      assert.strictEqual(root.code, 0)
      assert.strictEqual(root.stderr, "")
      for (const command of Object.keys(commands)) assert.match(root.stdout, new RegExp(`^  ${command} `, "mu"))
      for (const code of [0, 1, 2, 3, 4, 5]) assert.match(root.stdout, new RegExp(`^    ${code}  \\w`, "mu"))
      const inOrder = [
        "--credentials-file FILE",
        "--secret NAMESPACE/NAME",
        "NETCUP_REFRESH_TOKEN",
        "NETCUP_LOGIN_NAME"
      ]
      const places = inOrder.map((name) => root.stdout.indexOf(name))
      assert.notInclude(places, -1)
      assert.deepStrictEqual(
        places,
        places.toSorted((a, b) => a - b)
      )
      for (const [command, flags] of Object.entries(commands)) {
        const help = yield* runWith(env, command, "--help")
        assert.strictEqual(help.code, 0)
        assert.strictEqual(help.stderr, "")
        assert.include(help.stdout, `netcup-failover ${command}`)
        for (const flag of flags) assert.include(help.stdout, flag)
        // Whoever sees the list of processes would see it.
        assert.notMatch(help.stdout, /--(password|token|refresh-token|login-name)\b/u)
      }
      assert.deepStrictEqual(yield* simulator.journal.calls, [])
    }),
  { apis: ["rest"] }
)
