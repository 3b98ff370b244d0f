/**
 * systemd-networkd. Source: systemd.network(5).
 */
import type { NodeNetwork } from "./NodeNetwork.ts"
import type { Snippet } from "./Snippet.ts"

/** A drop-in: of all `.network` files only the first that matches an interface is read, so a file of our own would replace it. */
const file = "/etc/systemd/network/NAME.network.d/netcup-failover.conf"

export const make = ({ failover, link, nextHop }: NodeNetwork): Snippet => {
  const addresses = failover.flatMap((address) => [
    "",
    "[Address]",
    `Address=${address}`,
    ...(address.family === "IPv4"
      ? []
      : [
          "# It takes traffic, and is not chosen for what the node itself sends.",
          "PreferredLifetime=0",
          "# Every eligible node has it.",
          "DuplicateAddressDetection=none"
        ])
  ])
  const own = [
    "",
    "[Address]",
    "# The node's own: netcup's router sends the traffic of the IPv6 prefixes here.",
    `Address=${nextHop}`
  ]
  return {
    file,
    text: [
      `# ${file}, on this node only.`,
      `# NAME.network is the file that \`networkctl status ${link}\` calls "Network File"; with netplan it is 10-netplan-${link}.network.`,
      `# Apply it: networkctl reload && networkctl reconfigure ${link}`,
      ...addresses,
      ...(nextHop === undefined ? [] : own)
    ].join("\n")
  }
}
