import { assert, describe, it } from "@effect/vitest"
import { type FailoverAddress, parse } from "@netcup-failover/core/FailoverAddress"
import { ServerName } from "@netcup-failover/core/ServerName"
import { FailoverRouting } from "@netcup-failover/netcup/FailoverRouting"
import type { NetcupError } from "@netcup-failover/netcup/NetcupError"
import * as FailoverRoutingSoap from "@netcup-failover/netcup/soap/FailoverRoutingSoap"
import type { SoapOptions } from "@netcup-failover/netcup/soap/SoapOptions"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { answer, credentials, endpoint, fault, http, operationOf, type Received, send } from "./Endpoint.ts"

const v1 = ServerName.make("v1")
const v2 = ServerName.make("v2")
const v3 = ServerName.make("v3")

const address = (text: string): FailoverAddress => Result.getOrThrow(parse(text))
const failover = address("198.51.100.4/32")

const networkInterface = (mac: string, ...addresses: ReadonlyArray<string>) =>
  `<serverInterfaces><driver>virtio</driver>${addresses.map((ip) => `<ipv4IP>${ip}</ipv4IP>`).join("")}<mac>${mac}</mac></serverInterfaces>`

const information = (inner: string) => answer("getVServerInformation", `<return>${inner}</return>`)
const online = (mac = "aa:bb:cc:dd:ee:01") =>
  information(`${networkInterface(mac, "198.51.100.1")}<status>online</status>`)
const routed = answer("changeIPRouting", "<return>true</return>")

type Answer = string | Promise<string>

/** A service before an endpoint that answers each operation by a body, or not at all; `calls` is what it was asked, in order. */
const account = (
  answers: Readonly<Record<string, (request: Received, nth: number) => Answer | undefined>>,
  options: SoapOptions = {}
) =>
  Effect.gen(function* () {
    const calls: Array<string> = []
    const end = yield* endpoint((response, request) => {
      const operation = operationOf(request)
      const nth = calls.filter((name) => name === operation).length
      calls.push(operation)
      const body = answers[operation]?.(request, nth)
      if (body !== undefined) void Promise.resolve(body).then((text) => send(response, 200, text))
    })
    const routing = yield* FailoverRoutingSoap.make(credentials, { url: end.url, retryDelay: "1 millis", ...options })
    return { routing, calls, received: end.received, close: end.close }
  })

const asked = ({ body }: Received, element: string) => new RegExp(`<${element}>(.*?)</${element}>`).exec(body)?.[1]

describe("FailoverRoutingSoap.servers", () => {
  for (const [returns, expected] of [
    ["", []],
    ["<return>v1</return>", [v1]],
    ["<return>v1</return><return> v2\n</return><return/>", [v1, v2]]
  ] as const) {
    it.live(`lists ${expected.length} servers in one call`, () =>
      Effect.gen(function* () {
        const { calls, routing } = yield* account({ getVServers: () => answer("getVServers", returns) })
        assert.deepStrictEqual<unknown>(yield* routing.servers, expected)
        assert.deepStrictEqual(calls, ["getVServers"])
        yield* routing.servers
        assert.deepStrictEqual(calls, ["getVServers", "getVServers"])
      }).pipe(Effect.provide(http))
    )
  }
})

describe("FailoverRoutingSoap.routes", () => {
  const listed: Readonly<Record<string, ReadonlyArray<string>>> = {
    v1: ["198.51.100.1", "2001:db8:1::/64", "198.51.100.4", "what is this?", "", "203.0.113.0/24"],
    v2: ["198.51.100.2", "2001:DB8:0002:0::2/64", "2001:db8:9::9"],
    v3: []
  }
  const getVServerIPs = (request: Received) => {
    const ips = listed[asked(request, "vserverName") ?? ""]
    return ips === undefined
      ? fault("Server not found for name 'x'")
      : answer("getVServerIPs", ips.map((ip) => `<return>${ip}</return>`).join(""))
  }

  it.live("tells the server of every prefix, own addresses included, and skips what is no address", () =>
    Effect.gen(function* () {
      const { calls, routing } = yield* account({ getVServerIPs })
      const { held, untold } = yield* routing.routes([v1, v2, v3])
      assert.strictEqual(untold.size, 0)
      assert.deepStrictEqual<unknown>(
        [...held].sort(),
        [
          ["198.51.100.1/32", "v1"],
          ["198.51.100.2/32", "v2"],
          ["198.51.100.4/32", "v1"],
          ["2001:db8:1::/64", "v1"],
          ["2001:db8:2::/64", "v2"],
          ["2001:db8:9::9/128", "v2"]
        ].sort()
      )
      assert.strictEqual(calls.length, 3)
    }).pipe(Effect.provide(http))
  )

  it.live("asks once for a server that is named twice, and nothing for none", () =>
    Effect.gen(function* () {
      const { calls, routing } = yield* account({ getVServerIPs })
      assert.strictEqual((yield* routing.routes([])).held.size, 0)
      assert.strictEqual(calls.length, 0)
      yield* routing.routes([v1, v1])
      assert.strictEqual(calls.length, 1)
    }).pipe(Effect.provide(http))
  )

  it.live("tells of the others when one server is not the account's, and fails when none is", () =>
    Effect.gen(function* () {
      const { routing } = yield* account({ getVServerIPs })
      const v9 = ServerName.make("v9")
      const { held, untold } = yield* routing.routes([v1, v9, v2])
      assert.deepStrictEqual(new Set(held.values()), new Set([v1, v2]))
      assert.deepStrictEqual(
        [...untold].map(([server, { reason }]) => [server, reason._tag]),
        [[v9, "ServerNotFound"]]
      )
      const error = yield* Effect.flip(routing.routes([v9]))
      assert.strictEqual(error.reason._tag, "ServerNotFound")
    }).pipe(Effect.provide(http))
  )

  it.live("asks four servers at a time", () =>
    Effect.gen(function* () {
      const held: Array<(body: string) => void> = []
      let most = 0
      let open = 0
      const four = yield* Deferred.make<void>()
      const { routing } = yield* account({
        getVServers: () => answer("getVServers", ""),
        getVServerIPs: () => {
          most = Math.max(most, ++open)
          const body = new Promise<string>((resolve) => {
            held.push((text) => {
              open--
              resolve(text)
            })
          })
          if (open === 4) Deferred.doneUnsafe(four, Effect.void)
          if (held.length > 4) held.at(-1)?.(answer("getVServerIPs", ""))
          return body
        }
      })
      const servers = Array.from({ length: 10 }, (_, i) => ServerName.make(`v${i}`))
      const fiber = yield* Effect.forkChild(routing.routes(servers))
      yield* Deferred.await(four)
      // Round trips that a fifth request, had it been sent along, would have come before.
      for (let i = 0; i < 5; i++) yield* routing.servers
      for (const release of held.slice(0, 4)) release(answer("getVServerIPs", ""))
      assert.strictEqual((yield* Fiber.join(fiber)).held.size, 0)
      assert.strictEqual(most, 4)
      assert.strictEqual(held.length, 10)
    }).pipe(Effect.provide(http))
  )
})

describe("FailoverRoutingSoap.inspect", () => {
  for (const [name, inner, running, word, rescue] of [
    ["online", "<status>online</status><rescueEnabled>false</rescueEnabled>", true, "online", false],
    ["offline", "<status>offline</status>", false, "offline", false],
    ["in the rescue system", "<rescueEnabled>true</rescueEnabled><status>online</status>", true, "online", true],
    ["of no told state", "<memory>1</memory>", undefined, undefined, false],
    ["of an unknown state", "<status>suspended</status>", undefined, "suspended", false],
    ["of a state in other letters", "<status>OFFLINE</status>", undefined, "OFFLINE", false],
    ["of an empty state", "<status/>", undefined, undefined, false]
  ] as const) {
    it.live(`views a server ${name}`, () =>
      Effect.gen(function* () {
        const { received, routing } = yield* account({ getVServerInformation: () => information(inner) })
        assert.deepInclude(yield* routing.inspect(v1), { name: v1, running, word, rescue })
        assert.strictEqual(received[0] && asked(received[0], "vservername"), "v1")
      }).pipe(Effect.provide(http))
    )
  }

  it.live("views a server that netcup says nothing of", () =>
    Effect.gen(function* () {
      const { routing } = yield* account({ getVServerInformation: () => answer("getVServerInformation", "") })
      assert.deepInclude(yield* routing.inspect(v1), {
        name: v1,
        running: undefined,
        word: undefined,
        rescue: false
      })
    }).pipe(Effect.provide(http))
  )

  it.live("asks anew each time", () =>
    Effect.gen(function* () {
      const { calls, routing } = yield* account({ getVServerInformation: () => online() })
      yield* routing.inspect(v1)
      yield* routing.inspect(v1)
      assert.strictEqual(calls.length, 2)
    }).pipe(Effect.provide(http))
  )
})

describe("FailoverRoutingSoap.route", () => {
  it.live("is one call once the server has been inspected, in netcup's order", () =>
    Effect.gen(function* () {
      const { calls, received, routing } = yield* account({
        getVServerInformation: () => online(),
        changeIPRouting: () => routed
      })
      yield* routing.inspect(v1)
      yield* routing.route(address("2001:db8::2/64"), v1)
      assert.deepStrictEqual(calls, ["getVServerInformation", "changeIPRouting"])
      assert.match(
        received[1]?.body ?? "",
        /<ws:changeIPRouting><loginName>12345<\/loginName><password>s3&lt;c&amp;et<\/password><routedIP>2001:db8::2<\/routedIP><routedMask>64<\/routedMask><destinationVserverName>v1<\/destinationVserverName><destinationInterfaceMAC>aa:bb:cc:dd:ee:01<\/destinationInterfaceMAC><\/ws:changeIPRouting>/
      )
    }).pipe(Effect.provide(http))
  )

  it.live("inspects a server that it does not know, once for all routes", () =>
    Effect.gen(function* () {
      const { calls, routing } = yield* account({
        getVServerInformation: () => online(),
        changeIPRouting: () => answer("changeIPRouting", "")
      })
      yield* routing.route(failover, v1)
      yield* routing.route(failover, v1)
      assert.deepStrictEqual(calls, ["getVServerInformation", "changeIPRouting", "changeIPRouting"])
    }).pipe(Effect.provide(http))
  )

  it.live("routes to the first interface that has an IPv4 address, not to a cloud VLAN's", () =>
    Effect.gen(function* () {
      const { received, routing } = yield* account({
        getVServerInformation: () =>
          information(
            networkInterface("aa:bb:cc:dd:ee:0a") +
              networkInterface(" aa:bb:cc:dd:ee:0b ", "198.51.100.1", "198.51.100.7") +
              networkInterface("aa:bb:cc:dd:ee:0c", "198.51.100.9")
          ),
        changeIPRouting: () => routed
      })
      yield* routing.route(failover, v1)
      assert.strictEqual(received[1] && asked(received[1], "destinationInterfaceMAC"), "aa:bb:cc:dd:ee:0b")
    }).pipe(Effect.provide(http))
  )

  for (const [name, inner] of [
    ["only a cloud VLAN's interface", networkInterface("aa:bb:cc:dd:ee:0a")],
    ["an interface without a MAC", "<serverInterfaces><ipv4IP>198.51.100.1</ipv4IP></serverInterfaces>"],
    ["an interface with empty addresses", "<serverInterfaces><ipv4IP/><mac>aa:bb:cc:dd:ee:0a</mac></serverInterfaces>"],
    ["no interface", "<status>online</status>"]
  ] as const) {
    it.live(`sends no change for a server with ${name}, and looks again next time`, () =>
      Effect.gen(function* () {
        const { calls, routing } = yield* account({
          getVServerInformation: (_, nth) => (nth === 0 ? information(inner) : online()),
          changeIPRouting: () => routed
        })
        assert.strictEqual((yield* Effect.flip(routing.route(failover, v1))).reason._tag, "NoInterface")
        assert.deepStrictEqual(calls, ["getVServerInformation"])
        yield* routing.route(failover, v1)
        assert.deepStrictEqual(calls, ["getVServerInformation", "getVServerInformation", "changeIPRouting"])
      }).pipe(Effect.provide(http))
    )
  }

  it.live("forgets an interface that an inspection no longer finds, and learns a new one", () =>
    Effect.gen(function* () {
      const { received, routing } = yield* account({
        getVServerInformation: (_, nth) =>
          [online(), information("<status>online</status>"), online("aa:bb:cc:dd:ee:02"), online("aa:bb:cc:dd:ee:03")][
            nth
          ],
        changeIPRouting: () => routed
      })
      yield* routing.inspect(v1)
      yield* routing.inspect(v1)
      yield* routing.route(failover, v1)
      yield* routing.inspect(v1)
      yield* routing.route(failover, v1)
      assert.deepStrictEqual(
        received
          .filter((request) => operationOf(request) === "changeIPRouting")
          .map((request) => asked(request, "destinationInterfaceMAC")),
        ["aa:bb:cc:dd:ee:02", "aa:bb:cc:dd:ee:03"]
      )
    }).pipe(Effect.provide(http))
  )

  it.live("many routes to one server share an inspection, and each server has its own", () =>
    Effect.gen(function* () {
      const release = Promise.withResolvers<string>()
      const started = yield* Deferred.make<void>()
      const { calls, routing } = yield* account({
        getVServerInformation: (_, nth) => {
          if (nth === 1) Deferred.doneUnsafe(started, Effect.void)
          return release.promise
        },
        changeIPRouting: () => routed
      })
      const fiber = yield* Effect.forEach(
        [v1, v2, v1, v2, v1, v1, v2, v1],
        (server) => routing.route(failover, server),
        {
          concurrency: "unbounded"
        }
      ).pipe(Effect.forkChild)
      yield* Deferred.await(started)
      release.resolve(online())
      yield* Fiber.join(fiber)
      assert.strictEqual(calls.filter((name) => name === "getVServerInformation").length, 2)
      assert.strictEqual(calls.filter((name) => name === "changeIPRouting").length, 8)
    }).pipe(Effect.provide(http))
  )

  for (const [name, first, second] of [
    ["a route that begins while its server is first inspected shares that look", "inspect", "route"],
    ["an inspection that begins while a route looks at its server shares that look", "route", "inspect"]
  ] as const) {
    it.live(name, () =>
      Effect.gen(function* () {
        const release = Promise.withResolvers<string>()
        const started = yield* Deferred.make<void>()
        const { calls, routing } = yield* account({
          getVServers: () => answer("getVServers", ""),
          getVServerInformation: () => {
            Deferred.doneUnsafe(started, Effect.void)
            return release.promise
          },
          changeIPRouting: () => routed
        })
        const uses: Readonly<Record<"inspect" | "route", Effect.Effect<unknown, NetcupError>>> = {
          inspect: routing.inspect(v1),
          route: routing.route(failover, v1)
        }
        const one = yield* Effect.forkChild(uses[first], { startImmediately: true })
        yield* Deferred.await(started)
        const other = yield* Effect.forkChild(uses[second], { startImmediately: true })
        // Round trips that a look of its own, had it been sent, would have come before.
        for (let i = 0; i < 5; i++) yield* routing.servers
        release.resolve(online())
        assert.deepInclude(yield* Fiber.join(first === "inspect" ? one : other), {
          name: v1,
          running: true,
          word: "online",
          rescue: false
        })
        yield* Fiber.join(first === "inspect" ? other : one)
        assert.deepStrictEqual(
          calls.filter((call) => call !== "getVServers"),
          ["getVServerInformation", "changeIPRouting"]
        )
      }).pipe(Effect.provide(http))
    )
  }

  it.live("a route that is interrupted takes no other along that waits for the same inspection", () =>
    Effect.gen(function* () {
      const release = Promise.withResolvers<string>()
      const started = yield* Deferred.make<void>()
      const { calls, routing } = yield* account({
        getVServerInformation: () => {
          Deferred.doneUnsafe(started, Effect.void)
          return release.promise
        },
        changeIPRouting: () => routed
      })
      const first = yield* Effect.forkChild(routing.route(failover, v1), { startImmediately: true })
      const second = yield* Effect.forkChild(routing.route(failover, v1), { startImmediately: true })
      yield* Deferred.await(started)
      yield* Fiber.interrupt(first)
      release.resolve(online())
      yield* Fiber.join(second)
      assert.deepStrictEqual(calls, ["getVServerInformation", "changeIPRouting"])
    }).pipe(Effect.provide(http))
  )

  for (const [name, failing, tag] of [
    ["netcup knows no such server", () => fault("Server not found for name 'v1'"), "ServerNotFound"],
    ["the credentials are wrong", () => fault("Invalid credentials."), "InvalidCredentials"],
    ["netcup does not answer", () => undefined, "Unreachable"],
    ["netcup answers rubbish", () => "rubbish", "MalformedAnswer"]
  ] as const) {
    it.live(
      `when inspecting fails because ${name}, the route fails so, nothing was sent and nothing is remembered`,
      () =>
        Effect.gen(function* () {
          const { calls, routing } = yield* account(
            {
              getVServerInformation: (_, nth) => (nth === 0 ? failing() : online()),
              changeIPRouting: () => routed
            },
            { tries: 1, readTimeout: "200 millis" }
          )
          assert.strictEqual((yield* Effect.flip(routing.route(failover, v1))).reason._tag, tag)
          assert.deepStrictEqual(calls, ["getVServerInformation"])
          yield* routing.route(failover, v1)
          assert.deepStrictEqual(calls, ["getVServerInformation", "getVServerInformation", "changeIPRouting"])
        }).pipe(Effect.provide(http))
    )
  }

  for (const [name, body, tag, looksAgain] of [
    ["the server is not found", fault("Server not found for name 'v1'"), "ServerNotFound", true],
    ["netcup refuses", fault("action not allowed"), "Refused", true],
    ["netcup answers false", answer("changeIPRouting", "<return>false</return>"), "Refused", true],
    ["the address is not found", fault("Could not find failover IP: x for User: y"), "AddressNotFound", false],
    [
      "the address moved lately",
      fault("Routing a failover IP is only permitted once every 5 minutes."),
      "RateLimited",
      false
    ],
    ["the answer is unreadable", "rubbish", "UnknownOutcome", false]
  ] as const) {
    it.live(
      `when ${name}, the change is not repeated and the next route ${looksAgain ? "inspects" : "does not inspect"} first`,
      () =>
        Effect.gen(function* () {
          const { calls, routing } = yield* account({
            getVServerInformation: () => online(),
            changeIPRouting: (_, nth) => (nth === 0 ? body : routed)
          })
          const error = yield* Effect.flip(routing.route(failover, v1))
          assert.strictEqual(error.reason._tag, tag)
          assert.notStrictEqual(error.message, "")
          yield* routing.route(failover, v1)
          assert.deepStrictEqual(calls, [
            "getVServerInformation",
            "changeIPRouting",
            ...(looksAgain ? ["getVServerInformation"] : []),
            "changeIPRouting"
          ])
        }).pipe(Effect.provide(http))
    )
  }

  it.live("a connection that is refused has no effect and keeps what is known", () =>
    Effect.gen(function* () {
      const { close, routing } = yield* account({ getVServerInformation: () => online() })
      yield* routing.inspect(v1)
      close()
      const error = yield* Effect.flip(routing.route(failover, v1))
      assert.strictEqual(error.reason._tag, "Unreachable")
      assert.include(error.message, "ECONNREFUSED")
    }).pipe(Effect.provide(http))
  )
})

describe("FailoverRoutingSoap.layer", () => {
  it.live("gives the service, each with a memory of its own", () =>
    Effect.gen(function* () {
      const { received, url } = yield* endpoint((response, request) =>
        send(response, 200, operationOf(request) === "changeIPRouting" ? routed : online())
      )
      const use = FailoverRouting.use((routing) => routing.route(failover, v3)).pipe(
        Effect.provide(FailoverRoutingSoap.layer(credentials, { url }).pipe(Layer.provide(http)))
      )
      yield* use
      yield* use
      assert.deepStrictEqual(received.map(operationOf), [
        "getVServerInformation",
        "changeIPRouting",
        "getVServerInformation",
        "changeIPRouting"
      ])
    })
  )
})
