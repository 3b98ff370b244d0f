/**
 * What a test of the tool plays on: an account at a simulated netcup, a home of its own, and an eye on secrets.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import type { AccountSpec, ServerSpec } from "@netcup-failover/testing/netcup/Arrangement"
import * as NetcupStage from "@netcup-failover/testing/stage/NetcupStage"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Tool from "./Tool.ts"

export const loginName = "12345"
export const password = "correct-horse"

const server = (n: number, more: Partial<ServerSpec> = {}): ServerSpec => ({
  name: `v${n}`,
  id: 111_000 + n,
  interfaces: [
    { mac: `02:00:00:00:ff:0${n}` },
    { mac: `02:00:00:00:00:0${n}`, ipv4: [`203.0.113.${n}`], ipv6: [`2001:db8:100:${n}::/64`] }
  ],
  ...more
})

/** Two servers that run, one that is off, one elsewhere; addresses on v1, nowhere, and not ours to route. */
export const account: AccountSpec = {
  loginName,
  password,
  userId: 555_001,
  servers: [
    server(1, { nickname: "first" }),
    server(2),
    server(3, { status: "offline" }),
    server(4, { site: { id: 2, city: "Vienna" } }),
    server(5, { rescue: true })
  ],
  addresses: [
    { cidr: "198.51.100.4/32", id: 333_004, routedTo: "v1" },
    { cidr: "2001:db8:f::/64", id: 333_006, routedTo: "v1" },
    { cidr: "198.51.100.5/32", id: 333_005 },
    { cidr: "198.51.100.6/32", id: 333_007, routedTo: "v2", editable: false }
  ]
}

const Document = Schema.fromJsonString(Schema.Json)

/** What the tool printed by `--json`. */
export const json = ({ stdout }: Tool.Ended): Schema.Json => Schema.decodeUnknownSync(Document)(stdout)

/** Nothing that a terminal would take for a command, but line ends. */
const commands = /[^\P{Cc}\n]|\p{Cf}/u

export const make = Effect.fn("Scene.make")(function* (options: NetcupStage.NetcupOptions = {}) {
  const netcup = yield* NetcupStage.make(options)
  yield* netcup.world.addAccount(account)
  const fs = yield* FileSystem.FileSystem
  const home = yield* Effect.orDie(fs.makeTempDirectoryScoped({ prefix: "cli-" }))
  const credentials = yield* netcup.credentials(loginName)
  const byEnvironment: Tool.Environment =
    "refreshToken" in credentials
      ? { NETCUP_REFRESH_TOKEN: credentials.refreshToken }
      : { NETCUP_LOGIN_NAME: credentials.loginName, NETCUP_PASSWORD: credentials.password }
  const environment = { HOME: home, ...netcup.environment }

  const secrets = Effect.map(netcup.world.state, (accounts) => [
    password,
    ...accounts.flatMap(({ accessTokens, refreshTokens }) =>
      [...accessTokens, ...refreshTokens].map(({ token }) => Redacted.value(token))
    )
  ])

  /** Looked at after every run, whatever the test is about. */
  const inspect = Effect.fnUntraced(function* (shown: string) {
    for (const secret of yield* secrets) assert.notInclude(shown, secret)
    assert.notMatch(shown, commands)
    assert.notMatch(shown, /\n\s+at .*:\d+:\d+/u, "a stack")
  })

  const runWith = Effect.fn("Scene.runWith")(function* (more: Tool.Environment, ...args: ReadonlyArray<string>) {
    const ended = yield* Effect.flatMap(Tool.start(args, { ...environment, ...more }), ({ end }) => end).pipe(
      Effect.scoped
    )
    yield* inspect(ended.stdout + ended.stderr)
    return ended
  })

  return {
    ...netcup,
    fs,
    home,
    /** Without credentials. */
    environment,
    byEnvironment,
    inspect,
    /** With credentials from the environment. */
    run: (...args: ReadonlyArray<string>) => runWith(byEnvironment, ...args),
    /** With this environment in their place. */
    runWith,
    /** Writes a file into the home, and gives its path. */
    file: Effect.fnUntraced(function* (name: string, text: string) {
      const path = `${home}/${name}`
      yield* Effect.orDie(fs.writeFileString(path, text))
      return path
    }),
    /** Calls that would change something, whatever became of them. */
    changes: Effect.map(
      Effect.all([
        netcup.soap.journal.callsOf("changeIPRouting"),
        netcup.rest.journal.callsOf("route"),
        netcup.rest.journal.callsOf("unroute")
      ]),
      (calls) => calls.flat().length
    )
  }
})

export type Scene = Effect.Success<ReturnType<typeof make>>

/** Generous, since machines are noisy: nothing here waits for the clock. */
const patience = 60_000

/** A test on a scene of its own, over each of these APIs. */
export const scenario = (
  title: string,
  play: (scene: Scene) => Effect.Effect<void, unknown, Scope.Scope>,
  {
    apis = ["soap", "rest"],
    ...options
  }: NetcupStage.NetcupOptions & { readonly apis?: ReadonlyArray<"soap" | "rest"> } = {}
) => {
  for (const api of apis) {
    it.live(
      `${title} (${api.toUpperCase()})`,
      () =>
        Effect.flatMap(make(options), play).pipe(
          Effect.scoped,
          Effect.provideService(NetcupStage.Api, api),
          Effect.provide(NodeServices.layer)
        ),
      patience
    )
  }
}

/** The one line that a failure is. */
export const complaint = ({ stderr }: Tool.Ended): string => {
  const [last = "", ...others] = stderr
    .trimEnd()
    .split("\n")
    .filter((line) => !/^netcup-failover: (note|warning): /u.test(line))
  assert.deepStrictEqual(others, [], "one line for each error")
  assert.match(last, /^netcup-failover: ./u)
  return last
}
