import type { FailoverAddress } from "@netcup-failover/core/FailoverAddress"
import { ServerName } from "@netcup-failover/core/ServerName"
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Result from "effect/Result"
import * as AccountOf from "../account/AccountOf.ts"
import * as CredentialsFlags from "../credentials/CredentialsFlags.ts"
import * as NodeNetwork from "../network/NodeNetwork.ts"
import * as OfCluster from "../network/OfCluster.ts"
import * as Snippet from "../network/Snippet.ts"
import { WrongUsage } from "../Problem.ts"
import * as Settings from "../Settings.ts"
import * as Run from "./Run.ts"

const text = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(description))

const parameters = {
  systems: Flag.Literals("for", Snippet.systems).pipe(
    Flag.withDescription("What configures the node's network; k3s beside another. May be repeated"),
    Flag.atLeast(1)
  ),
  link: text("interface", "NAME", "The node's interface that faces the internet: eth0, ens3"),
  ips: text("ip", "CIDR", "A failover address; may be repeated. Without it: those of the cluster's groups").pipe(
    Flag.atLeast(0)
  ),
  groups: text("group", "NAME", "Without --ip: only the addresses of this group; may be repeated").pipe(
    Flag.atLeast(0)
  ),
  node: text("node", "NAME", "The node of the cluster: its groups, and by its annotation its server").pipe(
    Flag.optional
  ),
  server: Flag.optional(
    text("server", "SERVER", "The node's server, if not by --node: v1234567890123456789").pipe(
      Flag.withSchema(ServerName)
    )
  ),
  mac: text("mac", "MAC", "The interface's MAC. Without it: netcup is asked").pipe(Flag.optional),
  native: text("native", "CIDR", "The server's own IPv6 network. Without it: netcup is asked").pipe(Flag.optional),
  nodeIp: text("node-ip", "IP", "For k3s: the server's own IPv4 address. Without it: netcup is asked").pipe(
    Flag.optional
  ),
  ...CredentialsFlags.flags,
  json: Run.json
}

const usage = <A>(result: Result.Result<A, string>) =>
  Effect.mapError(Effect.fromResult(result), (message) => new WrongUsage({ message }))

/** Asks the cluster and netcup for nothing that the flags say. */
export const network = Command.make("network", parameters, (given) =>
  Run.run(
    given.json,
    Effect.gen(function* () {
      const link = yield* usage(NodeNetwork.link(given.link))
      if (given.ips.length > 0 && given.groups.length > 0) {
        return yield* new WrongUsage({ message: "--ip and --group exclude each other" })
      }
      const { groups, native, nodeIp, mac } = given

      const settings = yield* Effect.cached(Settings.load)
      const cluster = yield* Effect.cached(
        Effect.gen(function* () {
          const kubeconfig = yield* Settings.kubeconfig(yield* settings)
          return yield* Layer.build(KubeClient.layer({ kubeconfig, userAgent: "netcup-failover" }))
        })
      )
      const node = yield* Effect.cached(
        Option.match(given.node, {
          onNone: () => Effect.undefined,
          onSome: (name) => Effect.flatMap(cluster, (client) => Effect.provide(OfCluster.node(name), client))
        })
      )
      const server = Effect.gen(function* () {
        if (Option.isSome(given.server)) return given.server.value
        const found = yield* node
        if (found !== undefined) return yield* OfCluster.server(found)
        return yield* new WrongUsage({
          message:
            "whose network it is must be known: give --node or --server, and credentials, to ask netcup; or else --mac and --native, and for k3s --node-ip"
        })
      })
      const assigned = yield* Effect.cached(
        Effect.gen(function* () {
          const name = yield* server
          const login = yield* CredentialsFlags.resolve(given, yield* settings)
          const account = yield* AccountOf.make(login, yield* settings)
          return { name, ...(yield* account.network(name)) }
        })
      )

      const written =
        given.ips.length > 0
          ? given.ips
          : yield* Effect.flatMap(cluster, (client) =>
              Effect.flatMap(node, (found) => Effect.provide(OfCluster.addresses(groups, found), client))
            ).pipe(
              Effect.catchIf(
                (error) => error._tag === "KubeError" && error.reason._tag === "CredentialsUnavailable",
                ({ message }) =>
                  new WrongUsage({
                    message: `no addresses: give them by --ip, or by KUBECONFIG a cluster that has them (${message})`
                  })
              )
            )
      const failover = yield* usage(NodeNetwork.failover(written))

      const ownNetwork = Effect.fnUntraced(function* (taken: ReadonlyArray<FailoverAddress>) {
        if (Option.isSome(native)) return native.value
        const { ipv6, name } = yield* assigned
        return (
          NodeNetwork.native(ipv6, taken) ??
          (yield* new WrongUsage({ message: `netcup tells of no IPv6 network of ${name}: give it by --native` }))
        )
      })
      const nextHop = !failover.some(({ family }) => family === "IPv6")
        ? undefined
        : yield* usage(
            NodeNetwork.nextHop(
              yield* ownNetwork(failover),
              Option.isSome(mac) ? mac.value : (yield* assigned).mac,
              failover
            )
          )
      const ownIpv4 = Effect.gen(function* () {
        if (Option.isSome(nodeIp)) return nodeIp.value
        const { ipv4, name } = yield* assigned
        return (
          ipv4 ??
          (yield* new WrongUsage({ message: `netcup tells of no IPv4 address of ${name}: give it by --node-ip` }))
        )
      })
      const of: NodeNetwork.NodeNetwork = {
        link,
        failover,
        nextHop,
        ownIpv4: Snippet.needsOwnIpv4(given.systems)
          ? yield* usage(NodeNetwork.ownIpv4(yield* ownIpv4, failover))
          : undefined
      }
      const snippets = Array.from(new Set(given.systems), (system) => ({ system, ...Snippet.make(system, of) }))
      return { json: snippets, text: snippets.map((snippet) => snippet.text).join("\n\n") }
    })
  )
).pipe(
  Command.withDescription(
    "Prints what to configure on a node, so that it takes the traffic of failover addresses once they are routed to it. Every node that may get them needs it, before a failover. Where to put it and how to apply it are its first lines. With --ip, --mac and --native nothing is asked of anybody."
  ),
  Command.withShortDescription("Print the network configuration that a node needs"),
  Command.withExamples([
    {
      command: "netcup-failover network --for netplan --interface eth0 --node worker-1 --credentials-file netcup.json",
      description: "For a node, by the cluster and by netcup"
    },
    {
      command:
        "netcup-failover network --for talos --interface eth0 --ip 198.51.100.1/32 --ip 2001:db8::/64 --mac aa:bb:cc:dd:ee:ff --native 2001:db8:1:2::/64",
      description: "Offline"
    }
  ])
)
