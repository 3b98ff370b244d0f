/**
 * The real helm as a function.
 */
import { fileURLToPath } from "node:url"
import * as HelmBinary from "@netcup-failover/testing/kubernetes/HelmBinary"
import * as ProcessOutput from "@netcup-failover/testing/kubernetes/ProcessOutput"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Schema from "effect/Schema"

/** helm said no; `message` is its stderr, or what lint printed. */
export class HelmFailed extends Schema.TaggedError<HelmFailed>()("HelmFailed", { message: Schema.String }) {}

/** The chart's folder. */
export const chart = fileURLToPath(new URL("./netcup-failover-controller", import.meta.url))

/** Runs helm and gives its stdout. No setting of the developer's own reaches it. */
export const run = Effect.fn("Helm.run")(function* (args: ReadonlyArray<string>) {
  const { helm } = yield* HelmBinary.locate
  const home = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped({ prefix: "helm-" })
  const child = yield* ChildProcess.make(helm, [...args], {
    env: { HOME: home },
    stdin: "ignore",
    killSignal: "SIGKILL"
  })
  const { stdout, stderr, code } = yield* ProcessOutput.collect(child)
  if (code !== 0) return yield* new HelmFailed({ message: `${stderr}${stdout}`.trim() })
  return stdout
}, Effect.scoped)

/** The newest that we test with: without a cluster helm would take a version that is long gone. */
const kubeVersion = ["--kube-version", "1.36.3"]

/** The objects of a fresh release, as YAML. */
export const template = (args: ReadonlyArray<string>) =>
  run(["template", "netcup-failover-controller", chart, ...kubeVersion, ...args])

export const lint = (args: ReadonlyArray<string>) => run(["lint", "--strict", chart, ...kubeVersion, ...args])

/** What the plain manifests are made of. */
export const manifests = template(["--no-hooks"])
