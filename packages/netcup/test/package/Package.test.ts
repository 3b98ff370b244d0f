/**
 * What others get when they install this package, and what the README promises them.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, layer } from "@effect/vitest"
import { NetcupErrorReason } from "@netcup-failover/netcup/NetcupError"
import type { ServerSpec } from "@netcup-failover/testing/netcup/Arrangement"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import * as RestSimulator from "@netcup-failover/testing/netcup/RestSimulator"
import * as SoapSimulator from "@netcup-failover/testing/netcup/SoapSimulator"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Command from "./Command.ts"
import { Installed } from "./Installed.ts"
import * as Readme from "./Readme.ts"

const server = (nth: number): ServerSpec => ({
  name: `v100000000000000000${nth}`,
  interfaces: [{ mac: `aa:bb:cc:dd:ee:0${nth}`, ipv4: [`198.51.100.10${nth}`] }]
})

const [ipv4, ipv6] = ["198.51.100.4/32", "2001:db8:f::/64"]
const [first, second] = ["v1000000000000000001", "v1000000000000000002"]

const account = {
  loginName: "100200",
  password: "s3cret",
  servers: [server(1), server(2)],
  addresses: [
    { cidr: ipv4, routedTo: first },
    { cidr: ipv6, routedTo: first }
  ]
}

/** netcup as the README's programs find it, and how to run one of them. */
const stage = Effect.gen(function* () {
  const { folder } = yield* Installed
  const world = yield* NetcupWorld.make([account])
  const soap = yield* SoapSimulator.make({ world })
  const rest = yield* RestSimulator.make({ world, taskDuration: "20 millis" })
  const env = {
    ELSEWHERE: JSON.stringify({
      "https://www.servercontrolpanel.de/WSEndUser": soap.url,
      "https://www.servercontrolpanel.de/scp-core": rest.url,
      "https://www.servercontrolpanel.de/realms/scp": rest.issuer
    }),
    NETCUP_REFRESH_TOKEN: Redacted.value(yield* world.login(account.loginName)),
    NETCUP_LOGIN_NAME: account.loginName,
    NETCUP_PASSWORD: account.password
  }
  const run = (program: string, onOutput?: (stdout: string) => void) =>
    Command.run("node", ["--import", "./elsewhere.mjs", `${program}.mjs`], {
      cwd: folder,
      env,
      ...(onOutput === undefined ? {} : { onOutput })
    })
  /** Gives what the program wrote. It must succeed, and have nothing to complain about. */
  const play = (program: string) =>
    Effect.map(run(program), ({ status, stderr, stdout }) => {
      assert.deepStrictEqual([status, stderr], [0, ""], program)
      return stdout
    })
  return { world, rest, run, play }
})

const time = 180_000

layer(Installed.layer, { timeout: time, excludeTestServices: true })((it) => {
  describe("The packed package", () => {
    it.effect(
      "is laid out as tools and types expect of an ES module",
      () =>
        Effect.gen(function* () {
          const { folder, tarballs } = yield* Installed
          assert.lengthOf(tarballs, 2)
          for (const tarball of tarballs) {
            yield* Command.succeed("publint", ["run", "--strict", "--pack=false", tarball], { cwd: folder })
            yield* Command.succeed("attw", ["--profile", "esm-only", tarball], { cwd: folder })
          }
        }),
      time
    )

    it.effect(
      "does nothing by being imported, under each of its public names",
      () =>
        Effect.gen(function* () {
          const { folder, subPaths } = yield* Installed
          const code = `const before = Object.getOwnPropertyNames(globalThis)
            for (const name of ${JSON.stringify(subPaths)}) {
              if (Object.keys(await import(name)).length === 0) console.log(name + " is empty")
            }
            console.log(Object.getOwnPropertyNames(globalThis).filter((name) => !before.includes(name)))
            console.log(process.getActiveResourcesInfo().filter((name) => name === "Timeout"))`
          const { stderr, stdout } = yield* Command.succeed("node", ["--input-type=module", "-e", code], {
            cwd: folder
          })
          assert.deepStrictEqual([stderr, stdout], ["", "[]\n[]\n"])
        }),
      time
    )

    it.effect(
      "keeps what is internal to itself",
      () =>
        Effect.gen(function* () {
          const { folder, subPaths } = yield* Installed
          const internal = [
            "@netcup-failover/netcup",
            "@netcup-failover/netcup/Redactor",
            "@netcup-failover/netcup/http/Exchange",
            "@netcup-failover/netcup/soap/XmlTree",
            "@netcup-failover/netcup/dist/lib/Redactor.js",
            "@netcup-failover/core/SpreadFlow"
          ]
          const code = `for (const name of ${JSON.stringify(internal)}) {
            console.log(await import(name).then(() => name, ({ code }) => code))
          }`
          const { stdout } = yield* Command.succeed("node", ["--input-type=module", "-e", code], { cwd: folder })
          assert.deepStrictEqual(
            stdout.trim().split("\n"),
            internal.map(() => "ERR_PACKAGE_PATH_NOT_EXPORTED")
          )
          for (const name of internal) assert.notInclude(subPaths, name)
        }),
      time
    )

    it.effect(
      "has types that hold in the strictest project, its own declarations included",
      () =>
        Effect.gen(function* () {
          const { folder, subPaths } = yield* Installed
          const imports = subPaths.map((name, at) => `export * as m${at} from "${name}"\n`).join("")
          // A project that makes declarations has to be able to name what it exports.
          const named = `import * as DeviceLogin from "@netcup-failover/netcup/login/DeviceLogin"
import { connect } from "@netcup-failover/netcup/promise/Connection"
import * as RestClient from "@netcup-failover/netcup/rest/RestClient"
import * as SoapClient from "@netcup-failover/netcup/soap/SoapClient"
import * as WSEndUser from "@netcup-failover/netcup/soap/WSEndUser"

export const methods = (client: RestClient.RestClient) => ({ ...client })
export const connection = (refreshToken: string) => ({ ...connect({ refreshToken }) })
export const login = DeviceLogin.begin()
export const makes = { rest: RestClient.make, soap: SoapClient.make, information: WSEndUser.getVServerInformation }
`
          writeFileSync(join(folder, "all.ts"), imports)
          writeFileSync(join(folder, "named.ts"), named)
          const compilerOptions = {
            target: "esnext",
            module: "nodenext",
            types: ["node"],
            strict: true,
            exactOptionalPropertyTypes: true,
            noUncheckedIndexedAccess: true,
            verbatimModuleSyntax: true,
            skipLibCheck: false,
            declaration: true,
            outDir: "out"
          }
          const files = [
            "all.ts",
            "named.ts",
            ...[...Readme.programs.keys(), ...Readme.ofCore.keys()].map((name) => `${name}.ts`)
          ]
          writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }))
          yield* Command.succeed("tsc", ["-p", "tsconfig.json"], { cwd: folder })
          // That it would notice.
          writeFileSync(
            join(folder, "wrong.ts"),
            `import { connect } from "@netcup-failover/netcup/promise/Connection"
void connect({ refreshToken: "t", loginName: "12345" }).route(4, "v1")
`
          )
          writeFileSync(
            join(folder, "tsconfig.wrong.json"),
            JSON.stringify({ extends: "./tsconfig.json", files: ["wrong.ts"] })
          )
          const { stdout } = yield* Command.run("tsc", ["-p", "tsconfig.wrong.json"], { cwd: folder })
          assert.match(stdout, /'12345'|"12345"|string/)
          assert.match(stdout, /'number' is not assignable to parameter of type 'string'/)
        }),
      time
    )
  })

  describe("The README of core", () => {
    it.effect(
      "places three groups, as it says",
      () =>
        Effect.gen(function* () {
          const { folder } = yield* Installed
          const { stdout } = yield* Command.succeed("node", ["place.mjs"], { cwd: folder })
          assert.deepStrictEqual(stdout.trim().split("\n").toSorted(), ["dns → bert", "mail → carl", "web → anna"])
        }),
      time
    )
  })

  describe("The README", () => {
    it.effect("names every program in it, and every reason of an error", () =>
      Effect.sync(() => {
        assert.strictEqual(Readme.programs.size, Readme.blocks)
        assert.deepStrictEqual(
          Readme.reasons.toSorted(),
          NetcupErrorReason.members.map(({ identifier }) => identifier).toSorted()
        )
      })
    )

    it.effect(
      "lists servers, and tells where addresses are",
      () =>
        Effect.gen(function* () {
          const { play, rest } = yield* stage
          assert.deepStrictEqual((yield* play("look")).trim().split("\n"), [
            first,
            second,
            `${ipv4} is routed to ${first}`,
            `${ipv6} is routed to ${first}`
          ])
          // Each request over a connection of its own.
          assert.strictEqual(yield* rest.connections, (yield* rest.journal.calls).length)
        }).pipe(Effect.scoped),
      time
    )

    for (const [program, address] of [
      ["move", ipv4],
      ["move-by-soap", ipv6],
      ["move-with-effect", ipv4],
      ["move-with-effect-by-soap", ipv6]
    ] as const) {
      it.effect(
        `moves an address by ${program}.ts, and that one only`,
        () =>
          Effect.gen(function* () {
            const { play, world } = yield* stage
            yield* play(program)
            const expected = [ipv4, ipv6].map((each) => [each, each === address ? second : first])
            assert.deepStrictEqual(Array.from(yield* world.routes), expected)
          }).pipe(Effect.scoped),
        time
      )
    }

    it.effect(
      "tells what went wrong",
      () =>
        Effect.gen(function* () {
          const { play } = yield* stage
          assert.match(yield* play("errors"), /^ServerNotFound: .+\n$/)
        }).pipe(Effect.scoped),
      time
    )

    it.effect(
      "logs in by a browser, and gives a token to connect by",
      () =>
        Effect.gen(function* () {
          const { rest, run, world } = yield* stage
          let shown = ""
          const told = yield* Effect.forkChild(
            run("login", (stdout) => {
              shown = stdout
            })
          )
          yield* rest.awaitCall({ operation: "device", where: ({ outcome }) => outcome._tag !== "Pending" })
          const [code = ""] = yield* rest.devices.pending
          yield* rest.devices.approve(code, account.loginName)
          yield* rest.awaitCall({ operation: "token.device" })
          const page = shown
          assert.match(page, new RegExp(`^Open http\\S+${code}\n$`))
          const { status, stdout } = yield* Fiber.join(told)
          assert.strictEqual(status, 0)
          const [{ refreshTokens } = { refreshTokens: [] }] = yield* world.state
          assert.strictEqual(stdout, `${page}${Redacted.value(refreshTokens.at(-1)?.token ?? Redacted.make(""))}\n`)
        }).pipe(Effect.scoped),
      time
    )

    it.effect(
      "remembers what a token was replaced by, from one run to the next",
      () =>
        Effect.gen(function* () {
          // The simulator ends a token with its first use.
          const { play, run } = yield* stage
          const once = yield* play("remember")
          assert.strictEqual(yield* play("remember"), once)
          // The simulator ends a token with its first use.
          const { status, stderr } = yield* run("look")
          assert.strictEqual(status, 1)
          assert.match(stderr, /LoginExpired/)
        }).pipe(Effect.scoped),
      time
    )

    for (const program of ["test-with-effect", "test-with-promises"]) {
      it.effect(
        `shows a test that passes, ${program}.ts`,
        () =>
          Effect.gen(function* () {
            const { play } = yield* stage
            yield* play(program)
          }).pipe(Effect.scoped),
        time
      )
    }
  })
})
