/**
 * Where a node can be asked whether it lives.
 */
import { isIP } from "node:net"
import type { AddressTypes } from "../AddressTypes.ts"
import type { NodeResource } from "./NodeResource.ts"

/** `host` is an IPv4 or IPv6 address. */
export interface ProbeTarget {
  readonly host: string
  readonly port: number
}

export interface ProbeTargetOptions {
  /** The first type that the node has an address of counts. */
  readonly types: AddressTypes
  /** For all nodes, instead of the port that each says its kubelet listens on. */
  readonly port?: number | undefined
}

/** The kubelet's, where the node does not say. */
const standardPort = 10_250

/** Absent when the node has no address of any of the types. Of several the first is the node's preferred family. */
export const of = ({ status }: NodeResource, { port, types }: ProbeTargetOptions): ProbeTarget | undefined => {
  const addresses = status?.addresses ?? []
  const { Port: stated = 0 } = status?.daemonEndpoints?.kubeletEndpoint ?? {}
  // A kubelet that has not reported yet says 0.
  const kubelet = stated >= 1 && stated <= 65_535 ? stated : standardPort
  for (const wanted of types) {
    const host = addresses.find(({ address, type }) => type === wanted && isIP(address) !== 0)?.address
    if (host !== undefined) return { host, port: port ?? kubelet }
  }
  return undefined
}
