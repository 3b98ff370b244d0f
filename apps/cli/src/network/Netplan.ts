/**
 * netplan (Ubuntu, and Debian's cloud images). Source: its YAML reference; checked with its generator 0.106.
 */
import type { NodeNetwork } from "./NodeNetwork.ts"
import type { Snippet } from "./Snippet.ts"

const file = "/etc/netplan/90-netcup-failover.yaml"

export const make = ({ failover, link, nextHop }: NodeNetwork): Snippet => {
  const addresses = failover.flatMap((address) =>
    address.family === "IPv4" ? [`        - "${address}"`] : [`        - "${address}":`, "            lifetime: 0"]
  )
  const ipv6 = [
    "# lifetime 0: it takes traffic, and is not chosen for what the node itself sends. Only the renderer networkd",
    "# knows it; with NetworkManager, or if `ip -6 address` says dadfailed, use --for systemd-networkd or ifupdown."
  ]
  const own = `        - "${nextHop}" # the node's own: netcup's router sends the traffic of the IPv6 prefixes here`
  return {
    file,
    text: [
      `# ${file}, on this node only (chmod 600).`,
      "# netplan adds these addresses to what its other files say of the same interface.",
      "# Apply it: netplan try",
      ...(nextHop === undefined ? [] : ipv6),
      "network:",
      "  version: 2",
      "  ethernets:",
      `    "${link}":`,
      "      addresses:",
      ...addresses,
      ...(nextHop === undefined ? [] : [own])
    ].join("\n")
  }
}
