/**
 * A move from a dead node that scenarios interrupt: groups on `node-1`, which fails; a leader whose way to Kubernetes is a proxy, and
 * whose way to netcup are the simulators, so that each of its requests can be met.
 */
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as KubeProxy from "@netcup-failover/testing/kubernetes/KubeProxy"
import type { ControllerProcess } from "@netcup-failover/testing/stage/ControllerProcess"
import type * as NetcupStage from "@netcup-failover/testing/stage/NetcupStage"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { account, loginName } from "../Account.ts"
import { get } from "../Http.ts"

/** Groups as they are put; the first has the highest priority. */
export type Cast = ReadonlyArray<ReadonlyArray<string>>

const v4 = (n: number) => `198.51.100.${n}/32`
const v6 = (n: number) => `2001:db8:a:${n}::/64`

/** One group of two addresses. */
export const pair: Cast = [[v4(1), v6(1)]]

/** Twelve addresses in six groups: more than REST lets an account move at once. */
export const dozen: Cast = [
  [v4(1), v6(1)],
  [v4(2), v6(2), v4(3)],
  [v4(4)],
  [v4(5), v6(5)],
  [v4(6), v4(7), v4(8)],
  [v6(9)]
]

export const nameOf = (index: number) => `group-${index}`

/** Of REST: ten moves in a few seconds in place of ten in five minutes; the ledger knows of it, with the usual margin. */
const window = "4 seconds"
const windows = { NETCUP_SHORT_WINDOW: "4500ms", NETCUP_LONG_WINDOW: "4500ms" }

/** Short, and still longer than a busy machine makes a leader wait for its turn. */
export const leases = { LEASE_DURATION: "2s", LEASE_RENEW_DEADLINE: "1600ms", LEASE_RETRY_PERIOD: "250ms" }

const Lease = Schema.Struct({ spec: Schema.Struct({ holderIdentity: Schema.String }) })

/** Waits until a replica leads. */
export const heldBy = (pod: string) =>
  Effect.flatMap(KubeCluster, ({ http }) =>
    http.waitUntil(Stage.leasePath, Lease, ({ spec }) => spec.holderIdentity.startsWith(`${pod}_`), "60 seconds")
  )

/** Waits until a replica's watches are warm. */
export const ready = ({ healthUrl }: ControllerProcess) =>
  get(`${healthUrl}/readyz`).pipe(
    Effect.map(({ status }) => status),
    Effect.orElseSucceed(() => 0),
    Effect.repeat({ until: (status) => status === 200, schedule: Schedule.spaced("100 millis") })
  )

/** A request as scenarios name it: the `nth` of its kind since the node failed, 0 for the first. */
export type Request =
  | { readonly to: "netcup"; readonly operation: string; readonly cidr: string | undefined; readonly nth: number }
  | { readonly to: "kubernetes"; readonly verb: string; readonly path: string; readonly nth: number }

/** What a request is about, whichever group or address it is for. */
export const kindOf = (request: Request): string => {
  if (request.to === "netcup") return request.operation
  const path = request.path
    .replace(/.*\/netcupfailoverips\/[^/]+/u, "group")
    .replace(/.*\/configmaps.*/u, "ledger")
    .replace(/.*\/events$/u, "events")
  return `${request.verb} ${path}`
}

/** Whether netcup is told to change something by it. */
export const isChange = (operation: string | undefined): boolean =>
  operation === "changeIPRouting" || operation === "route"

export const textOf = (request: Request): string =>
  `${request.to === "netcup" ? `${request.operation} ${request.cidr ?? ""}` : `${request.verb} ${request.path}`} #${request.nth + 1}`

/** Numbers requests that are alike. */
const numbered = (requests: ReadonlyArray<Request>): ReadonlyArray<Request> => {
  const seen = new Map<string, number>()
  return requests.map((request) => {
    const text = textOf(request)
    const nth = seen.get(text) ?? 0
    seen.set(text, nth + 1)
    return { ...request, nth }
  })
}

/** All groups on `node-1` of four, well and quiet, and `first` leading. */
export const prepare = Effect.fn("Move.prepare")(function* (cast: Cast, options: NetcupStage.NetcupOptions = {}) {
  const ips = cast.flat()
  const stage = yield* Stage.make({ rest: { limits: [{ requests: 10, window }] }, ...options })
  yield* stage.world.addAccount(
    account(
      4,
      ips.map((cidr) => ({ cidr, routedTo: "v1" }))
    )
  )
  const kubelets = yield* Effect.forEach([1, 2, 3, 4], (n) => stage.addNode(`node-${n}`, { server: `v${n}` }), {
    concurrency: "unbounded"
  })
  yield* stage.putCredentials("netcup", loginName)
  for (const [i, ips] of cast.entries()) yield* stage.putGroup(nameOf(i), { ips, priority: cast.length - i })
  const { accessFor } = yield* KubeCluster
  const proxy = yield* KubeProxy.make(yield* accessFor({ serviceAccount: Stage.serviceAccount }))
  const start = (POD_NAME: string, environment: Readonly<Record<string, string>> = {}) =>
    stage.startController({
      POD_NAME,
      ...leases,
      ...windows,
      // What it asks in peace is not asked for the move.
      NETCUP_REFRESH_INTERVAL: "1h",
      ...environment
    })
  const leader = yield* start("first", { KUBECONFIG: proxy.kubeconfig })
  yield* heldBy("first")

  const requests = Effect.gen(function* () {
    const kubernetes = (yield* proxy.journal.requests())
      .filter(({ path, watch }) => !watch && !path.includes("/leases/"))
      .map(({ path, receivedAt, verb }) => ({
        receivedAt,
        request: { to: "kubernetes", verb, path, nth: 0 } satisfies Request
      }))
    const netcup = (yield* stage.simulator.journal.calls).map(({ operation = "", receivedAt, routing }) => ({
      receivedAt,
      request: { to: "netcup", operation, cidr: routing?.prefix, nth: 0 } satisfies Request
    }))
    return { kubernetes, netcup }
  })
  const count = Effect.map(requests, ({ kubernetes, netcup }) => kubernetes.length + netcup.length)
  /** Waits until nothing more is asked. */
  const quiet = Effect.gen(function* () {
    let before = -1
    while (before !== (yield* count)) {
      before = yield* count
      yield* Effect.sleep("700 millis")
    }
  })
  for (const i of cast.keys()) yield* stage.routedNode(nameOf(i))
  yield* quiet
  const before = yield* requests

  return {
    stage,
    proxy,
    leader,
    start,
    quiet,
    /** What the leader, and who follows it, asked since the groups were well. */
    requests: Effect.map(requests, ({ kubernetes, netcup }) =>
      numbered(
        [...kubernetes.slice(before.kubernetes.length), ...netcup.slice(before.netcup.length)]
          .toSorted((a, b) => a.receivedAt - b.receivedAt)
          .map(({ request }) => request)
      )
    ),
    /** What netcup was asked so far. */
    netcup: stage.simulator.journal.calls,
    fail: Effect.suspend(() => kubelets[0]?.setReady("False", "KubeletNotReady") ?? Effect.void),
    /** Waits until every group is somewhere else, and the status says so. */
    moved: Effect.forEach(
      cast.keys(),
      (i) =>
        stage.groupUntil(
          nameOf(i),
          (group) => group.status?.currentNode !== "node-1" && Stage.routed(group)?.status === "True",
          "60 seconds"
        ),
      { discard: true }
    ),
    /** What came of it. */
    outcome: Effect.gen(function* () {
      const groups = yield* Effect.forEach(cast.keys(), (i) => stage.group(nameOf(i)))
      return {
        changes: yield* Effect.forEach(ips, (cidr) =>
          Effect.map(stage.simulator.journal.changesOf(cidr), (calls) => ({
            cidr,
            servers: calls.map(({ routing }) => routing?.server)
          }))
        ),
        limited: yield* limitedCalls(stage),
        statuses: groups.map(({ status }) => ({
          node: status?.currentNode,
          target: status?.targetNode,
          addresses: status?.addresses?.map(({ ip, server, state }) => ({ ip, server, state })),
          moves: status?.moves?.map(({ from, to }) => ({ from, to }))
        }))
      }
    })
  }
})

/** How often netcup said no. */
export const limitedCalls = Effect.fnUntraced(function* (stage: Effect.Success<ReturnType<typeof Stage.make>>) {
  const soap = (yield* stage.soap.journal.callsOf("changeIPRouting")).filter(({ outcome }) => outcome._tag === "Fault")
  const rest = (yield* stage.rest.journal.callsOf("route")).filter(({ outcome }) => outcome._tag === "Refused")
  return soap.length + rest.length
})

export type Move = Effect.Success<ReturnType<typeof prepare>>
