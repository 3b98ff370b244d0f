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
      "# Without it k3s takes an IPv4 and an IPv6 address of the interface with the default route, which may be failover addresses.",
      "# The addresses themselves are the host's matter: see --for netplan, systemd-networkd or ifupdown.",
      "# Apply it: systemctl restart k3s (on a server) or k3s-agent (on an agent)",
      ...(own6 === undefined
        ? []
        : [
            "# In a dual-stack cluster name the node's IPv6 address as well, or it loses it: the one that `kubectl get node -o yaml` has,",
            `# unless that is a failover address. Its EUI-64 address will do: node-ip: "${ownIpv4},${own6}"`
          ]),
      `node-ip: "${ownIpv4}"`,
      `flannel-iface: "${link}" # of no use with another CNI: drop it there`
    ].join("\n")
  }
}
