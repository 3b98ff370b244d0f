/**
 * The packages as others get them: packed, and installed from the tarballs into an empty project outside of this repository.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Command from "./Command.ts"
import * as Readme from "./Readme.ts"

const Setup = Schema.fromJsonString(Schema.Struct({ scripts: Schema.Struct({ setup: Schema.String }) }))
const Packed = Schema.fromJsonString(Schema.Struct({ exports: Schema.Record(Schema.String, Schema.String) }))
const Own = Schema.fromJsonString(Schema.Struct({ version: Schema.String }))

const read = (file: string) => readFileSync(file, "utf8")

/** The pnpm that set this repository up: it is at hand, and knows its packages. */
const pnpm = /pnpm@[\d.]+/.exec(Schema.decodeSync(Setup)(read(join(Command.root, "package.json"))).scripts.setup)?.[0]

/** The version of a package that this one was developed against. */
const versionOf = (name: string) => {
  const folder = name === "effect" ? "packages/netcup/node_modules" : "node_modules"
  return Schema.decodeSync(Own)(read(join(Command.root, folder, name, "package.json"))).version
}

/** Sends what is meant for netcup to the simulators, and nothing anywhere else. */
const elsewhere = `const { fetch } = globalThis
const places = Object.entries(JSON.parse(process.env.ELSEWHERE))
globalThis.fetch = (input, init) => {
  const [from, to] = places.find(([from]) => String(input).startsWith(from))
  return fetch(String(input).replace(from, to), init)
}
`

const names = ["core", "netcup"]

interface Shape {
  /** The empty project, with the programs of the README in it as `NAME.mjs` and `NAME.ts`. */
  readonly folder: string
  readonly tarballs: ReadonlyArray<string>
  /** All that can be imported, by the names that others import it by. */
  readonly subPaths: ReadonlyArray<string>
}

const make = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "netcup-consumer-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )
  const packs = join(folder, "packs")
  mkdirSync(packs)
  // One after the other: building the second one reads what the first one builds.
  for (const name of names) {
    yield* Command.succeed("npx", ["--yes", `${pnpm}`, "pack", "--pack-destination", packs], {
      cwd: join(Command.root, "packages", name)
    })
  }
  const tarballs = readdirSync(packs).map((file) => join(packs, file))
  const dependencies = Object.fromEntries(
    names.map((name) => [
      `@netcup-failover/${name}`,
      `file:${tarballs.find((file) => file.includes(`netcup-failover-${name}-`))}`
    ])
  )
  const write = (name: string, content: unknown) =>
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content))
  write("package.json", {
    private: true,
    type: "module",
    dependencies: { ...dependencies, effect: versionOf("effect"), "@types/node": versionOf("@types/node") }
  })
  // A workspace of its own, whatever lies above. The package that netcup asks for is in no registry yet; and no package finds what it
  // does not ask for.
  write("pnpm-workspace.yaml", { overrides: dependencies, hoist: false })
  yield* Command.succeed("npx", ["--yes", `${pnpm}`, "install", "--prefer-offline"], { cwd: folder })

  write("elsewhere.mjs", elsewhere)
  for (const [name, code] of [...Readme.programs, ...Readme.ofCore]) {
    write(`${name}.ts`, code)
    copyFileSync(join(folder, `${name}.ts`), join(folder, `${name}.mjs`))
  }
  const subPaths = names.flatMap((name) => {
    const packed = read(join(folder, "node_modules/@netcup-failover", name, "package.json"))
    return Object.keys(Schema.decodeSync(Packed)(packed).exports)
      .filter((key) => key !== "./package.json")
      .map((key) => `@netcup-failover/${name}${key.slice(1)}`)
  })
  return { folder, tarballs, subPaths }
})

export class Installed extends Context.Service<Installed, Shape>()("@netcup-failover/netcup/test/package/Installed") {
  static readonly layer = Layer.effect(Installed, make)
}
