/**
 * ifupdown (Debian). Source: interfaces(5); checked with ifupdown 0.8.41 in a network namespace.
 */
import type { NodeNetwork } from "./NodeNetwork.ts"
import type { Snippet } from "./Snippet.ts"

const file = "/etc/network/interfaces.d/netcup-failover"

/**
 * By method manual: `inet6 static` would switch off the interface's autoconfiguration, which may be where the node's own address comes
 * from, and fails, with all of the interface, on an address that is there already. `replace` doesn't.
 */
export const make = ({ failover, link, nextHop }: NodeNetwork): Snippet => {
  const of = (family: "IPv4" | "IPv6") => failover.filter((address) => address.family === family).map(String)
  const v4 = of("IPv4").map((address) => ({ ip: "ip", address, more: "" }))
  const v6 = of("IPv6").map((address) => ({ ip: "ip -6", address, more: " preferred_lft 0 nodad" }))
  const own = nextHop === undefined ? [] : [{ ip: "ip -6", address: nextHop, more: "" }]
  const stanza = (family: string, addresses: typeof v4) =>
    addresses.length === 0
      ? []
      : [
          "",
          `iface ${link} ${family} manual`,
          ...addresses.map(({ address, ip, more }) => `    up ${ip} address replace ${address} dev ${link}${more}`),
          ...addresses.map(({ address, ip }) => `    down ${ip} address del ${address} dev ${link} 2>/dev/null || true`)
        ]
  const ipv6 = [
    "# preferred_lft 0: it takes traffic, and is not chosen for what the node itself sends. nodad: every eligible node has it.",
    "# The last address is the node's own: netcup's router sends the traffic of the IPv6 prefixes here."
  ]
  return {
    file,
    text: [
      `# ${file}, on this node only; /etc/network/interfaces must source that folder.`,
      `# It works from the next boot on. For now, without cutting connections: run what follows each "up".`,
      ...(nextHop === undefined ? [] : ipv6),
      ...stanza("inet", v4),
      ...stanza("inet6", [...v6, ...own])
    ].join("\n")
  }
}
