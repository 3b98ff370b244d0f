/**
 * Nodes that lose power one after the other, each with two groups on it: one judged by all that is heard, one by the node's conditions.
 */
import * as KubeBinaries from "@netcup-failover/testing/kubernetes/KubeBinaries"
import { KubeCluster, start } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Pace from "@netcup-failover/testing/stage/Pace"
import * as PoweredNode from "@netcup-failover/testing/stage/PoweredNode"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"

/** In seconds. */
export interface Kill {
  /** How old the last heartbeat was when the power failed: 0 to 10. */
  readonly phase: number
  /** From the power failure to the routing call of each group. */
  readonly fast: number
  readonly nodeConditions: number
}

/** Not all that was to be routed was routed. */
class Unrouted extends Schema.TaggedError<Unrouted>()("Unrouted", { message: Schema.String }) {}

export interface Options {
  readonly nodes: number
  readonly kills: number
  /** Between one power failure and the next, in seconds, on average. Such that few are lost together: else the guard holds them. */
  readonly every: number
}

const modes = { fast: "Fast", conditions: "NodeConditions" } as const
type Mode = keyof typeof modes
const both: ReadonlyArray<Mode> = ["fast", "conditions"]

const loginName = "12345"
const secret = "netcup"
const nodeOf = (n: number) => `node-${n}`
const serverOf = (n: number) => `v${n}`
const groupOf = (mode: Mode, n: number) => `${mode}-${n}`
const prefixOf = (mode: Mode, n: number) => `198.18.${mode === "fast" ? 1 : 2}.${n}/32`
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

/** A kubelet has begun at any moment of the ten seconds of another. */
const anyPhase = Effect.flatMap(Random.nextBetween(0, 10_000), (millis) => Effect.sleep(millis))

/** In real time, on a real control plane with its usual grace period. Takes as long as all kills, and two minutes more. */
export const run = Effect.fn("Kills.run")(function* ({ every, kills, nodes }: Options) {
  const pace = Pace.make(1)
  const cluster = yield* start(yield* KubeBinaries.locate, { nodeLifecycle: pace.nodeLifecycle })
  return yield* Effect.gen(function* () {
    yield* Stage.install()
    const stage = yield* Stage.make({ limitWindow: "10 millis" })
    yield* stage.world.addAccount({
      loginName,
      password: "benchmark",
      servers: upTo(nodes).map((n) => ({
        name: serverOf(n),
        interfaces: [{ mac: `02:00:00:00:00:${n.toString(16).padStart(2, "0")}`, ipv4: [`203.0.113.${n}`] }]
      })),
      addresses: both.flatMap((mode) => upTo(kills).map((n) => ({ cidr: prefixOf(mode, n), routedTo: serverOf(n) })))
    })
    const powered = yield* Effect.forEach(
      upTo(nodes),
      (n) => {
        const options = { host: `127.0.1.${n}`, server: serverOf(n), beats: pace.beats }
        return Effect.andThen(anyPhase, PoweredNode.make(stage, nodeOf(n), options))
      },
      { concurrency: "unbounded" }
    )
    yield* stage.putCredentials(secret, loginName)
    yield* Effect.forEach(both, (mode) =>
      Effect.forEach(upTo(kills), (n) =>
        stage.putGroup(groupOf(mode, n), { ips: [prefixOf(mode, n)], wishes: { detection: { mode: modes[mode] } } })
      )
    )
    yield* stage.startController({ ...pace.environment, NODE_NAME: nodeOf(nodes) })
    const isRouted = (group: Stage.GroupObject) => Stage.routed(group)?.status === "True"
    yield* Effect.forEach(both, (mode) =>
      Effect.forEach(upTo(kills), (n) => stage.groupUntil(groupOf(mode, n), isRouted, "3 minutes"))
    )
    // Each Lease is renewed once and each port answered: a signal never seen good counts for nothing.
    yield* Effect.sleep("25 seconds")
    yield* Console.log(`${nodes} nodes heartbeat; ${kills} of them lose power, one each ${every} s`)

    const killed = yield* Effect.forEach(
      powered.slice(0, kills),
      Effect.fnUntraced(function* (node, i) {
        yield* Effect.sleep((i + (yield* Random.next)) * every * 1000)
        return yield* node.powerOff()
      }),
      { concurrency: "unbounded" }
    )
    // Groups move again when the node that they moved to is killed: the first call of an address is of its own node.
    const firstCalls = Effect.map(
      stage.simulator.journal.callsOf(stage.operations.route),
      (calls) => new Map(calls.toReversed().map(({ receivedAt, routing }) => [routing?.prefix, receivedAt]))
    )
    const routedAt = yield* firstCalls.pipe(
      Effect.delay("1 second"),
      Effect.repeat({ until: ({ size }) => size === both.length * kills }),
      Effect.timeout("3 minutes"),
      Effect.catchTag("TimeoutError", () => firstCalls)
    )
    const took = (mode: Mode, i: number, since: number) =>
      ((routedAt.get(prefixOf(mode, i + 1)) ?? Number.NaN) - since) / 1000
    const rows = killed.map(
      ({ at, heartbeatAt }, i): Kill => ({
        phase: (at - heartbeatAt) / 1000,
        fast: took("fast", i, at),
        nodeConditions: took("conditions", i, at)
      })
    )
    const missing = rows.filter(({ fast, nodeConditions }) => Number.isNaN(fast) || Number.isNaN(nodeConditions))
    if (missing.length > 0) return yield* new Unrouted({ message: `${missing.length} of ${kills} nodes kept a group` })
    return rows
  }).pipe(Effect.provideService(KubeCluster, cluster))
}, Effect.scoped)
