import { assert, describe, it } from "@effect/vitest"
import * as Eui64 from "@netcup-failover/core/Eui64"
import * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const address = (network: string, mac: string) =>
  Result.map(
    Eui64.address(
      Result.getOrThrow(IpNetwork.ipv6FromString(network)),
      Result.getOrThrow(NetAddress.macAddressFromString(mac))
    ),
    NetAddress.formatIp
  )

/** The first is the Go controller's README; the next are RFC 2464's, section 4, and what Linux gave itself as a link-local address. */
const vectors: ReadonlyArray<readonly [string, string, string]> = [
  ["2001:db8:1:2::/64", "aa:bb:cc:dd:ee:ff", "2001:db8:1:2:a8bb:ccff:fedd:eeff"],
  ["2001:db8::/64", "34:56:78:9a:bc:de", "2001:db8::3656:78ff:fe9a:bcde"],
  ["fe80::/64", "96:1e:c0:8c:55:23", "fe80::941e:c0ff:fe8c:5523"],
  ["2001:db8:1:2::/64", "02:00:00:00:00:01", "2001:db8:1:2:0:ff:fe00:1"]
]

const octet = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))
const segment = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0xffff }))
/** The least bit of the first marks groups; the first is never 0 here, so that not all are. */
const macs = Schema.Tuple([
  Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 127 })),
  octet,
  octet,
  octet,
  octet,
  octet
])
const networks = Schema.Tuple([segment, segment, segment, segment])

describe("Eui64", () => {
  it("gives the addresses that are known", () => {
    for (const [network, mac, expected] of vectors) {
      assert.deepStrictEqual(address(network, mac), Result.succeed(expected), `${mac} in ${network}`)
    }
  })

  it("refuses a network that is no /64, and what no interface has for a MAC", () => {
    const refused: ReadonlyArray<readonly [string, string, string]> = [
      ["2001:db8::/48", "aa:bb:cc:dd:ee:ff", "/48"],
      ["2001:db8::/128", "aa:bb:cc:dd:ee:ff", "/128"],
      ["2001:db8::/64", "00:00:00:00:00:00", "00:00:00:00:00:00"],
      ["2001:db8::/64", "ff:ff:ff:ff:ff:ff", "ff:ff:ff:ff:ff:ff"],
      ["2001:db8::/64", "33:33:00:00:00:01", "33:33:00:00:00:01"]
    ]
    for (const [network, mac, named] of refused) {
      const result = address(network, mac)
      assert.isTrue(Result.isFailure(result), `${mac} in ${network}`)
      assert.include(Result.isFailure(result) ? result.failure : "", named)
    }
  })

  it.prop(
    "keeps the network, and holds the whole MAC with only its second bit changed",
    [networks, macs],
    ([network, [half, ...rest]]) => {
      const mac = [half * 2, ...rest] as const
      const hardware = Result.getOrThrow(NetAddress.macAddressFromOctets(mac))
      const base = Result.getOrThrow(NetAddress.ipv6FromSegments([...network, 0, 0, 0, 0]))
      const made = Result.getOrThrow(Eui64.address(IpNetwork.fromAddressUnsafe(base, 64), hardware))
      const octets = NetAddress.ipv6ToOctets(made)
      assert.deepStrictEqual(
        Array.from(octets.slice(0, 8)),
        network.flatMap((part) => [Math.floor(part / 256), part % 256])
      )
      const [a = 0, b = 0, c = 0, ff = 0, fe = 0, d = 0, e = 0, f = 0] = octets.slice(8)
      assert.deepStrictEqual([ff, fe], [255, 254])
      assert.deepStrictEqual([b, c, d, e, f], mac.slice(1))
      assert.strictEqual(Math.abs(a - mac[0]), 2)
    }
  )
})
