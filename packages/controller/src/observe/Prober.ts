/**
 * Asks every node at an even pace whether it lives, by TCP connects.
 *
 * Each node has a fiber and a phase of its own: probes of one node never overlap, those of different nodes are spread over the interval,
 * and one that swallows them holds up nobody.
 */
import type { NodeName } from "@netcup-failover/core/Candidate"
import { Signal } from "@netcup-failover/core/detect/Signal"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
import * as Restarting from "@netcup-failover/kubernetes/Restarting"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Random from "effect/Random"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type { Settings } from "../Settings.ts"
import type { ProbeTarget } from "./ProbeTarget.ts"
import * as TcpConnect from "./TcpConnect.ts"

export interface ProberOptions {
  /** All nodes that have an address, again at each change. */
  readonly targets: Stream.Stream<ReadonlyMap<NodeName, ProbeTarget>>
  readonly hear: (signal: Signal) => Effect.Effect<void>
  readonly settings: Pick<Settings["Service"], "probes" | "probeInterval" | "probeTimeout" | "probeConcurrency">
  /** How a node is asked; `timeout` in ms. */
  readonly connect?: (target: ProbeTarget, timeout: number) => Effect.Effect<TcpConnect.Outcome>
}

interface Probed {
  readonly target: ProbeTarget
  /** When in the interval, as a part of it. */
  readonly phase: number
}

/** Multiples of it, modulo 1, are spread evenly however many there are. */
const goldenRatio = (Math.sqrt(5) - 1) / 2

/** Runs until interrupted; then no socket is left. Does nothing where probes are switched off. */
export const run = Effect.fn("Prober.run")(function* ({
  targets,
  hear,
  settings,
  connect = TcpConnect.connect
}: ProberOptions) {
  if (settings.probes === "Off") return yield* Effect.never
  const interval = Duration.toMillis(settings.probeInterval)
  const timeout = Duration.toMillis(settings.probeTimeout)
  const permits = yield* Semaphore.make(settings.probeConcurrency)
  const workers = yield* FiberMap.make<NodeName>()
  const probed = new Map<NodeName, Probed>()
  const warned = new Set<string>()
  const startedAt = yield* Monotonic.now
  let phase = yield* Random.next

  /** Our own trouble is nothing that nodes can be judged by. */
  const unasked = (node: NodeName, code: string) => {
    const isNew = !warned.has(code)
    warned.add(code)
    return isNew && code !== "LATE"
      ? Effect.logWarning("nodes cannot be probed: this machine refuses to connect", { node, code })
      : Effect.logDebug("a probe told nothing", { node, code })
  }

  const tell = (node: NodeName) =>
    TcpConnect.Outcome.$match({
      Answered: () => hear(Signal.Answered({ node })),
      Unanswered: ({ startedAt }) => hear(Signal.Unanswered({ node, startedAt })),
      Unasked: ({ code }) => unasked(node, code)
    })

  const probe = (node: NodeName, target: ProbeTarget) =>
    Effect.flatMap(permits.withPermit(connect(target, timeout)), tell(node))

  const worker = Effect.fnUntraced(function* (node: NodeName, { phase, target }: Probed) {
    const now = yield* Monotonic.now
    const turns = Math.ceil((now - startedAt) / interval - phase)
    let due = startedAt + (turns + phase) * interval
    while (true) {
      const behind = (yield* Monotonic.now) - due
      if (behind < 0) {
        yield* Effect.sleep(Duration.millis(Math.ceil(-behind)))
      } else if (behind > interval) {
        // What could not be kept up with is left out: after a standstill all nodes would be asked in one moment.
        due += Math.ceil(behind / interval) * interval
      } else {
        // One that took as long as its time-out is followed by the next at once.
        yield* probe(node, target)
        due += interval
      }
    }
  })

  const follow = Effect.fnUntraced(function* (wanted: ReadonlyMap<NodeName, ProbeTarget>) {
    for (const node of probed.keys()) {
      if (wanted.has(node)) continue
      probed.delete(node)
      yield* FiberMap.remove(workers, node)
      yield* hear(Signal.Retargeted({ node }))
    }
    for (const [node, target] of wanted) {
      const before = probed.get(node)
      if (before?.target.host === target.host && before.target.port === target.port) continue
      phase = (phase + goldenRatio) % 1
      const one = { target, phase: before?.phase ?? phase }
      probed.set(node, one)
      yield* FiberMap.run(workers, node, worker(node, one).pipe(Restarting.afterDefects("probing a node")))
      // The new place may be behind a firewall that the old one was not behind.
      if (before !== undefined) yield* hear(Signal.Retargeted({ node }))
    }
  })

  yield* Stream.runForEach(targets, follow)
  return yield* Effect.never
}, Effect.scoped)
