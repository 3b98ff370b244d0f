/**
 * A server at netcup with a kubelet on it, as a node that can be switched off: heartbeats, the kubelet's port and what netcup says.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { FakeKubelet } from "../kubernetes/FakeKubelet.ts"
import type * as NetcupState from "../netcup/NetcupState.ts"
import * as NodePort from "./NodePort.ts"
import type * as Stage from "./Stage.ts"

/** When a node went away, in ms since the epoch. */
export interface PowerOff {
  readonly at: number
  /** When its Lease was renewed last, by its own word. */
  readonly heartbeatAt: number
}

export interface PoweredNode extends FakeKubelet {
  readonly server: string
  readonly port: NodePort.NodePort
  /** The power fails: no heartbeats, and the port swallows. `word`: netcup says so of the server in the same moment. */
  readonly powerOff: (word?: NetcupState.ServerState) => Effect.Effect<PowerOff>
  /** The machine is back, with its kubelet. */
  readonly powerOn: Effect.Effect<void>
  /** The kubelet ends and the host goes on: no heartbeats, and the port refuses. */
  readonly stopKubelet: Effect.Effect<PowerOff>
  readonly startKubelet: Effect.Effect<void>
  readonly netcupSays: (state: NetcupState.ServerState) => Effect.Effect<void>
}

interface PoweredNodeOptions extends Omit<Stage.NodeOptions, "port" | "server"> {
  /** On loopback, no other node's. */
  readonly host: string
  readonly server: string
}

/** Ready, heartbeating, answering, until the scope ends. */
export const make = Effect.fn("PoweredNode.make")(function* (
  stage: Effect.Success<ReturnType<typeof Stage.make>>,
  name: string,
  { host, ...options }: PoweredNodeOptions
) {
  const port = yield* NodePort.make(host)
  const kubelet = yield* stage.addNode(name, { ...options, port })
  const { server } = options

  const away = Effect.fnUntraced(function* (mode: NodePort.Mode) {
    const at = yield* Clock.currentTimeMillis
    yield* Effect.all([kubelet.pause, port.set(mode)], { concurrency: 2 })
    return { at, heartbeatAt: yield* kubelet.renewedAt }
  })
  // One that is back before the API server is tries again at its next beat.
  const back = Effect.andThen(port.set("accepts"), Effect.ignore(kubelet.resume))

  const netcupSays = (state: NetcupState.ServerState) => stage.world.setState(server, state)

  const node: PoweredNode = {
    ...kubelet,
    server,
    port,
    powerOff: (word) => Effect.andThen(word === undefined ? Effect.void : netcupSays(word), away("swallows")),
    powerOn: Effect.andThen(netcupSays("RUNNING"), back),
    stopKubelet: away("refuses"),
    startKubelet: back,
    netcupSays
  }
  return node
})
