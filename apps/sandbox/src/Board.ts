/**
 * The table: groups as `kubectl get netcupfailoverips` prints them, beside where netcup really routes each address.
 */
import * as Age from "@netcup-failover/testing/embedded/Age"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Cast from "./Cast.ts"
import * as Table from "./Table.ts"
import type { Sight } from "./Theatre.ts"

const nodeOf = (server: string | undefined): string =>
  Cast.nodes.find((node) => node.server === server)?.name ?? server ?? "-"

export const render = ({ at, groups, ready, routes, leader }: Sight, isDead: (node: string) => boolean): string => {
  const rows = groups.flatMap((group) =>
    (group.status?.addresses ?? []).map(({ ip }, i) => [
      i === 0 ? group.metadata.name : "",
      i === 0 ? (group.status?.currentNode ?? "") : "",
      i === 0 ? (Stage.routed(group)?.status ?? "") : "",
      i === 0 ? Age.age(group.metadata.creationTimestamp, at) : "",
      i === 0 ? (Stage.routed(group)?.reason ?? "") : "",
      ip,
      nodeOf(routes.get(ip))
    ])
  )
  const nodes = Cast.nodes.map(({ name }) => {
    const replica = Cast.replicas.find(({ node }) => node === name)?.name
    const runs = replica === undefined ? "" : ` (${replica}${replica === leader ? ", leads" : ""})`
    return `${name}${runs}: ${isDead(name) ? "dead, " : ""}Ready=${ready.get(name) ?? "?"}`
  })
  return `${Table.render([["NAME", "NODE", "ROUTED", "AGE", "REASON", "ADDRESS", "AT NETCUP"], ...rows])}\n\n${nodes.join("   ")}`
}
