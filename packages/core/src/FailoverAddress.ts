/**
 * An address that netcup can route to any server of an account: an IPv4 `/32` or an IPv6 prefix.
 */
import * as Data from "effect/Data"
import * as IpInterface from "effect/net/IpInterface"
import * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** The network an address stands for, in canonical form: `198.51.100.1/32`, `2001:db8::/64`. Two texts of one prefix are equal here. */
export const Prefix = Schema.NonEmptyString.pipe(Schema.brand("Prefix"))
export type Prefix = typeof Prefix.Type

/** A failover address; `host` keeps the host bits as the user wrote them (`2001:db8::2/64` → `2001:db8::2`). */
export class FailoverAddress extends Data.Class<{
  readonly family: "IPv4" | "IPv6"
  readonly host: string
  readonly prefixLength: number
  readonly prefix: Prefix
}> {
  /** Canonical text with the host bits kept: what netcup's SOAP API is told and what the status shows. */
  override toString(): string {
    return `${this.host}/${this.prefixLength}`
  }
}

const example = (text: string): string => (text.includes(":") ? "2001:db8::/64" : "198.51.100.1/32")

const misread = (text: string, why: string): string =>
  `"${text}" is not a CIDR (${why}): write for example "${example(text)}"`

/** `::ffff:198.51.100.1` is no address that netcup routes: the API server's CEL refuses it as well. */
const mapped = (text: string, address: NetAddress.IpAddress): Result.Result<never, string> | undefined => {
  const inner = NetAddress.isIpv6Address(address)
    ? Option.getOrUndefined(NetAddress.fromIpv4Mapped(address))
    : undefined
  if (inner === undefined) return undefined
  return Result.fail(`"${text}" is an IPv4 address written as IPv6: write "${NetAddress.formatIp(inner)}/32"`)
}

/** Parses a CIDR. The failure is a sentence that says what to write instead. */
export const parse = (text: string): Result.Result<FailoverAddress, string> => {
  if (!text.includes("/")) {
    return Result.match(NetAddress.ipFromString(text), {
      onFailure: ({ message }) => Result.fail(misread(text, message)),
      onSuccess: (address) => {
        const length = NetAddress.isIpv4Address(address) ? 32 : 64
        return (
          mapped(text, address) ??
          Result.fail(`"${text}" has no prefix length: write "${NetAddress.formatIp(address)}/${length}"`)
        )
      }
    })
  }
  return Result.match(IpInterface.fromString(text), {
    onFailure: ({ message }) => Result.fail(misread(text, message)),
    onSuccess: ({ address, prefixLength }) => {
      const misnamed = mapped(text, address)
      if (misnamed !== undefined) return misnamed
      const host = NetAddress.formatIp(address)
      const family = NetAddress.isIpv4Address(address) ? "IPv4" : "IPv6"
      if (family === "IPv4" && prefixLength !== 32) {
        return Result.fail(`"${text}": netcup routes single IPv4 addresses only: write "${host}/32"`)
      }
      if (prefixLength === 0) {
        return Result.fail(
          `"${text}" is the whole address space: write the prefix that netcup assigned, for example "${example(text)}"`
        )
      }
      const prefix = Prefix.make(IpNetwork.format(IpNetwork.fromAddressUnsafe(address, prefixLength)))
      return Result.succeed(new FailoverAddress({ family, host, prefixLength, prefix }))
    }
  })
}
