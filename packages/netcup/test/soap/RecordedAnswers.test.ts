import { existsSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Envelope from "@netcup-failover/netcup/soap/Envelope"
import * as Fault from "@netcup-failover/netcup/soap/Fault"
import { changeIPRouting, getVServerInformation } from "@netcup-failover/netcup/soap/WSEndUser"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** Answers that others recorded: not part of the project, used where they lie beside it. */
const folder = new URL("../../../../../shared/reference/contracts/soap/recorded/", import.meta.url)
const recorded = (name: string) => readFileSync(new URL(name, folder), "utf8")

describe.skipIf(!existsSync(folder))("answers recorded from netcup", () => {
  it("a server's information has its state, interfaces and addresses", () => {
    const answer = Envelope.parse("getVServerInformation", recorded("getVServerInformation.xml"))
    assert.deepStrictEqual<unknown>(
      Result.flatMap(answer, Schema.decodeUnknownResult(getVServerInformation.returns)),
      Result.succeed({
        cpuCores: 8,
        ips: ["198.51.100.1", "2001:db8:1::/64"],
        memory: 16_384,
        rebootRecommended: false,
        rescueEnabled: false,
        serverInterfaces: [
          {
            driver: "virtio",
            ipv4IP: ["198.51.100.1"],
            ipv6IP: ["2001:db8:1::/64"],
            mac: "aa:bb:cc:dd:ee:ff",
            trafficThrottled: false
          },
          { driver: "virtio", mac: "aa:bb:cc:dd:ee:fe", trafficThrottled: false }
        ],
        status: "online",
        vServerName: "v1234567890123456789",
        vServerNickname: "example.server.invalid"
      })
    )
  })

  it("a server's information may lack most fields and come behind a header", () => {
    const answer = Envelope.parse("getVServerInformation", recorded("getVServerInformation-header-and-order.xml"))
    assert.deepStrictEqual<unknown>(
      Result.flatMap(answer, Schema.decodeUnknownResult(getVServerInformation.returns)),
      Result.succeed({ ips: ["1.1.1.1", "2.2.2.2"], status: "offline", vServerNickname: "nickname" })
    )
  })

  it("a routing change is answered without a return", () => {
    const answer = Envelope.parse("changeIPRouting", recorded("changeIPRouting-empty.xml"))
    assert.deepStrictEqual<unknown>(
      Result.flatMap(answer, Schema.decodeUnknownResult(changeIPRouting.returns)),
      Result.succeed(undefined)
    )
  })

  for (const [name, tag, text] of [
    ["fault-action-not-allowed.xml", "Refused", "action not allowed"],
    ["fault-failover-ip-not-found.xml", "AddressNotFound", "Could not find failover IP: 198.51.100.4 for User: 12345"],
    ["fault-invalid-credentials.xml", "InvalidCredentials", "Invalid credentials."],
    ["fault-server-not-found.xml", "ServerNotFound", "Server not found for name 'doesnotexist'"]
  ] as const) {
    it(`${name} is ${tag}`, () => {
      const answer = Envelope.parse("changeIPRouting", recorded(name))
      assert.deepStrictEqual(answer, Result.fail(new Envelope.SoapFault({ code: "S:Server", text })))
      assert.strictEqual(Fault.classify(text, (words) => words)._tag, tag)
    })
  }
})
