/**
 * Where a node can be asked whether it lives.
 */
import { isIP } from "node:net"
import type { NodeName } from "@netcup-failover/core/Candidate"
import * as Option from "effect/Option"
import type { Settings } from "../Settings.ts"
import type { NodeResource } from "./NodeResource.ts"

/** `host` is an IPv4 or IPv6 address. */
export interface ProbeTarget {
  readonly host: string
  readonly port: number
}

type Options = Pick<Settings["Service"], "probeAddressTypes" | "probePort">

/** The kubelet's, where the node does not say. */
const standardPort = 10_250

/** Absent when the node has no address of any of the types. Of several the first is the node's preferred family. */
export const of = ({ status }: NodeResource, { probeAddressTypes, probePort }: Options): ProbeTarget | undefined => {
  const addresses = status?.addresses ?? []
  const { Port: stated = 0 } = status?.daemonEndpoints?.kubeletEndpoint ?? {}
  // A kubelet that has not reported yet says 0.
  const kubelet = stated >= 1 && stated <= 65_535 ? stated : standardPort
  for (const wanted of probeAddressTypes) {
    const host = addresses.find(({ address, type }) => type === wanted && isIP(address) !== 0)?.address
    if (host !== undefined) return { host, port: Option.getOrElse(probePort, () => kubelet) }
  }
  return undefined
}

/** Those of all nodes that have one. */
export const all = (resources: Iterable<NodeResource>, options: Options): ReadonlyMap<NodeName, ProbeTarget> => {
  const targets = new Map<NodeName, ProbeTarget>()
  for (const resource of resources) {
    const target = of(resource, options)
    if (target !== undefined) targets.set(resource.metadata.name, target)
  }
  return targets
}
