/**
 * Which server of an account each node is.
 *
 * The annotation is the user's word. Without it a node is the server that has one of its public addresses, or else the one that has its
 * name. Nothing is guessed: what could be two servers, what two living nodes claim, and an annotation that a public address belies are
 * doubts, and a server in doubt is routed nothing.
 */
import * as Data from "effect/Data"
import * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import * as Result from "effect/Result"
import type { Account } from "./Account.ts"
import type { Candidate, NodeName } from "./Candidate.ts"
import { Prefix } from "./FailoverAddress.ts"
import { Ineligibility } from "./Ineligibility.ts"
import type { ServerName } from "./ServerName.ts"

/** How netcup knows a server: its own addresses, and the names that its owner gave it. */
export interface ServerIdentity {
  readonly name: ServerName
  readonly addresses: ReadonlyArray<Prefix>
  readonly names: ReadonlyArray<string>
}

export type ServerMapping = Data.TaggedEnum<{
  Mapped: { readonly server: ServerName; readonly by: "annotation" | "address" | "name" }
  /** Nothing tells which server it is, if it is one of the account's at all. */
  Unmapped: {}
  /** It has addresses, or names, of several servers. */
  Ambiguous: { readonly servers: ReadonlyArray<ServerName> }
  /** Other nodes that are alive claim the same server, with as good a claim or a better one. */
  Shared: { readonly server: ServerName; readonly nodes: ReadonlyArray<NodeName> }
  /** The annotation names `server`, while `address` of the node is that of `other`. */
  Contradicting: { readonly server: ServerName; readonly other: ServerName; readonly address: string }
}>
export const ServerMapping = Data.taggedEnum<ServerMapping>()

type Identities = ReadonlyMap<ServerName, ServerIdentity>

/** What the world is told of: the servers' identities, and the failover addresses, which tell nothing since they move. */
export interface Known {
  readonly identities: Identities
  readonly failover: ReadonlySet<Prefix>
}

/** Whether an address tells machines apart: not one of a private network, which every network may have again. */
const isPublic = (address: NetAddress.IpAddress): boolean => {
  if (!NetAddress.isUnicast(address) || NetAddress.isLoopback(address) || NetAddress.isLinkLocal(address)) return false
  if (NetAddress.isIpv6Address(address)) return !NetAddress.isUniqueLocal(address)
  const [a, b] = NetAddress.ipv4ToOctets(address)
  // Shared by carriers' networks (RFC 6598), and by overlay networks such as Tailscale's.
  return !NetAddress.isPrivate(address) && !(a === 100 && b >= 64 && b < 128)
}

/** The public ones of these texts, in canonical form; what is no address is left out. */
export const publicAddresses = (texts: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(
    texts.flatMap((text) => {
      const address = Result.getOrUndefined(NetAddress.ipFromString(text))
      return address !== undefined && isPublic(address) ? [NetAddress.formatIp(address)] : []
    })
  )
]

/** The networks of these lengths that an address is in. */
const networksOf = (text: string, lengths: ReadonlySet<number>): ReadonlyArray<Prefix> => {
  const address = Result.getOrUndefined(NetAddress.ipFromString(text))
  if (address === undefined) return []
  return [...lengths]
    .filter((length) => length <= NetAddress.width(address))
    .map((length) => Prefix.make(IpNetwork.format(IpNetwork.fromAddressUnsafe(address, length))))
}

const lengthsOf = (prefixes: Iterable<Prefix>): ReadonlySet<number> =>
  new Set(Array.from(prefixes, (prefix) => Number(prefix.split("/")[1])))

const lower = (text: string): string => text.trim().toLowerCase()

/** netcup's own host names begin with the server's name: `v1234567890.example`. */
const firstLabel = (name: string): string => name.split(".")[0] ?? name

/** What is looked up for each node. */
interface Index {
  /** The servers that have this network among their own. */
  readonly byPrefix: ReadonlyMap<Prefix, ReadonlySet<ServerName>>
  readonly byName: ReadonlyMap<string, ReadonlySet<ServerName>>
  readonly lengths: ReadonlySet<number>
  readonly failoverLengths: ReadonlySet<number>
}

const indexOf = ({ identities, failover }: Known): Index => {
  const byPrefix = new Map<Prefix, Set<ServerName>>()
  const byName = new Map<string, Set<ServerName>>()
  const add = <K>(map: Map<K, Set<ServerName>>, key: K, server: ServerName) => {
    const found = map.get(key)
    if (found === undefined) map.set(key, new Set([server]))
    else found.add(server)
  }
  for (const { name, addresses, names } of identities.values()) {
    for (const prefix of addresses) add(byPrefix, prefix, name)
    for (const text of [name, ...names]) if (lower(text) !== "") add(byName, lower(text), name)
  }
  return { byPrefix, byName, lengths: lengthsOf(byPrefix.keys()), failoverLengths: lengthsOf(failover) }
}

/** What a node's addresses say: the servers that have them, each with one of them, and those that no server has. */
const told = ({ addresses = [] }: Candidate, { failover }: Known, index: Index) => {
  const servers = new Map<ServerName, string>()
  const unknown: Array<string> = []
  for (const address of addresses) {
    if (networksOf(address, index.failoverLengths).some((network) => failover.has(network))) continue
    const owners = networksOf(address, index.lengths).flatMap((network) => [...(index.byPrefix.get(network) ?? [])])
    if (owners.length === 0) unknown.push(address)
    for (const owner of owners) if (!servers.has(owner)) servers.set(owner, address)
  }
  return { servers, unknown }
}

const named = ({ names = [] }: Candidate, { identities }: Known, index: Index): ReadonlyArray<ServerName> => [
  ...new Set(
    names.flatMap((text) => {
      const name = lower(text)
      const begins = [...identities.keys()].filter((server) => lower(server) === firstLabel(name))
      return [...(index.byName.get(name) ?? []), ...begins]
    })
  )
]

/** A claim by itself, whatever others claim; `strength`: of two claims to one server the stronger has it. */
interface Claim {
  readonly mapping: ServerMapping
  readonly strength: number
}

const claimOf = (node: Candidate, known: Known, index: Index): Claim => {
  const { servers, unknown } = told(node, known, index)
  const { server } = node
  if (server !== undefined) {
    const [belying] = [...servers].sort(([a], [b]) => (a < b ? -1 : 1))
    if (servers.has(server)) return { mapping: ServerMapping.Mapped({ server, by: "annotation" }), strength: 3 }
    if (belying === undefined) return { mapping: ServerMapping.Mapped({ server, by: "annotation" }), strength: 2 }
    const [other, address] = belying
    return { mapping: ServerMapping.Contradicting({ server, other, address }), strength: 0 }
  }
  // An address of netcup's own list is as good as a bare annotation: where the two disagree, one of them is wrong.
  const [by, found] =
    servers.size > 0 ? (["address", [...servers.keys()]] as const) : (["name", named(node, known, index)] as const)
  // One whose public address no server has is a machine of somebody else's, whatever it is called.
  if (by === "name" && unknown.length > 0) return { mapping: ServerMapping.Unmapped(), strength: 0 }
  const [only] = found
  if (only === undefined) return { mapping: ServerMapping.Unmapped(), strength: 0 }
  if (found.length > 1) return { mapping: ServerMapping.Ambiguous({ servers: found.toSorted() }), strength: 0 }
  return { mapping: ServerMapping.Mapped({ server: only, by }), strength: by === "address" ? 2 : 1 }
}

/**
 * Which server each node is. Only where that is more or other than what the node's annotation says by itself: a node that is not in here
 * is the server that it names.
 *
 * A node whose verdict is `Failed` disputes nothing: the Node of a server that was set up anew under another name is often still there.
 */
export const map = (nodes: ReadonlyArray<Candidate>, known: Known): ReadonlyMap<NodeName, ServerMapping> => {
  const index = indexOf(known)
  const claims = nodes.map((node) => ({ node, ...claimOf(node, known, index) }))
  const claimants = new Map<ServerName, Array<{ readonly name: NodeName; readonly strength: number }>>()
  for (const { node, mapping, strength } of claims) {
    if (mapping._tag !== "Mapped" || node.verdict.state === "Failed") continue
    const others = claimants.get(mapping.server)
    if (others === undefined) claimants.set(mapping.server, [{ name: node.name, strength }])
    else others.push({ name: node.name, strength })
  }
  const result = new Map<NodeName, ServerMapping>()
  for (const { node, mapping, strength } of claims) {
    const rivals =
      mapping._tag !== "Mapped" || node.verdict.state === "Failed"
        ? []
        : (claimants.get(mapping.server) ?? []).filter((one) => one.name !== node.name && one.strength >= strength)
    if (mapping._tag === "Mapped" && rivals.length > 0) {
      const names = rivals.map(({ name }) => name).sort()
      result.set(node.name, ServerMapping.Shared({ server: mapping.server, nodes: names }))
    } else if (mapping._tag !== "Unmapped" && !(mapping._tag === "Mapped" && mapping.by === "annotation")) {
      result.set(node.name, mapping)
    }
  }
  return result
}

/** The nodes that have a public address, or no annotation, which no server accounts for. */
export const unsettled = (nodes: ReadonlyArray<Candidate>, known: Known): ReadonlyArray<Candidate> => {
  const index = indexOf(known)
  return nodes.filter((node) => {
    const { servers, unknown } = told(node, known, index)
    if (servers.size > 0) return false
    return node.server === undefined ? named(node, known, index).length === 0 : unknown.length > 0
  })
}

/**
 * The servers whose identity has to be known before it is certain which server each node is: first those that nodes name, to prove
 * them, then all that are left, as long as a node is not accounted for.
 */
export const toIdentify = (
  nodes: ReadonlyArray<Candidate>,
  listed: ReadonlyArray<ServerName>,
  known: Known
): ReadonlyArray<ServerName> => {
  const unidentified = listed.filter((server) => !known.identities.has(server))
  if (unidentified.length === 0) return []
  const open = unsettled(nodes, known)
  if (open.some(({ server }) => server === undefined)) return unidentified
  const own = new Set(open.map(({ server }) => server))
  const unproved = unidentified.filter((server) => own.has(server))
  return unproved.length > 0 || open.length === 0 ? unproved : unidentified
}

/** The server of the account that a node is, or claims to be; `undefined`: none that is known. */
export const serverOf = (node: Candidate, account: Account): ServerName | undefined => {
  const mapping = account.mapping?.get(node.name)
  return mapping === undefined
    ? node.server
    : mapping._tag === "Unmapped" || mapping._tag === "Ambiguous"
      ? undefined
      : mapping.server
}

/** Why nothing is routed to a node for doubts about its server; `undefined`: there are none. */
export const doubtOf = ({ name }: Candidate, mapping: Account["mapping"]): Ineligibility | undefined => {
  const found = mapping?.get(name)
  switch (found?._tag) {
    case "Ambiguous":
      return Ineligibility.AmbiguousServer({ servers: found.servers })
    case "Shared":
      return Ineligibility.SharedServer({ server: found.server, nodes: found.nodes })
    case "Contradicting":
      return Ineligibility.ContradictingServer({ server: found.server, other: found.other, address: found.address })
    default:
      return undefined
  }
}
