/**
 * Two ways to one API server, by a name that has two addresses: as a cluster's endpoint has where several nodes answer for it.
 */
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import { KubeCluster } from "../kubernetes/KubeCluster.ts"
import * as Kubeconfig from "../kubernetes/Kubeconfig.ts"
import * as TcpPath from "../kubernetes/TcpPath.ts"
import * as Stage from "./Stage.ts"

/** In the API server's certificate. */
const name = "localhost"
const nameServer = fileURLToPath(new URL("./NameServer.cjs", import.meta.url))

/** @param hosts addresses on loopback; the name's server gives them in this order, so that the first is used as long as it answers */
export const make = Effect.fn("TwoPaths.make")(function* (hosts: readonly [string, string]) {
  const access = yield* (yield* KubeCluster).accessFor({ serviceAccount: Stage.serviceAccount })
  const to = { host: "127.0.0.1", port: Number(new URL(access.server).port) }
  const first = yield* TcpPath.make({ listen: { host: hosts[0], port: 0 }, to })
  const second = yield* TcpPath.make({ listen: { host: hosts[1], port: first.port }, to })
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(yield* fs.makeTempDirectoryScoped({ prefix: "two-paths-" }), "kubeconfig")
  yield* fs.writeFileString(file, Kubeconfig.render({ ...access, server: `https://${name}:${first.port}` }), {
    mode: 0o600
  })
  return {
    first,
    second,
    /** What a controller has to be told to go these ways. */
    environment: {
      KUBECONFIG: file,
      NODE_OPTIONS: `--require=${nameServer}`,
      NAME_SERVER_NAME: name,
      NAME_SERVER_ADDRESSES: hosts.join(",")
    }
  }
}, Effect.provide(NodeServices.layer))
