/**
 * The netcup that the contract is played on, before anything happens.
 */
import { type FailoverAddress, parse } from "@netcup-failover/core/FailoverAddress"
import { ServerName } from "@netcup-failover/core/ServerName"
import type * as Arrangement from "@netcup-failover/testing/netcup/Arrangement"
import * as Result from "effect/Result"

export const address = (text: string): FailoverAddress => Result.getOrThrow(parse(text))

export const [serverA, serverB, serverC, serverD, vlanOnly, foreignServer, unknownServer] = [
  ServerName.make("v1000000000000000001"),
  ServerName.make("v1000000000000000002"),
  ServerName.make("v1000000000000000003"),
  ServerName.make("v1000000000000000005"),
  ServerName.make("v1000000000000000004"),
  ServerName.make("v2000000000000000001"),
  ServerName.make("v9999999999999999999")
]

export const ipv4Address = address("198.51.100.104/32")
export const ipv6Address = address("2001:db8:f::2/64")
export const unrouted = address("198.51.100.105/32")

/** Of no account, of the other account, and no failover address at all. */
export const unknownAddress = address("192.0.2.9/32")
export const foreignAddress = address("203.0.113.104/32")
export const ownAddress = address("198.51.100.1/32")

/** The servers of the account under test. */
export const all = [serverA, serverB, serverC, serverD, vlanOnly]

/** Where the failover addresses point at first. */
export const atFirst = {
  "198.51.100.104/32": serverA,
  "2001:db8:f::/64": serverB
}

/** The servers' own addresses, which not every API tells with the others. */
export const own = {
  "198.51.100.1/32": serverA,
  "2001:db8:1::/64": serverA,
  "198.51.100.2/32": serverB,
  "198.51.100.3/32": serverC,
  "198.51.100.33/32": serverC,
  "198.51.100.5/32": serverD
}

/** The interface of {@link serverA} that failover addresses go to; the one that netcup names before it is a cloud VLAN's. */
export const primaryMac = "aa:bb:cc:dd:ee:01"

/**
 * The account under test first: `198.51.100.104/32` on {@link serverA}, `2001:db8:f::/64` on {@link serverB} (offline),
 * `198.51.100.105/32` nowhere; {@link serverC} is in the rescue system, {@link serverD} runs. Then somebody else's.
 */
export const accounts = [
  {
    loginName: "100200",
    password: "s3<c&et phrase",
    servers: [
      {
        name: serverA,
        nickname: "web <1> & more",
        interfaces: [
          { mac: "aa:bb:cc:dd:ee:f1" },
          { mac: primaryMac, ipv4: ["198.51.100.1"], ipv6: ["2001:db8:1::/64"] }
        ]
      },
      { name: serverB, status: "offline", interfaces: [{ mac: "aa:bb:cc:dd:ee:02", ipv4: ["198.51.100.2"] }] },
      {
        name: serverC,
        rescue: true,
        interfaces: [{ mac: "aa:bb:cc:dd:ee:03", ipv4: ["198.51.100.3", "198.51.100.33"] }]
      },
      { name: serverD, interfaces: [{ mac: "aa:bb:cc:dd:ee:05", ipv4: ["198.51.100.5"] }] },
      { name: vlanOnly, interfaces: [{ mac: "aa:bb:cc:dd:ee:f4" }] }
    ],
    addresses: [
      { cidr: "198.51.100.104/32", routedTo: serverA },
      { cidr: "2001:db8:f::/64", routedTo: serverB },
      { cidr: "198.51.100.105/32" }
    ]
  },
  {
    loginName: "300400",
    password: "another",
    servers: [{ name: foreignServer, interfaces: [{ mac: "aa:bb:cc:dd:ee:21", ipv4: ["203.0.113.1"] }] }],
    addresses: [{ cidr: "203.0.113.104/32", routedTo: foreignServer }]
  }
] as const satisfies ReadonlyArray<Arrangement.AccountSpec>
