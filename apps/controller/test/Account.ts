/**
 * A netcup account as most scenarios use it: a server `vN` for each node, and its failover addresses.
 */
import type { AccountSpec, AddressSpec, ServerSpec } from "@netcup-failover/testing/netcup/Arrangement"

export const macOf = (n: number): string => `02:00:00:00:00:${n.toString(16).padStart(2, "0")}`

/** Server `vN`: a primary interface, and a cloud VLAN's before it that must not be used. */
export const server = (n: number): ServerSpec => ({
  name: `v${n}`,
  interfaces: [
    { mac: `02:00:00:00:ff:${n.toString(16).padStart(2, "0")}` },
    { mac: macOf(n), ipv4: [`203.0.113.${n}`], ipv6: [`2001:db8:100:${n}::/64`] }
  ]
})

export const loginName = "12345"
const password = "secret-word"

export const account = (servers: number, addresses: ReadonlyArray<AddressSpec>): AccountSpec => ({
  loginName,
  password,
  servers: Array.from({ length: servers }, (_, i) => server(i + 1)),
  addresses
})
