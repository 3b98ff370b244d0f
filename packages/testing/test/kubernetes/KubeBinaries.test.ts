import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { GoBinariesUnavailable } from "@netcup-failover/testing/kubernetes/GoBinaries"
import * as KubeBinaries from "@netcup-failover/testing/kubernetes/KubeBinaries"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as References from "effect/References"

const patience = 60_000
const names = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"] as const

/** Stands for Go: notes each call in `calls`, takes a moment, and writes an executable where `-o` says. */
const fakeGo = `#!/bin/sh
echo "$CGO_ENABLED $*" >> calls
while [ "$1" != -o ]; do shift; done
sleep 0.2
echo compiled >&2
echo '#!/bin/sh' > "$2"
chmod +x "$2"
`
const failingGo = `#!/bin/sh
echo "go: no route to the module proxy" >&2
exit 1
`

/** A home, a Go module and an assets folder of our own, all empty of binaries. */
const world = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const root = yield* fs.makeTempDirectoryScoped()
  const at = (path: string) => `${root}/${path}`
  for (const folder of ["home", "assets", "bin", "module"]) yield* fs.makeDirectory(at(folder))
  yield* fs.writeFileString(at("module/go.mod"), "module m\n\nrequire (\n\tk8s.io/kubernetes v1.36.3\n)\n")
  yield* fs.writeFileString(at("module/go.sum"), "")
  const executable = (path: string, text = "#!/bin/sh\n") => fs.writeFileString(at(path), text, { mode: 0o755 })
  const given =
    (env: Record<string, string>) =>
    <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      effect.pipe(
        Effect.provideService(KubeBinaries.GoModule, at("module")),
        Effect.provideService(References.MinimumLogLevel, "Warn"),
        Effect.provide(
          ConfigProvider.layer(
            ConfigProvider.fromEnvRecord({ HOME: at("home"), PATH: `${at("bin")}:/usr/bin:/bin`, ...env })
          )
        )
      )
  return { fs, at, executable, given }
})

layer(NodeServices.layer, { excludeTestServices: true })("KubeBinaries", (it) => {
  it.effect(
    "takes what is in KUBEBUILDER_ASSETS first, and from the cache what is missing there",
    () =>
      Effect.gen(function* () {
        const { at, executable, fs, given } = yield* world
        yield* executable("bin/go", fakeGo)
        const built = yield* KubeBinaries.ensure.pipe(given({ XDG_CACHE_HOME: at("cache") }))
        for (const name of names) assert.isTrue(built[name].startsWith(at("cache/netcup-failover-controller/")))
        for (const name of ["etcd", "kube-apiserver", "kubectl"]) yield* executable(`assets/${name}`)
        const found = yield* KubeBinaries.locate.pipe(
          given({ XDG_CACHE_HOME: at("cache"), KUBEBUILDER_ASSETS: at("assets") })
        )
        assert.deepStrictEqual(found, {
          etcd: at("assets/etcd"),
          "kube-apiserver": at("assets/kube-apiserver"),
          "kube-controller-manager": built["kube-controller-manager"],
          kubectl: at("assets/kubectl")
        })
        assert.include(yield* fs.readFileString(at("module/calls")), "0 build ")
      }).pipe(Effect.scoped),
    patience
  )

  it.effect(
    "takes a file that can't be executed, or a folder, for no binary",
    () =>
      Effect.gen(function* () {
        const { at, executable, fs, given } = yield* world
        for (const name of ["kube-apiserver", "kubectl"]) yield* executable(`assets/${name}`)
        yield* fs.writeFileString(at("assets/etcd"), "", { mode: 0o644 })
        yield* fs.makeDirectory(at("assets/kube-controller-manager"))
        const failure = yield* Effect.flip(KubeBinaries.locate.pipe(given({ KUBEBUILDER_ASSETS: at("assets") })))
        assert.match(failure.message, /^etcd, kube-controller-manager not found in /)
      }).pipe(Effect.scoped),
    patience
  )

  it.effect(
    "says which are missing and where it looked, and builds nothing while locating",
    () =>
      Effect.gen(function* () {
        const { at, executable, fs, given } = yield* world
        yield* executable("bin/go", fakeGo)
        const failure = yield* Effect.flip(KubeBinaries.locate.pipe(given({ KUBEBUILDER_ASSETS: at("assets") })))
        assert.instanceOf(failure, GoBinariesUnavailable)
        assert.include(failure.message, names.join(", "))
        assert.include(failure.message, at("assets"))
        assert.include(failure.message, at("home/.cache/netcup-failover-controller/kube-binaries"))
        assert.isFalse(yield* fs.exists(at("module/calls")))
      }).pipe(Effect.scoped),
    patience
  )

  it.effect(
    "builds only what is missing, each with its package and the version of go.mod",
    () =>
      Effect.gen(function* () {
        const { at, executable, fs, given } = yield* world
        yield* executable("bin/go", fakeGo)
        for (const name of ["etcd", "kube-controller-manager", "kubectl"]) yield* executable(`assets/${name}`)
        const env = { KUBEBUILDER_ASSETS: at("assets") }
        const built = yield* KubeBinaries.ensure.pipe(given(env))
        assert.deepStrictEqual(yield* KubeBinaries.locate.pipe(given(env)), built)
        yield* KubeBinaries.ensure.pipe(given(env))
        const calls = (yield* fs.readFileString(at("module/calls"))).trimEnd().split("\n")
        assert.strictEqual(calls.length, 1)
        assert.match(calls[0] ?? "", / k8s\.io\/kubernetes\/cmd\/kube-apiserver$/)
        assert.include(calls[0], "-X k8s.io/component-base/version.gitVersion=v1.36.3")
      }).pipe(Effect.scoped),
    patience
  )

  it.effect(
    "keeps another cache for other versions",
    () =>
      Effect.gen(function* () {
        const { at, executable, fs, given } = yield* world
        yield* executable("bin/go", fakeGo)
        const before = yield* KubeBinaries.ensure.pipe(given({}))
        yield* fs.writeFileString(at("module/go.sum"), "k8s.io/kubernetes v1.36.4 h1:x=\n")
        assert.strictEqual((yield* Effect.flip(KubeBinaries.locate.pipe(given({}))))._tag, "GoBinariesUnavailable")
        const after = yield* KubeBinaries.ensure.pipe(given({}))
        assert.notStrictEqual(after.etcd, before.etcd)
      }).pipe(Effect.scoped),
    patience
  )

  it.effect(
    "builds once when several ask at once, and leaves nothing but the binaries",
    () =>
      Effect.gen(function* () {
        const { at, executable, fs, given } = yield* world
        yield* executable("bin/go", fakeGo)
        const ask = KubeBinaries.ensure.pipe(given({ XDG_CACHE_HOME: at("cache") }))
        yield* Effect.all([ask, ask, ask], { concurrency: "unbounded" })
        const calls = (yield* fs.readFileString(at("module/calls"))).trimEnd().split("\n")
        assert.strictEqual(calls.length, names.length)
        const [key = ""] = yield* fs.readDirectory(at("cache/netcup-failover-controller/kube-binaries"))
        const files = yield* fs.readDirectory(at(`cache/netcup-failover-controller/kube-binaries/${key}`))
        assert.deepStrictEqual(files.toSorted(), [...names])
      }).pipe(Effect.scoped),
    patience
  )

  it.effect(
    "takes over the lock of a builder that died",
    () =>
      Effect.gen(function* () {
        const { at, executable, fs, given } = yield* world
        yield* executable("bin/go", fakeGo)
        const ask = KubeBinaries.ensure.pipe(given({ XDG_CACHE_HOME: at("cache") }))
        const { etcd } = yield* ask
        yield* fs.remove(etcd)
        const lock = etcd.replace(/etcd$/, ".lock")
        yield* fs.writeFileString(lock, "")
        yield* fs.utimes(lock, new Date(0), new Date(0))
        assert.strictEqual((yield* ask).etcd, etcd)
      }).pipe(Effect.scoped),
    patience
  )

  it.effect(
    "is unavailable, and says so, without Go",
    () =>
      Effect.gen(function* () {
        const { at, given } = yield* world
        const failure = yield* Effect.flip(KubeBinaries.ensure.pipe(given({ PATH: at("bin") })))
        assert.strictEqual(failure._tag, "GoBinariesUnavailable")
        assert.include(failure.message, "there is no `go` on the PATH")
      }).pipe(Effect.scoped),
    patience
  )

  it.effect(
    "is unavailable, with what Go said, when the build fails",
    () =>
      Effect.gen(function* () {
        const { executable, given } = yield* world
        yield* executable("bin/go", failingGo)
        const failure = yield* Effect.flip(KubeBinaries.ensure.pipe(given({})))
        assert.match(
          failure.message,
          /etcd could not be built: go build ended with 1: go: no route to the module proxy$/
        )
      }).pipe(Effect.scoped),
    patience
  )

  it.effect(
    "is unavailable, not broken, when there is no Go module to build from",
    () =>
      Effect.gen(function* () {
        const { at, fs, given } = yield* world
        yield* fs.remove(at("module/go.sum"))
        assert.strictEqual((yield* Effect.flip(KubeBinaries.ensure.pipe(given({}))))._tag, "GoBinariesUnavailable")
      }).pipe(Effect.scoped),
    patience
  )

  it.effect(
    "has tests skipped with the reason in their names, but fails them in CI",
    () =>
      Effect.gen(function* () {
        const { at, executable, given } = yield* world
        const env = { KUBEBUILDER_ASSETS: at("assets") }
        for (const CI of ["", "0", "false"]) {
          const { note, skip } = yield* KubeBinaries.forTests.pipe(given({ ...env, CI }))
          assert.isTrue(skip)
          assert.strictEqual(note, ` (skipped: no ${names.join(", ")})`)
        }
        for (const CI of ["true", "1", "woodpecker"]) {
          const failure = yield* Effect.flip(KubeBinaries.forTests.pipe(given({ ...env, CI })))
          assert.strictEqual(failure._tag, "GoBinariesUnavailable")
        }
        for (const name of names) yield* executable(`assets/${name}`)
        for (const CI of ["", "true"]) {
          assert.deepStrictEqual(yield* KubeBinaries.forTests.pipe(given({ ...env, CI })), { skip: false, note: "" })
        }
      }).pipe(Effect.scoped),
    patience
  )
})
