/**
 * A place as a container's: a network and processes of its own, a file system of the image's files alone, a user without rights,
 * and no variable but those that are given. It takes root to make one.
 */
import { request } from "node:http"
import { connect, createServer, type Socket } from "node:net"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as ImageEntry from "./ImageEntry.ts"

const bundle = fileURLToPath(new URL("../../../../apps/controller/dist/main.cjs", import.meta.url))

/** What the container's process was asked did not come back. */
export class NoAnswer extends Schema.TaggedError<NoAnswer>()("NoAnswer", { message: Schema.String }) {}

/** Joins what listens to what is connected to; stays outside of the root, and ends with the container. */
const join = `
const { connect, createServer } = require("node:net")
const [up, ...links] = process.argv.slice(1)
const listening = links.map((link) => {
  const { at, to } = JSON.parse(link)
  const server = createServer((near) => {
    const far = connect(to)
    near.pipe(far).pipe(near)
    near.on("error", () => far.destroy())
    far.on("error", () => near.destroy())
  })
  return new Promise((resolve) => server.listen(at, resolve))
})
// Not a file: one that is being written keeps the root from becoming read-only.
Promise.all(listening).then(() => require("node:fs").mkdirSync(up))
`

/**
 * Run in new network, process and mount namespaces: gives loopback the addresses, binds Node and what it is linked to into the root,
 * joins the links, makes the root read-only, and becomes the user. LINKS has a link a line.
 */
const enter = `
set -eu
node=$1 root=$2 user=$3 writable=$4; shift 4
ip link set lo up
for address in $ADDRESSES; do ip address add "$address/32" dev lo; done
mount --bind "$root" "$root"
for file in $(ldd "$node" | grep -o '/[^ ]*'); do
  mkdir -p "$root$(dirname "$file")"
  cp -L "$file" "$root$file"
done
mount -t proc proc "$root/proc"
mkdir -p "$root/nodejs/bin"
touch "$root/nodejs/bin/node"
mount --bind "$node" "$root/nodejs/bin/node"
if [ -n "$LINKS" ]; then
  (IFS='
'; exec "$node" -e "$JOIN" "$root/links/up" $LINKS) &
  until [ -e "$root/links/up" ]; do sleep 0.05; done
fi
unset ADDRESSES LINKS JOIN
[ "$writable" = yes ] || mount -o remount,bind,ro "$root"
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

/** An IPv4 address and port inside, and what is there: a port of our loopback, or a socket of another container. */
export interface Route {
  readonly host: string
  readonly port: number
  readonly to: number | string
}

/** Ports of our loopback that are there inside too, under the same numbers. */
export const sameAs = (ports: Iterable<number>): ReadonlyArray<Route> =>
  Array.from(ports, (port) => ({ host: "127.0.0.1", port, to: port }))

export interface Options {
  /** Default: the image's entry point. */
  readonly command?: ReadonlyArray<string> | undefined
  readonly args?: ReadonlyArray<string> | undefined
  /** Default: the image's. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  /** Whether its own files can be written; not by default. */
  readonly writable?: boolean | undefined
  /** All of the network that there is. */
  readonly routes: ReadonlyArray<Route>
  /** Ports that the process listens at, which we may ask. */
  readonly listens?: ReadonlyArray<number> | undefined
  /** What is mounted, by path. */
  readonly files: Readonly<Record<string, string>>
  readonly environment: Readonly<Record<string, string>>
}

export interface Container {
  /** Everything written to stdout and stderr so far. */
  readonly log: Effect.Effect<string>
  /** The exit code, once it has ended; `undefined` after a signal that it could not answer. */
  readonly exitCode: Effect.Effect<number | undefined>
  /** Sends a signal to its first process. */
  readonly kill: (signal: "SIGTERM" | "SIGKILL") => Effect.Effect<void>
  /** What a port of it answers to a GET. */
  readonly get: (
    port: number,
    path: string
  ) => Effect.Effect<{ readonly status: number; readonly body: string }, NoAnswer>
  /** The socket that leads to a port of it, for a {@link Route}. */
  readonly socket: (port: number) => string
}

/** Starts it; kills it when the scope ends. */
export const start = Effect.fn("Container.start")(function* (options: Options) {
  const { args = [], environment, files, listens = [], routes } = options
  const fs = yield* FileSystem.FileSystem
  const image = yield* ImageEntry.read
  const { uid, gid } = options.user ?? image.user
  const root = yield* fs.makeTempDirectoryScoped({ prefix: "image-" })
  yield* fs.chmod(root, 0o755)
  for (const folder of ["/app", "/etc", "/links", "/proc"]) yield* fs.makeDirectory(`${root}${folder}`)
  yield* fs.copyFile(bundle, `${root}${image.bundle}`)
  for (const [path, text] of Object.entries(files)) {
    yield* fs.makeDirectory(`${root}${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true })
    yield* fs.writeFileString(`${root}${path}`, text)
  }
  const socket = (port: number) => `${root}/links/in-${port}`
  const links = listens.map((port) => ({ at: { path: socket(port) }, to: { host: "127.0.0.1", port } })).map(json)
  for (const [i, { host, port, to }] of routes.entries()) {
    const path = typeof to === "string" ? to : `${root}/links/out-${i}`
    if (typeof to === "number") yield* relay(path, to)
    links.push(json({ at: { host, port }, to: { path } }))
  }
  const addresses = new Set(routes.map(({ host }) => host).filter((host) => !host.startsWith("127.")))

  const command = options.command ?? ["/nodejs/bin/node", ...image.flags, image.bundle]
  const child = yield* ChildProcess.make(
    "unshare",
    [
      ...["--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", enter, "sh"],
      ...[process.execPath, root, `${uid}:${gid}`, options.writable === true ? "yes" : "no"],
      ...[...command, ...args]
    ],
    {
      env: {
        PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
        ADDRESSES: [...addresses].join(" "),
        LINKS: links.join("\n"),
        JOIN: join,
        ...image.environment,
        ...environment
      },
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
  const container: Container = {
    log: Ref.get(log),
    exitCode: child.exitCode.pipe(Effect.orElseSucceed(() => undefined)),
    kill: (signal) =>
      fs.readFileString(`/proc/${child.pid}/task/${child.pid}/children`).pipe(
        Effect.flatMap((pid) => Effect.try(() => process.kill(Number(pid.trim()), signal))),
        // It has ended already.
        Effect.ignore
      ),
    get: (port, path) => ask(socket(port), path),
    socket
  }
  return container
})

const json = (link: object) => JSON.stringify(link)

const ask = (socketPath: string, path: string) =>
  Effect.callback<{ readonly status: number; readonly body: string }, NoAnswer>((resume, signal) => {
    const fail = (error: Error) => resume(Effect.fail(new NoAnswer({ message: `${path}: ${error.message}` })))
    request({ socketPath, path, signal, agent: false }, (response) => {
      const chunks: Array<string> = []
      response.setEncoding("utf8")
      response.on("data", (chunk: string) => chunks.push(chunk))
      response.on("error", fail)
      response.on("end", () => resume(Effect.succeed({ status: response.statusCode ?? 0, body: chunks.join("") })))
    })
      .on("error", fail)
      .end()
  }).pipe(
    Effect.timeoutOrElse({
      duration: "5 seconds",
      orElse: () => new NoAnswer({ message: `${path}: no answer in time` })
    })
  )
