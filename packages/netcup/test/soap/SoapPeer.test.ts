/**
 * The SOAP layer against a server that somebody else wrote, set up with a WSDL of the webservice: the npm package `soap`. It reads
 * our requests and writes its answers by the WSDL alone.
 */
import { assert, describe, it } from "@effect/vitest"
import { type FailoverAddress, parse } from "@netcup-failover/core/FailoverAddress"
import { ServerName } from "@netcup-failover/core/ServerName"
import { SoapCredentials } from "@netcup-failover/netcup/Credentials"
import * as FailoverRoutingSoap from "@netcup-failover/netcup/soap/FailoverRoutingSoap"
import * as XmlTree from "@netcup-failover/testing/netcup/XmlTree"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { createClientAsync } from "soap"
import { http } from "./Endpoint.ts"
import { hostileTexts } from "./HostileTexts.ts"
import { type Answers, fault, serve } from "./Peer.ts"
import { wsdl } from "./Wsdl.ts"

const v1 = ServerName.make("v1")
const v2 = ServerName.make("v2")
const address = (text: string): FailoverAddress => Result.getOrThrow(parse(text))

const credentials = new SoapCredentials({ loginName: "0012345", password: Redacted.make("s3<c&et") })
const login = { loginName: "0012345", password: "s3<c&et" }

const start = (answers: Answers, as = credentials) =>
  Effect.gen(function* () {
    const peer = yield* serve(answers)
    return { ...peer, routing: yield* FailoverRoutingSoap.make(as, { url: peer.url, tries: 1 }) }
  })

const information = () => ({
  return: {
    cpuCores: 8,
    currentMonth: { in: 1, month: 11, out: 2, total: 3, year: 2026 },
    ips: ["198.51.100.1", "2001:db8:1::/64"],
    memory: 16_384,
    rebootRecommended: false,
    rescueEnabled: true,
    rescueEnabledMessage: "<rescue> & co",
    serverDisks: [{ capacity: 320, driver: "virtio", name: "vda", optimizationRecommended: false, used: 17 }],
    serverInterfaces: [
      { driver: "virtio", mac: "aa:bb:cc:dd:ee:f1", trafficThrottled: false },
      {
        driver: "virtio",
        id: "1",
        ipv4IP: ["198.51.100.1"],
        ipv6IP: ["2001:db8:1::/64"],
        mac: "aa:bb:cc:dd:ee:01",
        trafficThrottled: false
      }
    ],
    status: "online",
    uptime: "3 days",
    vServerName: "v1",
    vServerNickname: "nick"
  }
})

describe("the npm package soap as a server of the webservice", () => {
  for (const [count, answer] of [
    [0, {}],
    [1, { return: ["v1"] }],
    [2, { return: ["v1", "v2"] }]
  ] as const) {
    it.live(`tells ${count} servers`, () =>
      Effect.gen(function* () {
        const { calls, routing } = yield* start({ getVServers: () => answer })
        assert.deepStrictEqual(yield* routing.servers, [v1, v2].slice(0, count))
        assert.deepStrictEqual(calls, [{ operation: "getVServers", parameters: login }])
      }).pipe(Effect.provide(http))
    )
  }

  it.live("tells the addresses of a server", () =>
    Effect.gen(function* () {
      const { calls, routing } = yield* start({
        getVServerIPs: () => ({ return: ["198.51.100.1", "2001:db8:f::/64"] })
      })
      assert.deepStrictEqual<unknown>(Object.fromEntries((yield* routing.routes([v1])).held), {
        "198.51.100.1/32": "v1",
        "2001:db8:f::/64": "v1"
      })
      assert.deepStrictEqual(calls, [{ operation: "getVServerIPs", parameters: { ...login, vserverName: "v1" } }])
    }).pipe(Effect.provide(http))
  )

  it.live("tells the state of a server", () =>
    Effect.gen(function* () {
      const { calls, routing } = yield* start({ getVServerInformation: information })
      assert.deepInclude(yield* routing.inspect(v1), { name: v1, running: true, word: "online", rescue: true })
      assert.deepStrictEqual(calls, [
        { operation: "getVServerInformation", parameters: { ...login, vservername: "v1" } }
      ])
    }).pipe(Effect.provide(http))
  )

  for (const [how, answer] of [
    ["true", { return: true }],
    ["nothing", {}]
  ] as const) {
    it.live(`routes to the interface that it named, answering ${how}`, () =>
      Effect.gen(function* () {
        const { calls, routing } = yield* start({
          getVServerInformation: information,
          changeIPRouting: () => answer
        })
        yield* routing.route(address("2001:db8:f::2/64"), v1)
        assert.deepStrictEqual(calls.slice(1), [
          {
            operation: "changeIPRouting",
            parameters: {
              ...login,
              routedIP: "2001:db8:f::2",
              routedMask: "64",
              destinationVserverName: "v1",
              destinationInterfaceMAC: "aa:bb:cc:dd:ee:01"
            }
          }
        ])
      }).pipe(Effect.provide(http))
    )
  }

  it.live("refuses by answering false, and is asked once", () =>
    Effect.gen(function* () {
      const { calls, routing } = yield* start({
        getVServerInformation: information,
        changeIPRouting: () => ({ return: false })
      })
      const { reason } = yield* Effect.flip(routing.route(address("198.51.100.4/32"), v1))
      assert.deepStrictEqual([reason._tag, calls.length], ["Refused", 2])
    }).pipe(Effect.provide(http))
  )

  for (const status of [200, 500]) {
    for (const [text, tag, told] of [
      ["Invalid credentials.", "InvalidCredentials", "Invalid credentials."],
      [
        "Could not find failover IP: 198.51.100.4 for User: 0012345",
        "AddressNotFound",
        "Could not find failover IP: 198.51.100.4 for User: <redacted>"
      ],
      ["Server not found for name 'v1'", "ServerNotFound", "Server not found for name 'v1'"],
      [
        "Routing a failover IP is only permitted once every 5 minutes.",
        "RateLimited",
        "Routing a failover IP is only permitted once every 5 minutes."
      ],
      ['action <not> "allowed" & über', "Refused", 'action <not> "allowed" & über']
    ] as const) {
      it.live(`refuses with a fault and HTTP ${status}: ${text}`, () =>
        Effect.gen(function* () {
          const { calls, routing } = yield* start({
            getVServerInformation: information,
            changeIPRouting: () => fault(text, status)
          })
          const { message, reason } = yield* Effect.flip(routing.route(address("198.51.100.4/32"), v1))
          assert.deepStrictEqual([reason._tag, message], [tag, told])
          assert.deepStrictEqual(
            calls.map(({ operation }) => operation),
            ["getVServerInformation", "changeIPRouting"]
          )
        }).pipe(Effect.provide(http))
      )
    }
  }

  // It takes blanks off both ends of every text.
  for (const [name, text] of hostileTexts.filter(([, text]) => text === text.trim())) {
    it.live(`understands credentials as they are meant: ${name}`, () =>
      Effect.gen(function* () {
        const hostile = new SoapCredentials({ loginName: text, password: Redacted.make(`${text}!`) })
        const { calls, routing } = yield* start({ getVServers: () => ({}) }, hostile)
        yield* routing.servers
        assert.deepStrictEqual(calls[0]?.parameters, { loginName: text, password: `${text}!` })
      }).pipe(Effect.provide(http))
    )
  }

  /** One request of each operation, as the peer received them. */
  const requests = Effect.gen(function* () {
    const { calls, requests, routing } = yield* start({
      getVServers: () => ({}),
      getVServerIPs: () => ({}),
      getVServerInformation: information,
      changeIPRouting: () => ({ return: true })
    })
    yield* routing.servers
    yield* routing.routes([v1])
    yield* routing.route(address("2001:db8:f::2/64"), v1)
    assert.deepStrictEqual<unknown>(
      calls.map(({ operation }) => operation),
      ["getVServers", "getVServerIPs", "getVServerInformation", "changeIPRouting"]
    )
    return yield* Effect.forEach(calls, (call, at) =>
      Effect.map(XmlTree.parse(requests[at] ?? ""), (envelope) => ({ ...call, envelope }))
    )
  }).pipe(Effect.provide(http))

  it.live("has a client that says the same, element by element and namespace by namespace", () =>
    Effect.gen(function* () {
      const { requests: received, url } = yield* serve({
        getVServers: () => ({}),
        getVServerIPs: () => ({}),
        getVServerInformation: information,
        changeIPRouting: () => ({ return: true })
      })
      const client = yield* Effect.promise(() => createClientAsync(wsdl, { endpoint: url }))
      for (const { envelope, operation, parameters } of yield* requests) {
        yield* Effect.promise<unknown>(() => client[`${operation}Async`](parameters))
        assert.deepStrictEqual(envelope, yield* XmlTree.parse(received.at(-1) ?? ""))
      }
    })
  )
})
