/**
 * What k3s has to be told beside the host's network: which address is the node's. Source: k3s' agent flags and configuration file.
 */
import type { NodeNetwork } from "./NodeNetwork.ts"
import type { Snippet } from "./Snippet.ts"

const file = "/etc/rancher/k3s/config.yaml.d/netcup-failover.yaml"

export const make = ({ link, nextHop, ownIpv4 }: NodeNetwork): Snippet => {
  const own6 = nextHop?.replace(/\/.*$/u, "")
  return {
    file,
    text: [
      `# ${file}, on this node only. k3s reads it beside config.yaml.`,
      "# Without it k3s takes an address of the interface with the default route, and so might take a failover address.",
      "# The addresses themselves are the host's matter: see --for netplan, systemd-networkd or ifupdown.",
      "# Apply it: systemctl restart k3s (on a server) or k3s-agent (on an agent)",
      ...(own6 === undefined
        ? []
        : [
            "# In a dual-stack cluster name an IPv6 address of the node as well, the one that it has in `kubectl get node -o wide`",
            `# or else its own: node-ip: "${ownIpv4},${own6}"`
          ]),
      `node-ip: "${ownIpv4}"`,
      `flannel-iface: "${link}" # of no use with another CNI: drop it there`
    ].join("\n")
  }
}
