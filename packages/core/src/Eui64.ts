/**
 * The address that an IPv6 host gives itself from its MAC (RFC 4291, appendix A): netcup's router sends what belongs to a failover prefix
 * to this address of the server that the prefix is routed to.
 */
import type * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import * as Result from "effect/Result"

/** The bit that tells whether a MAC is universal or local; an interface identifier has it the other way round. */
const universalOrLocal = 0b10

/** The lower 64 bits, as four segments: the MAC with `ff:fe` in its middle, and that bit flipped. */
const interfaceIdentifier = (mac: NetAddress.MacAddress) => {
  const [a, b, c, d, e, f] = NetAddress.macAddressToOctets(mac)
  return [((a ^ universalOrLocal) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f] as const
}

/** A host's address in its own network. The failure is a sentence that says what is wrong with one of the two. */
export const address = (
  network: IpNetwork.Ipv6Network,
  mac: NetAddress.MacAddress
): Result.Result<NetAddress.Ipv6Address, string> => {
  if (network.prefixLength !== 64) {
    return Result.fail(
      `a network of hosts that take their address from their MAC is a /64, not a /${network.prefixLength}`
    )
  }
  const text = NetAddress.formatMacAddress(mac)
  if (text === "00:00:00:00:00:00" || NetAddress.isMacMulticast(mac))
    return Result.fail(`${text} is no MAC of an interface`)
  const [a, b, c, d] = NetAddress.ipv6ToSegments(network.address)
  return Result.mapError(
    NetAddress.ipv6FromSegments([a, b, c, d, ...interfaceIdentifier(mac)]),
    ({ message }) => message
  )
}
