/**
 * A place as the container's: nothing but loopback, a file system of the image's files alone that cannot be written, a user
 * without rights, and no variable but those that are given. It takes root to make one.
 */
import { connect, createServer, type Socket } from "node:net"
import { fileURLToPath } from "node:url"
import * as ImageEntry from "@netcup-failover/testing/stage/ImageEntry"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"

const bundle = fileURLToPath(new URL("../dist/main.cjs", import.meta.url))

/**
 * Run in new network and mount namespaces: binds Node and what it is linked to into the root, listens at the ports of the relays,
 * makes the root read-only, and becomes the user.
 */
const enter = `
set -eu
node=$1 root=$2 user=$3; shift 3
ip link set lo up
mount --bind "$root" "$root"
for file in $(ldd "$node" | grep -o '/[^ ]*'); do
  mkdir -p "$root$(dirname "$file")"
  cp -L "$file" "$root$file"
done
mkdir -p "$root/nodejs/bin"
touch "$root/nodejs/bin/node"
mount --bind "$node" "$root/nodejs/bin/node"
for socket in "$root"/relay/*; do
  [ -S "$socket" ] || continue
  "$node" -e '
    const net = require("node:net")
    const [socket, port] = process.argv.slice(1)
    const server = net.createServer((near) => {
      const far = net.connect(socket)
      near.pipe(far).pipe(near)
      near.on("error", () => far.destroy())
      far.on("error", () => near.destroy())
    })
    server.listen(Number(port), "127.0.0.1", () => require("node:fs").writeFileSync(socket + "-up", ""))
  ' "$socket" "$(basename "$socket")" &
  until [ -e "$socket-up" ]; do sleep 0.05; done
done
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs chroot --userspec="$user" --groups= "$root" "$@"
`

const joined = (near: Socket, far: Socket) => {
  near.pipe(far).pipe(near)
  near.on("error", () => far.destroy())
  far.on("error", () => near.destroy())
}

/** A port of our loopback as a socket in the file system, which is not parted by network namespaces. */
const relay = (path: string, port: number) =>
  Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const server = createServer((near) => joined(near, connect(port, "127.0.0.1")))
      server.listen(path, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  )

export interface Options {
  /** Ports of our loopback that are there inside too, under the same numbers. */
  readonly ports: ReadonlyArray<number>
  /** What a Deployment would mount, by path. */
  readonly files: Readonly<Record<string, string>>
  readonly environment: Readonly<Record<string, string>>
}

/** Starts the image's entry point; `script` instead of the bundle: JavaScript, run in the same place by the same flags. */
export const start = Effect.fn("Container.start")(function* (options: Options, script?: string) {
  const fs = yield* FileSystem.FileSystem
  const image = yield* ImageEntry.read
  const root = yield* fs.makeTempDirectoryScoped({ prefix: "image-" })
  yield* fs.chmod(root, 0o755)
  for (const folder of ["/app", "/relay", "/etc"]) yield* fs.makeDirectory(`${root}${folder}`)
  yield* fs.copyFile(bundle, `${root}${image.bundle}`)
  for (const [path, text] of Object.entries(options.files)) yield* fs.writeFileString(`${root}${path}`, text)
  for (const port of options.ports) yield* relay(`${root}/relay/${port}`, port)

  const inside = ["/nodejs/bin/node", ...image.flags, ...(script === undefined ? [image.bundle] : ["-e", script])]
  const user = `${image.user.uid}:${image.user.gid}`
  const child = yield* ChildProcess.make(
    "unshare",
    [
      "--net",
      "--mount",
      "--pid",
      "--fork",
      "--kill-child",
      "sh",
      "-c",
      enter,
      "sh",
      process.execPath,
      root,
      user,
      ...inside
    ],
    {
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...image.environment, ...options.environment },
      extendEnv: false,
      stdin: "ignore",
      killSignal: "SIGKILL"
    }
  )
  const log = yield* Ref.make("")
  yield* child.all.pipe(
    Stream.decodeText,
    Stream.runForEach((text) => Ref.update(log, (before) => before + text)),
    Effect.ignore,
    Effect.forkScoped
  )
  return { log: Ref.get(log), exitCode: child.exitCode }
})
