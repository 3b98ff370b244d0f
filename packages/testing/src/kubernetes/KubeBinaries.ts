/**
 * The real Kubernetes binaries that end-to-end tests and the sandbox run: where they are, or how they come to be.
 * Looked for in `KUBEBUILDER_ASSETS` (as envtest does), then in our cache outside the checkout; what is missing in both
 * is built from `infra/kube-binaries` with Go.
 */
import { createHash } from "node:crypto"
import { arch, platform } from "node:os"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import * as BuildLock from "./BuildLock.ts"
import { goBuild } from "./GoBuild.ts"

/** Each binary and the Go package it is built from. */
const packages = {
  etcd: "go.etcd.io/etcd/server/v3",
  "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
  "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
  kubectl: "k8s.io/kubernetes/cmd/kubectl"
} as const

type BinaryName = keyof typeof packages

/** The path of each binary. */
export type KubeBinaries = { readonly [Name in BinaryName]: string }

/** The binaries are not all there and could not be built; `message` says which, and where they were looked for. */
export class KubeBinariesUnavailable extends Schema.TaggedError<KubeBinariesUnavailable>()("KubeBinariesUnavailable", {
  missing: Schema.Array(Schema.String),
  message: Schema.String
}) {}

/** The Go module that the binaries are built from; its default is right for code that runs from the checkout. */
export const GoModule = Context.Reference<string>("@netcup-failover/testing/kubernetes/GoModule", {
  defaultValue: () => fileURLToPath(new URL("../../../../infra/kube-binaries", import.meta.url))
})

const assetsFolder = Config.option(Config.NonEmptyString("KUBEBUILDER_ASSETS"))

/** One folder for each set of versions and each platform, so that an upgrade never meets yesterday's binaries. */
const cacheFolder = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const goModule = yield* GoModule
  const root = yield* Config.NonEmptyString("XDG_CACHE_HOME").pipe(
    Config.orElse(() => Config.map(Config.NonEmptyString("HOME"), (home) => path.join(home, ".cache")))
  )
  const hash = createHash("sha256")
  for (const file of ["go.mod", "go.sum"]) hash.update(yield* fs.readFile(path.join(goModule, file)))
  const key = hash.update(`${platform()}-${arch()}`).digest("hex").slice(0, 16)
  return path.join(root, "netcup-failover-controller", "kube-binaries", key)
})

const isExecutable = Effect.fnUntraced(function* (file: string) {
  const info = yield* Effect.option((yield* FileSystem.FileSystem).stat(file))
  return Option.isSome(info) && info.value.type === "File" && (info.value.mode & 0o111) !== 0
})

const found = Effect.fnUntraced(function* (folders: ReadonlyArray<string>) {
  const path = yield* Path.Path
  const find = Effect.fnUntraced(function* (name: BinaryName) {
    for (const folder of folders) {
      const file = path.join(folder, name)
      if (yield* isExecutable(file)) return Option.some(file)
    }
    return Option.none<string>()
  })
  return yield* Effect.all({
    etcd: find("etcd"),
    "kube-apiserver": find("kube-apiserver"),
    "kube-controller-manager": find("kube-controller-manager"),
    kubectl: find("kubectl")
  })
})

type Found = Effect.Success<ReturnType<typeof found>>

const missingIn = (binaries: Found) =>
  Object.entries(packages).flatMap(([name, goPackage]) =>
    Object.entries(binaries).some(([other, file]) => other === name && Option.isSome(file)) ? [] : [{ name, goPackage }]
  )

const unavailable = (missing: ReadonlyArray<{ readonly name: string }>, folders: ReadonlyArray<string>, why: string) =>
  new KubeBinariesUnavailable({
    missing: missing.map(({ name }) => name),
    message: `${missing.map(({ name }) => name).join(", ")} not found in ${folders.join(" or ")}; ${why}`
  })

const unreadable = (cause: { readonly message: string }) =>
  new KubeBinariesUnavailable({ missing: [], message: `cannot look for the Kubernetes binaries: ${cause.message}` })

const searchFolders = Effect.gen(function* () {
  const cache = yield* cacheFolder
  const assets = yield* assetsFolder
  return { cache, folders: [...Option.toArray(assets), cache] }
}).pipe(Effect.mapError(unreadable))

/** The binaries as they are; builds nothing. */
export const locate: Effect.Effect<KubeBinaries, KubeBinariesUnavailable> = Effect.gen(function* () {
  const { folders } = yield* searchFolders
  const binaries = yield* found(folders)
  const complete = Option.all(binaries)
  if (Option.isSome(complete)) return complete.value
  return yield* unavailable(missingIn(binaries), folders, "they are built by `KubeBinaries.ensure` where Go is")
}).pipe(Effect.provide(NodeServices.layer))

/**
 * The binaries, built into the cache if they are nowhere: minutes when cold, seconds with a warm Go build cache. Safe to
 * run from several processes at once: one builds, the others wait for it.
 */
export const ensure: Effect.Effect<KubeBinaries, KubeBinariesUnavailable> = Effect.gen(function* () {
  const { cache, folders } = yield* searchFolders
  const present = Option.all(yield* found(folders))
  if (Option.isSome(present)) return present.value
  const fs = yield* FileSystem.FileSystem
  const goModule = yield* GoModule
  yield* fs.makeDirectory(cache, { recursive: true }).pipe(Effect.mapError(unreadable))
  return yield* Effect.gen(function* () {
    yield* BuildLock.acquire(cache).pipe(Effect.mapError(unreadable))
    // Looked at again under the lock: another process may have built them meanwhile.
    const missing = missingIn(yield* found(folders))
    for (const { name, goPackage } of missing) {
      yield* goBuild({ name, goPackage, goModule, folder: cache }).pipe(
        Effect.mapError((error) => unavailable(missing, folders, error.message))
      )
    }
    return yield* locate
  }).pipe(Effect.scoped)
}).pipe(Effect.provide(NodeServices.layer))

const inCi = Config.String("CI").pipe(
  Config.withDefault(""),
  Config.map((value) => !["", "0", "false"].includes(value))
)

/**
 * What a test file asks at its top level: whether to skip its tests, and a note for their names that says why. In CI
 * (`CI` set) it fails instead, so that a green run there always means that the tests ran.
 */
export const forTests: Effect.Effect<
  { readonly skip: boolean; readonly note: string },
  KubeBinariesUnavailable | Config.ConfigError
> = Effect.gen(function* () {
  const binaries = yield* Effect.result(locate)
  if (binaries._tag === "Success") return { skip: false, note: "" }
  if (yield* inCi) return yield* binaries.failure
  const { message, missing } = binaries.failure
  return { skip: true, note: ` (skipped: ${missing.length === 0 ? message : `no ${missing.join(", ")}`})` }
})
