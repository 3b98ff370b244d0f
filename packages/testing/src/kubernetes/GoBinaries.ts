/**
 * Programs that tests and the sandbox run and that only the Go module proxy has: where they are, or how they come to be.
 * Each set of them is a Go module of ours; they are looked for in our cache outside the checkout, and built into it with
 * Go where they are missing.
 */
import { createHash } from "node:crypto"
import { arch, platform } from "node:os"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Config from "effect/Config"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import * as BuildLock from "./BuildLock.ts"
import { goBuild } from "./GoBuild.ts"

/** The programs are not all there and could not be built; `message` says which, and where they were looked for. */
export class GoBinariesUnavailable extends Schema.TaggedError<GoBinariesUnavailable>()("GoBinariesUnavailable", {
  missing: Schema.Array(Schema.String),
  message: Schema.String
}) {}

export interface GoBinaries<Name extends string> {
  /** The path of each program as it is; builds nothing. */
  readonly locate: Effect.Effect<{ readonly [N in Name]: string }, GoBinariesUnavailable>
  /**
   * The programs, built into the cache if they are nowhere: minutes when cold, seconds with a warm Go build cache. Safe to
   * run from several processes at once: one builds, the others wait for it.
   */
  readonly ensure: Effect.Effect<{ readonly [N in Name]: string }, GoBinariesUnavailable>
  /**
   * What a test file asks at its top level: whether to skip its tests, and a note for their names that says why. In CI
   * (`CI` set) it fails instead, so that a green run there always means that the tests ran.
   */
  readonly forTests: Effect.Effect<
    { readonly skip: boolean; readonly note: string },
    GoBinariesUnavailable | Config.ConfigError
  >
  /** For vitest's `globalSetup`: builds what is missing; fails in CI when that cannot be had, warns elsewhere. */
  readonly setup: Effect.Effect<void, GoBinariesUnavailable | Config.ConfigError>
}

interface Options<Name extends string> {
  /** The cache's folder for this set; in it is one for each state of the Go module. */
  readonly cache: string
  /** Each program and the Go package it is built from. */
  readonly packages: { readonly [N in Name]: string }
  /** The Go module that they are built from. */
  readonly goModule: Context.Reference<string>
  /** A folder that is looked into before the cache. */
  readonly assets?: Config.Config<Option.Option<string>>
  /** Go's build tags. */
  readonly tags?: ReadonlyArray<string>
}

const inCi = Config.String("CI").pipe(
  Config.withDefault(""),
  Config.map((value) => !["", "0", "false"].includes(value))
)

const isExecutable = Effect.fnUntraced(function* (file: string) {
  const info = yield* Effect.option((yield* FileSystem.FileSystem).stat(file))
  return Option.isSome(info) && info.value.type === "File" && (info.value.mode & 0o111) !== 0
})

const unavailable = (missing: ReadonlyArray<string>, folders: ReadonlyArray<string>, why: string) =>
  new GoBinariesUnavailable({
    missing,
    message: `${missing.join(", ")} not found in ${folders.join(" or ")}; ${why}`
  })

export const make = <Name extends string>(options: Options<Name>): GoBinaries<Name> => {
  const { cache, goModule, packages, tags = [] } = options
  const names = Record.keys(packages)

  const unreadable = (cause: { readonly message: string }) =>
    new GoBinariesUnavailable({ missing: [], message: `cannot look for ${names.join(", ")}: ${cause.message}` })

  /** One folder for each set of versions and each platform, so that an upgrade never meets yesterday's programs. */
  const cacheFolder = Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const module = yield* goModule
    const root = yield* Config.NonEmptyString("XDG_CACHE_HOME").pipe(
      Config.orElse(() => Config.map(Config.NonEmptyString("HOME"), (home) => path.join(home, ".cache")))
    )
    const hash = createHash("sha256")
    for (const file of ["go.mod", "go.sum"]) hash.update(yield* fs.readFile(path.join(module, file)))
    const key = hash.update(`${platform()}-${arch()}`).digest("hex").slice(0, 16)
    return path.join(root, "netcup-failover-controller", cache, key)
  })

  const searchFolders = Effect.gen(function* () {
    const folder = yield* cacheFolder
    const assets = options.assets === undefined ? Option.none() : yield* options.assets
    return { cache: folder, folders: [...Option.toArray(assets), folder] }
  }).pipe(Effect.mapError(unreadable))

  const search = Effect.fnUntraced(function* (folders: ReadonlyArray<string>) {
    const path = yield* Path.Path
    const files = new Map<string, string>()
    for (const name of names) {
      for (const folder of folders) {
        const file = path.join(folder, name)
        if (!files.has(name) && (yield* isExecutable(file))) files.set(name, file)
      }
    }
    return { files, missing: names.filter((name) => !files.has(name)) }
  })

  const locate = Effect.gen(function* () {
    const { folders } = yield* searchFolders
    const { files, missing } = yield* search(folders)
    if (missing.length > 0) return yield* unavailable(missing, folders, "a run of the tests builds them where Go is")
    return Record.map(packages, (_, name) => files.get(name) ?? name)
  }).pipe(Effect.provide(NodeServices.layer))

  const build = Effect.gen(function* () {
    const { cache, folders } = yield* searchFolders
    const module = yield* goModule
    yield* (yield* FileSystem.FileSystem).makeDirectory(cache, { recursive: true }).pipe(Effect.mapError(unreadable))
    yield* BuildLock.acquire(cache).pipe(Effect.mapError(unreadable))
    // Looked at again under the lock: another process may have built them meanwhile.
    const { missing } = yield* search(folders)
    for (const name of missing) {
      yield* goBuild({ name, goPackage: packages[name], goModule: module, folder: cache, tags }).pipe(
        Effect.mapError((error) => unavailable(missing, folders, error.message))
      )
    }
    return yield* locate
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

  const ensure = Effect.catch(locate, (absent) => (absent.missing.length === 0 ? Effect.fail(absent) : build))

  const forTests = Effect.gen(function* () {
    const located = yield* Effect.result(locate)
    if (located._tag === "Success") return { skip: false, note: "" }
    if (yield* inCi) return yield* located.failure
    const { message, missing } = located.failure
    return { skip: true, note: ` (skipped: ${missing.length === 0 ? message : `no ${missing.join(", ")}`})` }
  })

  const setup = ensure.pipe(
    Effect.catch((error) => Effect.logWarning(error.message)),
    Effect.andThen(forTests),
    Effect.asVoid
  )

  return { locate, ensure, forTests, setup }
}
