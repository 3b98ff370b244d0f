/**
 * Each of the 31 operations against the npm package `soap`, which did not learn SOAP from us: what it understood of our requests,
 * and what we understand of its answers.
 */
import { assert, describe, it } from "@effect/vitest"
import { ServerName } from "@netcup-failover/core/ServerName"
import * as SoapClient from "@netcup-failover/netcup/soap/SoapClient"
import * as WSEndUser from "@netcup-failover/netcup/soap/WSEndUser"
import * as XmlTree from "@netcup-failover/testing/netcup/XmlTree"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { credentials, http } from "./Endpoint.ts"
import { serve } from "./Peer.ts"
import { contract, operations } from "./Wsdl.ts"

type Call = SoapClient.SoapClient["Service"]["call"]

/** One call: how it is made, what the peer must have understood, what it answers, and what must arrive. */
interface Case {
  readonly call: (call: Call) => Effect.Effect<unknown, unknown>
  readonly understood: Readonly<Record<string, unknown>>
  readonly answer: unknown
  readonly result: unknown
}

const v1 = ServerName.make("v<1>&")
const one = { vserverName: "v<1>&" }
const other = { vservername: "v<1>&" }
const traffic = { in: 9_007_199_254_740_991, month: 11, out: 0, total: 3, year: 2026 }
const information = {
  cpuCores: 8,
  currentMonth: traffic,
  ips: ["198.51.100.1", "2001:db8:1::/64"],
  memory: 16_384,
  rebootRecommended: true,
  rebootRecommendedMessage: "  boot <me> & ü",
  rescueEnabled: false,
  serverDisks: [{ capacity: 320, driver: "virtio", name: "vda", optimizationRecommended: false, used: 17 }],
  serverInterfaces: [
    { driver: "virtio", id: "1", ipv4IP: ["198.51.100.1"], ipv6IP: [], mac: "aa:bb", trafficThrottled: false },
    { mac: "aa:cc", trafficThrottled: true, trafficThrottledMessage: "slow" }
  ],
  status: "online",
  vServerName: "v<1>&"
}
const log = [
  { additionalInfo: "a", date: "2026-03-29T01:59:59.5+01:00", message: "m & n", type: "INFO" },
  { message: "without a date" }
]

/** An operation on a server that answers yes or no. */
const power = (
  operation: Omit<typeof WSEndUser.vServerStart, "name"> & { readonly name: string },
  answer: boolean
): Case => ({
  call: (call) => call(operation, { vserverName: v1 }),
  understood: one,
  answer: { return: answer },
  result: answer
})

const cases: Readonly<Record<keyof typeof WSEndUser, Case>> = {
  getVServers: {
    call: (call) => call(WSEndUser.getVServers, {}),
    understood: {},
    answer: { return: ["v1", "v2"] },
    result: ["v1", "v2"]
  },
  getVServerIPs: {
    call: (call) => call(WSEndUser.getVServerIPs, { vserverName: v1 }),
    understood: one,
    answer: { return: ["198.51.100.1"] },
    result: ["198.51.100.1"]
  },
  getVServerInformation: {
    call: (call) => call(WSEndUser.getVServerInformation, { language: "de", vservername: v1 }),
    understood: { ...other, language: "de" },
    answer: { return: information },
    result: {
      ...information,
      serverInterfaces: [
        { driver: "virtio", id: "1", ipv4IP: ["198.51.100.1"], mac: "aa:bb", trafficThrottled: false },
        { mac: "aa:cc", trafficThrottled: true, trafficThrottledMessage: "slow" }
      ]
    }
  },
  getVServerState: {
    call: (call) => call(WSEndUser.getVServerState, { vserverName: v1 }),
    understood: one,
    answer: { return: "offline" },
    result: "offline"
  },
  getVServerUptime: {
    call: (call) => call(WSEndUser.getVServerUptime, { vserverName: v1 }),
    understood: one,
    answer: { return: "3 days" },
    result: "3 days"
  },
  getVServerUpdateNotification: {
    call: (call) => call(WSEndUser.getVServerUpdateNotification, { vserverName: v1 }),
    understood: one,
    answer: { return: true },
    result: true
  },
  getVServerNickname: {
    call: (call) => call(WSEndUser.getVServerNickname, { vservername: v1 }),
    understood: other,
    answer: {},
    result: undefined
  },
  setVServerNickname: {
    call: (call) => call(WSEndUser.setVServerNickname, { vservername: v1, vservernickname: "Größe <1>" }),
    understood: { ...other, vservernickname: "Größe <1>" },
    answer: { return: "Größe <1>" },
    result: "Größe <1>"
  },
  getVServerStatToken: {
    call: (call) => call(WSEndUser.getVServerStatToken, { vserverName: v1 }),
    understood: one,
    answer: { return: "t0k&n" },
    result: Redacted.make("t0k&n")
  },
  getVServerLogEntryCount: {
    call: (call) => call(WSEndUser.getVServerLogEntryCount, { vservername: v1 }),
    understood: other,
    answer: { return: 3_000_000_000 },
    result: 3_000_000_000
  },
  getVServerLogEntries: {
    call: (call) => call(WSEndUser.getVServerLogEntries, { vservername: v1, start: 0, results: 50 }),
    understood: { ...other, start: 0, results: 50 },
    answer: { return: log },
    result: [
      { additionalInfo: "a", date: Date.UTC(2026, 2, 29, 0, 59, 59, 500), message: "m & n", type: "INFO" },
      { message: "without a date" }
    ]
  },
  getVServerTrafficOfDay: {
    call: (call) => call(WSEndUser.getVServerTrafficOfDay, { vserverName: v1, year: 2026, month: 11, day: 22 }),
    understood: { ...one, year: 2026, month: 11, day: 22 },
    answer: { return: { ...traffic, day: 22 } },
    result: { ...traffic, day: 22 }
  },
  getVServerTrafficOfMonth: {
    call: (call) => call(WSEndUser.getVServerTrafficOfMonth, { vserverName: v1, year: 2026, month: 11 }),
    understood: { ...one, year: 2026, month: 11 },
    answer: { return: traffic },
    result: traffic
  },
  startVServer: {
    call: (call) => call(WSEndUser.startVServer, { vserverName: v1 }),
    understood: one,
    answer: { return: { success: true } },
    result: { success: true }
  },
  stopVServer: {
    call: (call) => call(WSEndUser.stopVServer, { vserverName: v1 }),
    understood: one,
    answer: { return: { message: "no <way>", success: false } },
    result: { message: "no <way>", success: false }
  },
  vServerStart: power(WSEndUser.vServerStart, true),
  vServerSuspend: power(WSEndUser.vServerSuspend, false),
  vServerResume: power(WSEndUser.vServerResume, true),
  vServerRestore: power(WSEndUser.vServerRestore, true),
  vServerReset: power(WSEndUser.vServerReset, true),
  vServerPoweroff: power(WSEndUser.vServerPoweroff, true),
  vServerACPIReboot: power(WSEndUser.vServerACPIReboot, true),
  vServerACPIShutdown: power(WSEndUser.vServerACPIShutdown, true),
  changeIPRouting: {
    call: (call) =>
      call(WSEndUser.changeIPRouting, {
        destinationInterfaceMAC: "aa:bb:cc:dd:ee:ff",
        destinationVserverName: v1,
        routedMask: 64,
        routedIP: "2001:db8::2"
      }),
    understood: {
      routedIP: "2001:db8::2",
      routedMask: "64",
      destinationVserverName: "v<1>&",
      destinationInterfaceMAC: "aa:bb:cc:dd:ee:ff"
    },
    answer: {},
    result: undefined
  },
  addCloudVLANInterface: {
    call: (call) => call(WSEndUser.addCloudVLANInterface, { vservername: v1, cloudvlanid: 4711, driver: "virtio" }),
    understood: { ...other, cloudvlanid: 4711, driver: "virtio" },
    answer: { return: true },
    result: true
  },
  getPanelSettings: {
    call: (call) => call(WSEndUser.getPanelSettings, {}),
    understood: {},
    answer: { return: { language: "de", passwordlessMode: false, showNickname: true, webserviceEnabled: true } },
    result: { language: "de", passwordlessMode: false, showNickname: true, webserviceEnabled: true }
  },
  setPanelSettings: {
    call: (call) => call(WSEndUser.setPanelSettings, { showNickname: true }),
    understood: { showNickname: true },
    answer: { return: true },
    result: true
  },
  getLoginToken: {
    call: (call) => call(WSEndUser.getLoginToken, {}),
    understood: {},
    answer: { return: "abc" },
    result: Redacted.make("abc")
  },
  getUserData: {
    call: (call) => call(WSEndUser.getUserData, {}),
    understood: {},
    answer: { return: { city: "Größenstadt", loginname: "12345", postcode: "01234" } },
    result: { city: "Größenstadt", loginname: "12345", postcode: "01234" }
  },
  changeUserPassword: {
    call: (call) =>
      call(WSEndUser.changeUserPassword, { oldPassword: Redacted.make("old<&"), newPassword: Redacted.make("new>'") }),
    understood: { oldPassword: "old<&", newPassword: "new>'" },
    answer: { return: true },
    result: true
  },
  sendPasswordResetRequest: {
    call: (call) => call(WSEndUser.sendPasswordResetRequest, { eMail: "a@example.com" }),
    understood: { eMail: "a@example.com" },
    answer: { return: true },
    result: true
  }
}

describe("the npm package soap as a server of all 31 operations", () => {
  const { messages } = contract()

  for (const operation of operations) {
    const { answer, call, result, understood } = cases[operation.name]
    it.live(`${operation.name} is understood, its parameters are in order, and its answer arrives`, () =>
      Effect.gen(function* () {
        const peer = yield* serve({ [operation.name]: () => answer })
        const client = yield* SoapClient.make(credentials, { url: peer.url, tries: 1 })
        assert.deepStrictEqual(yield* call(client.call), result)
        const login =
          operation.credentials === "login" ? { loginName: "12345" } : { loginName: "12345", password: "s3<c&et" }
        assert.deepStrictEqual(peer.calls, [{ operation: operation.name, parameters: { ...login, ...understood } }])
        const envelope = yield* XmlTree.parse(peer.requests[0] ?? "")
        const sent = envelope.children[0]?.children[0]?.children.map(({ name }) => name)
        const wanted = messages.find(({ name }) => name === operation.name)?.request.map(({ name }) => name)
        assert.deepStrictEqual(
          sent,
          wanted?.filter((name) => name !== "language" || "language" in understood)
        )
      }).pipe(Effect.provide(http))
    )
  }
})
