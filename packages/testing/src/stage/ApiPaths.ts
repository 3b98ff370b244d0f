/**
 * Several control planes as a controller sees them: one API server behind a path each, that can die one by one, found by a name
 * with all their addresses or by one address from which each connection goes to another of them.
 */
import * as Net from "node:net"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import { KubeCluster } from "../kubernetes/KubeCluster.ts"
import * as Kubeconfig from "../kubernetes/Kubeconfig.ts"
import * as TcpPath from "../kubernetes/TcpPath.ts"
import { listen } from "../Loopback.ts"
import * as Stage from "./Stage.ts"

/** What the API server's certificate says. */
const name = "kubernetes.default.svc"

/** Run by a process before all else: the name's server, which says the same each time, the dead first. */
const nameServer = (addresses: ReadonlyArray<string>) => `
const dns = require("node:dns")
const lookup = dns.lookup
const found = ${JSON.stringify(addresses.map((address) => ({ address, family: 4 })))}
dns.lookup = (name, options, callback) =>
  name === ${JSON.stringify(name)} && options.all === true
    ? process.nextTick(callback, null, [...found])
    : lookup(name, options, callback)
`

/** As many paths as asked for, on 127.0.2.1 and on. */
export const make = Effect.fn("ApiPaths.make")(function* (count: number) {
  const { accessFor } = yield* KubeCluster
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const access = yield* accessFor({ serviceAccount: Stage.serviceAccount })
  const to = { host: "127.0.0.1", port: Number(new URL(access.server).port) }
  const paths: Array<TcpPath.TcpPath> = []
  for (let n = 1; n <= count; n++) {
    paths.push(yield* TcpPath.make({ listen: { host: `127.0.2.${n}`, port: paths[0]?.port ?? 0 }, to }))
  }
  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "api-paths-" })
  const write = Effect.fnUntraced(function* (file: string, text: string) {
    yield* fs.writeFileString(path.join(folder, file), text, { mode: 0o600 })
    return path.join(folder, file)
  })

  /** The environment of a controller that finds them by name, in this order. */
  const byName = Effect.gen(function* () {
    const resolver = yield* write("name-server.cjs", nameServer(paths.map(({ host }) => host)))
    const server = `https://${name}:${paths[0]?.port}`
    return {
      KUBECONFIG: yield* write("by-name", Kubeconfig.render({ ...access, server })),
      NODE_OPTIONS: `--require=${resolver}`
    }
  })

  /** The environment of one that has the address of a Service: each connection goes to the next path, dead ones too. */
  const byService = Effect.gen(function* () {
    let next = 0
    const open = new Set<Net.Socket>()
    const service = Net.createServer({ noDelay: true }, (socket) => {
      const { host, port } = paths[next++ % paths.length] ?? to
      const onward = Net.connect({ host, port, noDelay: true })
      for (const [from, into] of [
        [socket, onward],
        [onward, socket]
      ] as const) {
        open.add(from)
        from.on("error", () => into.destroy()).on("close", () => open.delete(from))
        from.pipe(into)
      }
    })
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        service.close()
        for (const socket of open) socket.destroy()
      })
    )
    const server = `https://127.0.0.1:${yield* listen(service, 0)}`
    return { KUBECONFIG: yield* write("by-service", Kubeconfig.render({ ...access, server })) }
  })

  return { paths, byName, byService }
}, Effect.provide(NodeServices.layer))
