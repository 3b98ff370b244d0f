/**
 * Talos Linux. Sources: its reference of `machine.network.interfaces` (1.10 and later, deprecated since 1.12) and of the documents
 * LinkConfig and DHCPv4Config (1.12 and later).
 */
import type { NodeNetwork } from "./NodeNetwork.ts"
import type { Snippet } from "./Snippet.ts"

const file = "failover.patch.yaml"

const apply = [
  `# Apply it to this node only: talosctl patch mc --nodes NODE --patch @${file}`,
  "# To try it with a way back, add: --mode=try"
]

/** Talos configures by DHCP only what has no configuration: a patch that names an interface would cut the node off. */
const dhcp =
  "# DHCP is there since Talos ends its own on an interface that is configured. Drop it if the IPv4 address is static."

const ownHere = "the node's own: netcup's router sends the traffic of the IPv6 prefixes here"

const after = ({ failover, nextHop }: NodeNetwork) => [
  "# No failover address may become the node's address: name the node's own networks in machine.kubelet.nodeIP.validSubnets",
  `# and, on control planes, in cluster.etcd.advertisedSubnets, or exclude last: ${failover.map(({ prefix }) => `"!${prefix}"`).join(", ")}`,
  "# Where a KubeNodeConfig document is in use (Talos 1.14), it has nodeIP.validSubnets instead.",
  ...(nextHop === undefined
    ? []
    : [
        "# Talos cannot keep an IPv6 address from being chosen for what the node itself sends, as other systems can: if its",
        `# default route is in the configuration, give the route: source: ${nextHop.replace(/\/.*$/u, "")}`
      ])
]

export const interfaces = (network: NodeNetwork): Snippet => {
  const { failover, link, nextHop } = network
  return {
    file,
    text: [
      `# ${file}: for Talos 1.10 and later, where machine.network configures the interface or nothing does yet.`,
      "# Where LinkConfig documents do (1.12 and later), use --for talos-linkconfig instead: give an interface one of them only.",
      ...apply,
      dhcp,
      ...after(network),
      "machine:",
      "  network:",
      "    interfaces:",
      `      - interface: "${link}"`,
      "        dhcp: true",
      "        addresses:",
      ...failover.map((address) => `          - "${address}"`),
      ...(nextHop === undefined ? [] : [`          - "${nextHop}" # ${ownHere}`])
    ].join("\n")
  }
}

export const linkConfig = (network: NodeNetwork): Snippet => {
  const { failover, link, nextHop } = network
  return {
    file,
    text: [
      `# ${file}: for Talos 1.12 and later. If machine.network.interfaces has the interface, use --for talos instead.`,
      ...apply,
      dhcp,
      ...after(network),
      "apiVersion: v1alpha1",
      "kind: LinkConfig",
      `name: "${link}"`,
      "addresses:",
      ...failover.map((address) => `  - address: "${address}"`),
      ...(nextHop === undefined ? [] : [`  - address: "${nextHop}" # ${ownHere}`]),
      "---",
      "apiVersion: v1alpha1",
      "kind: DHCPv4Config",
      `name: "${link}"`
    ].join("\n")
  }
}
