/**
 * Looks at servers one by one: whether they can be routed to, and what tells which of our nodes they are.
 */
import { render } from "@netcup-failover/core/Ineligibility"
import * as ServerMapping from "@netcup-failover/core/ServerMapping"
import type { ServerName } from "@netcup-failover/core/ServerName"
import type { FailoverRouting } from "@netcup-failover/netcup/FailoverRouting"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import { Wake } from "../Wake.ts"
import type * as NodeMapping from "./NodeMapping.ts"
import type * as RouteMemory from "./RouteMemory.ts"

/** How long netcup may take to tell which servers our nodes are before all else goes on without. */
const longestProof = "5 seconds"

/** How old what tells servers apart may be while a node is not accounted for, in ms. */
const identityAge = Duration.toMillis("1 hour")

const concurrency = 4

export const make = Effect.fnUntraced(function* (routing: FailoverRouting["Service"]) {
  const wake = yield* Wake
  /** When each server was looked at last, ms since the epoch. */
  const lookedAt = new Map<ServerName, number>()
  const doubts = new Set<string>()

  /** Looks at a server now, and remembers what that means for routing to it. */
  const look = Effect.fnUntraced(function* (memory: RouteMemory.RouteMemory, server: ServerName) {
    const view = yield* routing.inspect(server)
    const { running, rescue, routable, site, name, addresses, names } = view
    lookedAt.set(server, yield* Clock.currentTimeMillis)
    const isStopped = running === false || rescue
    const isOther = isStopped !== memory.stopped().has(server)
    if (isOther) memory.notRunning(server, isStopped)
    const before = memory.identities().get(server)
    const isRoutedOtherwise = memory.sighted({ name, addresses, names, site, routable })
    const isCalledOtherwise = before !== undefined && !Equal.equals(before, memory.identities().get(server))
    if (isOther || isRoutedOtherwise || isCalledOtherwise) yield* wake.now
    return view
  })

  /** A failure is found again, and reported, by a route that needs what was not told. */
  const one = (memory: RouteMemory.RouteMemory) => (server: ServerName) =>
    look(memory, server).pipe(
      Effect.catch((error) => Effect.logDebug(`netcup tells nothing of server ${server}: ${error.message}`))
    )

  const all = (memory: RouteMemory.RouteMemory, servers: ReadonlyArray<ServerName>) =>
    Effect.forEach(servers, one(memory), { concurrency, discard: true })

  /** Once for each that is new. */
  const tellDoubts = Effect.fnUntraced(function* (
    memory: RouteMemory.RouteMemory,
    { nodes, failover }: NodeMapping.Seekers
  ) {
    const mapping = ServerMapping.map(nodes, { identities: memory.identities(), failover })
    const found = nodes.flatMap((node) => {
      const doubt = ServerMapping.doubtOf(node, mapping)
      return doubt === undefined ? [] : [`node ${node.name} ${render(doubt)}: nothing new is routed to it`]
    })
    for (const text of found) if (!doubts.has(text)) yield* Effect.logWarning(text)
    doubts.clear()
    for (const text of found) doubts.add(text)
  })

  /**
   * Looks at servers until it is known which one each node is, as far as netcup tells in time. Where every node is accounted for,
   * nothing is asked. Gives the servers that were looked at.
   */
  const prove = Effect.fnUntraced(function* (
    listed: ReadonlyArray<ServerName>,
    memory: RouteMemory.RouteMemory,
    seekers: NodeMapping.Seekers
  ) {
    const { nodes, failover } = seekers
    const tried = new Set<ServerName>()
    if (nodes.length === 0) return tried
    const now = yield* Clock.currentTimeMillis
    const known = () => ({ identities: memory.identities(), failover })
    const unsettled = ServerMapping.unsettled(nodes, known())
    const due = () => {
      const isRecent = (server: ServerName) => (lookedAt.get(server) ?? Number.NEGATIVE_INFINITY) > now - identityAge
      const identities = new Map([...memory.identities()].filter(([server]) => isRecent(server)))
      return ServerMapping.toIdentify(unsettled, listed, { identities, failover }).filter((name) => !tried.has(name))
    }
    const looking = Effect.gen(function* () {
      for (let next = due(); next.length > 0; next = due()) {
        for (const server of next) tried.add(server)
        yield* all(memory, next)
      }
    })
    yield* Effect.timeoutOption(looking, longestProof)
    memory.unidentified(ServerMapping.toIdentify(nodes, listed, known()))
    yield* tellDoubts(memory, seekers)
    return tried
  })

  return {
    all,
    look,
    /** The same for as long as others can wait for it. */
    inTime: (memory: RouteMemory.RouteMemory, servers: ReadonlyArray<ServerName>) =>
      Effect.timeoutOption(all(memory, servers), longestProof),
    prove
  }
})
