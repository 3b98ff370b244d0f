/**
 * The text that a node's system wants, for each system that we know.
 */
import * as Ifupdown from "./Ifupdown.ts"
import * as K3s from "./K3s.ts"
import * as Netplan from "./Netplan.ts"
import type { NodeNetwork } from "./NodeNetwork.ts"
import * as SystemdNetworkd from "./SystemdNetworkd.ts"
import * as Talos from "./Talos.ts"

/** What `--for` takes. Stable: scripts use them. */
export const systems = ["talos", "talos-linkconfig", "netplan", "systemd-networkd", "ifupdown", "k3s"] as const
export type System = (typeof systems)[number]

export interface Snippet {
  /** Where it goes. */
  readonly file: string
  /** Comments say which command applies it. */
  readonly text: string
}

const made: Readonly<Record<System, (network: NodeNetwork) => Snippet>> = {
  talos: Talos.interfaces,
  "talos-linkconfig": Talos.linkConfig,
  netplan: Netplan.make,
  "systemd-networkd": SystemdNetworkd.make,
  ifupdown: Ifupdown.make,
  k3s: K3s.make
}

export const make = (system: System, network: NodeNetwork): Snippet => made[system](network)

/** Do these systems have to be told the node's own IPv4 address? */
export const needsOwnIpv4 = (wanted: ReadonlyArray<System>): boolean => wanted.includes("k3s")
