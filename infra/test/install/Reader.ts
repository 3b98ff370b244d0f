/**
 * Who follows the docs: a shell in the repository with the tools that the docs ask for, on the cluster and the simulated netcup.
 */
import * as HelmBinary from "@netcup-failover/testing/kubernetes/HelmBinary"
import * as KubeBinaries from "@netcup-failover/testing/kubernetes/KubeBinaries"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as ProcessOutput from "@netcup-failover/testing/kubernetes/ProcessOutput"
import type { DeviceLevers } from "@netcup-failover/testing/netcup/LoginDevices"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Guide from "./Guide.ts"

/** A command that the docs say to type failed. */
export class CommandFailed extends Schema.TaggedError<CommandFailed>()("CommandFailed", { message: Schema.String }) {}

interface Netcup {
  /** Where netcup is, as the controller's and the tool's settings. */
  readonly environment: Readonly<Record<string, string>>
  readonly devices: DeviceLevers
}

/** The one thing that the docs don't say: that netcup is a simulator here. */
const helmOf = (helm: string, values: string) => `#!/bin/sh
case $1 in install) set -- "$@" -f ${values} ;; esac
exec ${helm} "$@"
`

const withinPatience = <A, E, R>(effect: Effect.Effect<A, E, R | Scope.Scope>, command: string) =>
  Effect.scoped(effect).pipe(
    Effect.timeoutOrElse({
      duration: "100 seconds",
      orElse: () => new CommandFailed({ message: `${command}\ndid not end in time` })
    })
  )

/** Gives a function that runs a command and gives what it printed. It allows each login at netcup that a command asks for. */
export const make = Effect.fn("Reader.make")(function* ({ devices, environment }: Netcup) {
  const fs = yield* FileSystem.FileSystem
  const { kubeconfig } = yield* KubeCluster
  const { kubectl } = yield* KubeBinaries.locate
  const { helm } = yield* HelmBinary.locate
  const home = yield* fs.makeTempDirectoryScoped({ prefix: "reader-" })
  // A clone of their own, since some commands write files.
  const clone = `${home}/clone`
  for (const folder of ["bin", "clone"]) yield* fs.makeDirectory(`${home}/${folder}`)
  for (const name of ["apps", "docs", "infra"]) yield* fs.symlink(`${Guide.root}/${name}`, `${clone}/${name}`)
  yield* fs.symlink(kubectl, `${home}/bin/kubectl`)
  yield* fs.writeFileString(`${home}/values.yaml`, JSON.stringify({ settings: environment }))
  const write = (name: string, text: string) => fs.writeFileString(`${home}/bin/${name}`, text, { mode: 0o755 })
  yield* write("helm", helmOf(helm, `${home}/values.yaml`))
  yield* write("netcup-failover", `#!/bin/sh\nexec ${process.execPath} ${Guide.root}/apps/cli/dist/main.mjs "$@"\n`)

  yield* devices.pending.pipe(
    Effect.flatMap((codes) => Effect.forEach(codes, (code) => devices.approve(code))),
    Effect.repeat(Schedule.spaced("200 millis")),
    Effect.forkScoped
  )

  return Effect.fn("Reader.run")(function* (command: string) {
    const shell = yield* ChildProcess.make("/bin/sh", ["-ec", command], {
      cwd: clone,
      env: { ...environment, HOME: home, KUBECONFIG: kubeconfig, PATH: `${home}/bin:/usr/bin:/bin` },
      extendEnv: false,
      stdin: "ignore",
      killSignal: "SIGKILL"
    })
    const { stdout, stderr, code } = yield* ProcessOutput.collect(shell)
    if (code !== 0) return yield* new CommandFailed({ message: `${command}\n${stderr}${stdout}`.trim() })
    return stdout
  }, withinPatience)
})
