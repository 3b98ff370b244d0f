/**
 * Builds one binary of a Go module.
 */
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

/** `message` ends with the last lines that Go wrote. */
class GoBuildFailed extends Schema.TaggedError<GoBuildFailed>()("GoBuildFailed", { message: Schema.String }) {}

/** The version that Kubernetes' binaries are told they are; without it they say v0.0.0, which some clients refuse. */
const kubernetesVersion = (goMod: string) => /^\s*k8s\.io\/kubernetes (v\S+)/m.exec(goMod)?.[1] ?? "v0.0.0"

const failed = (name: string, why: string) => new GoBuildFailed({ message: `${name} could not be built: ${why}` })

/**
 * Builds `goPackage` of the module in `goModule` into `folder/name`. The file appears whole or not at all. Logs its
 * progress, for a cold build of kube-apiserver takes minutes.
 */
export const goBuild = Effect.fn("GoBuild.goBuild")(
  function* (target: {
    readonly name: string
    readonly goPackage: string
    readonly goModule: string
    readonly folder: string
    readonly tags: ReadonlyArray<string>
  }) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const goMod = yield* fs.readFileString(path.join(target.goModule, "go.mod"))
    const temporary = yield* fs.makeTempDirectoryScoped({ directory: target.folder, prefix: ".build-" })
    const output = path.join(temporary, target.name)
    const startedAt = yield* Clock.currentTimeMillis
    yield* Effect.logInfo(`building ${target.name}: minutes when nothing is cached, else seconds`)

    const go = yield* ChildProcess.make(
      "go",
      [
        "build",
        "-v",
        "-trimpath",
        `-tags=${target.tags.join(",")}`,
        `-ldflags=-s -w -X k8s.io/component-base/version.gitVersion=${kubernetesVersion(goMod)}`,
        "-o",
        output,
        target.goPackage
      ],
      {
        cwd: target.goModule,
        // Named here so that Go is looked for on the PATH that the configuration gives.
        env: { CGO_ENABLED: "0", PATH: yield* Config.String("PATH") },
        extendEnv: true,
        stdin: "ignore",
        forceKillAfter: "5 seconds"
      }
    )
    // With -v Go names each package as it compiles it; the rest of what it says are downloads and errors.
    const tail: Array<string> = []
    let lines = 0
    const read = Stream.runForEach(Stream.splitLines(Stream.decodeText(go.all)), (line) =>
      Effect.sync(() => {
        lines += 1
        tail.push(line)
        if (tail.length > 20) tail.shift()
      })
    )
    yield* Effect.forkScoped(
      Effect.suspend(() => Effect.logInfo(`building ${target.name}: ${lines} packages so far`)).pipe(
        Effect.delay("20 seconds"),
        Effect.repeat(Schedule.forever)
      )
    )
    yield* read
    const code = yield* go.exitCode
    if (code !== 0) return yield* failed(target.name, `go build ended with ${code}: ${tail.join("\n")}`)
    yield* fs.rename(output, path.join(target.folder, target.name))
    const seconds = Math.round(((yield* Clock.currentTimeMillis) - startedAt) / 1000)
    yield* Effect.logInfo(`built ${target.name} in ${seconds} s`)
  },
  Effect.scoped,
  (effect, { name }) =>
    effect.pipe(
      Effect.catchTags({
        PlatformError: (error) =>
          Effect.fail(
            failed(
              name,
              error.reason._tag === "NotFound" && error.reason.module === "ChildProcess"
                ? "there is no `go` on the PATH"
                : error.message
            )
          ),
        ConfigError: (error) => Effect.fail(failed(name, error.message))
      })
    )
)
