/**
 * What a node's own network has to have, so that it takes the traffic of failover addresses.
 */
import * as Eui64 from "@netcup-failover/core/Eui64"
import { type FailoverAddress, parse } from "@netcup-failover/core/FailoverAddress"
import * as IpInterface from "effect/net/IpInterface"
import * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import * as Result from "effect/Result"

export interface NodeNetwork {
  /** The interface that faces the internet: `eth0`. */
  readonly link: string
  /** Written as the user wrote them; not empty. */
  readonly failover: ReadonlyArray<FailoverAddress>
  /** The node's own EUI-64 address with its length. Absent where there is no IPv6 failover address. */
  readonly nextHop: string | undefined
  /** The node's own IPv4 address, where a system has to be told it. */
  readonly ownIpv4: string | undefined
}

/** Linux takes up to 15 bytes and nearly every character; of those, these need no quotes anywhere. */
const linkName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/u

export const link = (text: string): Result.Result<string, string> =>
  linkName.test(text)
    ? Result.succeed(text)
    : Result.fail(`--interface "${text}" is no name of an interface: write for example eth0 (see \`ip link\`)`)

/** The addresses without those that are there twice. */
export const failover = (texts: ReadonlyArray<string>): Result.Result<ReadonlyArray<FailoverAddress>, string> =>
  Result.map(Result.all(texts.map(parse)), (addresses) =>
    Array.from(new Map(addresses.map((address) => [String(address), address])).values())
  )

/** Of the networks that netcup tells of, the server's own one: a /64 if there is one, and no failover address. */
export const native = (
  networks: ReadonlyArray<string>,
  addresses: ReadonlyArray<FailoverAddress>
): string | undefined => {
  const own = networks.filter((text) => {
    const parsed = parse(text)
    return Result.isSuccess(parsed) && !addresses.some(({ prefix }) => prefix === parsed.success.prefix)
  })
  return own.find((text) => text.endsWith("/64")) ?? own[0]
}

/** The node's own address from `--native` (any address of it with its length) and `--mac`, for these failover addresses. */
export const nextHop = (
  native: string,
  mac: string,
  addresses: ReadonlyArray<FailoverAddress>
): Result.Result<string, string> =>
  Result.gen(function* () {
    const own = yield* Result.mapError(
      IpInterface.ipv6FromString(native),
      ({ message }) =>
        `--native "${native}" is no IPv6 network (${message}): write the server's own, for example 2001:db8:1:2::/64`
    )
    const network = IpNetwork.fromInterface(own)
    if (addresses.some(({ prefix }) => prefix === IpNetwork.format(network))) {
      return yield* Result.fail(
        `--native "${native}" is one of the failover addresses: write the network that is the server's own`
      )
    }
    const hardware = yield* Result.mapError(
      NetAddress.macAddressFromString(mac),
      ({ message }) => `--mac "${mac}" is no MAC (${message}): write for example 02:00:00:00:00:01`
    )
    const address = yield* Result.mapError(Eui64.address(network, hardware), (why) => `--native and --mac: ${why}`)
    return `${NetAddress.formatIp(address)}/${network.prefixLength}`
  })

/** `--node-ip`, in canonical form. */
export const ownIpv4 = (text: string, addresses: ReadonlyArray<FailoverAddress>): Result.Result<string, string> =>
  Result.gen(function* () {
    const address = yield* Result.mapError(
      NetAddress.ipv4FromString(text),
      () => `--node-ip "${text}" is no IPv4 address: write the server's own, for example 203.0.113.5`
    )
    const canonical = NetAddress.formatIp(address)
    if (addresses.some(({ host }) => host === canonical)) {
      return yield* Result.fail(`--node-ip "${text}" is a failover address: write the server's own`)
    }
    return canonical
  })
