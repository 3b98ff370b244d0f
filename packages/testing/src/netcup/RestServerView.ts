/**
 * A server as the REST API shows it in full, and its interfaces.
 */
import { hash32 } from "@netcup-failover/core/Fnv1a"
import * as NetAddress from "effect/net/NetAddress"
import * as Result from "effect/Result"
import type { Json, JsonObject } from "../embedded/JsonValue.ts"
import type * as NetcupState from "./NetcupState.ts"
import * as RestViews from "./RestViews.ts"

const idOf = (text: string) => 600_000 + (hash32(text) % 90_000)

/** In the /22 that netcup has around a server's address: the text with its last ten bits replaced. */
const within = (ip: string, offset: number): string =>
  Result.match(NetAddress.ipv4FromString(ip), {
    onFailure: () => ip,
    onSuccess: (address) => {
      const [a, b, c] = NetAddress.ipv4ToOctets(address)
      return [a, b, (c & 0b1111_1100) + (offset >> 8), offset & 0xff].join(".")
    }
  })

/** What a host makes of its MAC: EUI-64 below `fe80::`. */
const linkLocal = (mac: string): string =>
  Result.match(NetAddress.macAddressFromString(mac), {
    onFailure: () => "fe80::",
    onSuccess: (address) => {
      const [a, b, c, d, e, f] = NetAddress.macAddressToOctets(address)
      const host = [a ^ 2, b, c, 0xff, 0xfe, d, e, f]
      return NetAddress.formatIp(NetAddress.ipv6FromBytesUnsafe(Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, ...host)))
    }
  })

/** The interface that failover addresses are routed to: the first with an IPv4 address. */
const primaryOf = ({ interfaces }: NetcupState.Server) =>
  interfaces.find(({ ipv4 }) => ipv4.length > 0) ?? interfaces[0]

const isVlan = ({ ipv4, ipv6 }: NetcupState.NetworkInterface) => ipv4.length === 0 && ipv6.length === 0

const routedOf = (account: NetcupState.Account, server: NetcupState.Server, one: NetcupState.NetworkInterface) =>
  one === primaryOf(server) ? account.addresses.filter(({ routedTo }) => routedTo === server.name) : []

const prefixesOf = (owned: ReadonlyArray<NetcupState.OwnedAddress>, family: "IPv4" | "IPv6") =>
  owned.filter(({ address }) => address.family === family).map(({ address }) => address.prefix)

/** Its addresses are plain texts, those that are routed to the server among them. */
const liveInterface = (
  account: NetcupState.Account,
  server: NetcupState.Server,
  one: NetcupState.NetworkInterface
): JsonObject => {
  const routed = routedOf(account, server, one)
  const vlan = isVlan(one)
  return {
    mac: one.mac,
    driver: one.driver,
    ipv4Addresses: [...one.ipv4, ...prefixesOf(routed, "IPv4").map(RestViews.bare)],
    ipv6LinkLocalAddresses: vlan ? [] : [linkLocal(one.mac)],
    ipv6NetworkPrefixes: [...one.ipv6, ...prefixesOf(routed, "IPv6")],
    mtu: vlan ? 0 : 1500,
    rxMonthlyInMiB: 422,
    txMonthlyInMiB: 2700,
    speedInMBits: 2500,
    trafficThrottled: false,
    vlanInterface: vlan,
    vlanId: vlan ? 222_001 : null
  }
}

const liveInfo = (account: NetcupState.Account, server: NetcupState.Server): JsonObject => ({
  state: server.state,
  autostart: true,
  uefi: true,
  interfaces: server.interfaces.map((one) => liveInterface(account, server, one)),
  disks: [{ dev: "vda", driver: "virtio", capacityInMiB: 1_048_576, allocationInMiB: 2357 }],
  bootorder: ["HDD", "NETWORK", "CDROM"],
  requiredStorageOptimization: "NO",
  template: "RS 2000 G12 Pro",
  uptimeInSeconds: server.status === "online" ? 46_715 : 0,
  currentServerMemoryInMiB: 16_384,
  maxServerMemoryInMiB: 16_384,
  cpuCount: 8,
  cpuMaxCount: 8,
  sockets: 8,
  coresPerSocket: 1,
  latestQemu: true,
  configChanged: false,
  osOptimization: "LINUX",
  nestedGuest: false,
  machineType: "pc-i440fx-9.2",
  keyboardLayout: "en-us",
  cloudinitAttached: false
})

/** `ipv4Addresses` and `ipv6Addresses` are the server's own: those that are routed to it are not among them. */
export const server = (account: NetcupState.Account, shown: NetcupState.Server, live: boolean): JsonObject => ({
  ...RestViews.serverMinimal(shown),
  site: RestViews.site(shown.site),
  architecture: "AMD64",
  disksAvailableSpaceInMiB: 7_340_032,
  gpuDriverAvailable: false,
  maxCpuCount: 8,
  snapshotAllowed: true,
  snapshotCount: 0,
  rescueSystemActive: shown.rescue,
  ipv4Addresses: shown.interfaces.flatMap(({ ipv4 }) =>
    ipv4.map((ip) => ({
      id: idOf(ip),
      ip,
      netmask: "255.255.252.0",
      gateway: within(ip, 1),
      broadcast: within(ip, 1023)
    }))
  ),
  ipv6Addresses: shown.interfaces.flatMap(({ ipv6 }) =>
    ipv6.map((prefix) => ({
      id: idOf(prefix),
      networkPrefix: RestViews.bare(prefix),
      networkPrefixLength: Number(prefix.split("/")[1] ?? 64),
      gateway: "fe80::1"
    }))
  ),
  serverLiveInfo: live ? liveInfo(account, shown) : null
})

/** Own addresses and those that are routed here; `id` 0 is a link-local one's. */
export const interfaces = (account: NetcupState.Account, shown: NetcupState.Server, loadRdns: boolean): Json =>
  shown.interfaces.map((one): JsonObject => {
    const common = { interfaceMac: one.mac, destinationIp: null, editable: false }
    const v4 = (ip: string, cidr: string, id: number, more: JsonObject): JsonObject => ({
      ...common,
      id,
      ip,
      cidr,
      rdns: loadRdns && id > 0 ? `host-${id}.servers.example` : null,
      ...more
    })
    const v6 = (cidr: string, id: number, more: JsonObject): JsonObject => ({
      ...common,
      id,
      cidr,
      networkPrefix: RestViews.bare(cidr),
      linkLocal: false,
      rdns: {},
      ...more
    })
    const own = { type: "IP" }
    const routed = { type: "ROUTED_IP", gateway: null }
    const here = routedOf(account, shown, one)
    return {
      mac: one.mac,
      driver: one.driver,
      speedInMBits: 2500,
      ipv4Addresses: [
        ...one.ipv4.map((ip) => v4(ip, `${ip}/22`, idOf(ip), { ...own, gateway: within(ip, 1) })),
        ...here.flatMap(({ address, editable, id }) =>
          address.family === "IPv4"
            ? [v4(RestViews.bare(address.prefix), address.prefix, id, { ...routed, editable })]
            : []
        )
      ],
      ipv6Addresses: [
        ...(isVlan(one) ? [] : [v6(`${linkLocal(one.mac)}/10`, 0, { ...own, linkLocal: true, gateway: null })]),
        ...one.ipv6.map((prefix) => v6(prefix, idOf(prefix), { ...own, gateway: "fe80::1" })),
        ...here.flatMap(({ address, editable, id }) =>
          address.family === "IPv6" ? [v6(address.prefix, id, { ...routed, editable })] : []
        )
      ]
    }
  })
