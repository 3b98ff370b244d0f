/**
 * Who plays: nodes and their servers, groups and their addresses, replicas and the nodes that they run on.
 */
import type { AccountSpec } from "@netcup-failover/testing/netcup/Arrangement"

export const nodes = [
  { name: "node-1", server: "v1001" },
  { name: "node-2", server: "v1002" },
  { name: "node-3", server: "v1003" },
  { name: "node-4", server: "v1004" }
] as const

/** The groups there are at first, and where netcup routes them already. */
export const groups = [
  { name: "primary", ips: ["198.51.100.1/32", "2001:db8:a::/64"], server: "v1001" },
  { name: "secondary", ips: ["198.51.100.2/32", "2001:db8:b::/64"], server: "v1002" }
] as const

/** What further groups are made of. */
export const spareAddresses = [3, 4, 5, 6, 7, 8].map((n) => `198.51.100.${n}/32`)

/** The first leads at first. */
export const replicas = [
  { name: "replica-a", node: "node-2" },
  { name: "replica-b", node: "node-3" }
] as const

export const account: AccountSpec = {
  loginName: "12345",
  password: "sandbox",
  servers: nodes.map(({ server }, i) => ({
    name: server,
    interfaces: [{ mac: `02:00:00:00:00:0${i + 1}`, ipv4: [`203.0.113.${i + 1}`] }]
  })),
  addresses: [
    ...groups.flatMap(({ ips, server }) => ips.map((cidr) => ({ cidr, routedTo: server }))),
    ...spareAddresses.map((cidr) => ({ cidr }))
  ]
}
