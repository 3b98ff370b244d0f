/** What each simulated operation answers, as a raw client reads it. */
import { existsSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import * as SoapAnswer from "@netcup-failover/testing/netcup/SoapAnswer"
import * as SoapSimulator from "@netcup-failover/testing/netcup/SoapSimulator"
import * as XmlTree from "@netcup-failover/testing/netcup/XmlTree"
import * as Effect from "effect/Effect"
import { accounts, bodyOf, envelope, faultOf, operation, request, returnsOf, route, routeToA } from "./Handwritten.ts"
import * as RawClient from "./RawClient.ts"

const simulator = Effect.fnUntraced(function* (options?: Omit<SoapSimulator.SoapSimulatorOptions, "world">) {
  return yield* SoapSimulator.make({ ...options, world: yield* NetcupWorld.make(accounts) })
})

const recorded = new URL("../../../../../shared/reference/contracts/soap/recorded/", import.meta.url)

/** A tree without the blanks between elements. */
const bare = (element: XmlTree.XmlElement): XmlTree.XmlElement => ({
  ...element,
  text: element.children.length > 0 ? "" : element.text,
  children: element.children.map(bare)
})

const parts = (element: XmlTree.XmlElement | undefined) => element?.children.map(({ name, text }) => [name, text])

it.effect("servers come by account, one return each", () =>
  Effect.gen(function* () {
    const { url } = yield* simulator()
    assert.deepStrictEqual(yield* returnsOf(yield* RawClient.send(url, request("getVServers"))), ["vA", "vB"])
  })
)

it.effect("an account without servers answers no return at all", () =>
  Effect.gen(function* () {
    const world = yield* NetcupWorld.make([{ loginName: "12345", password: "geheim" }])
    const { url } = yield* SoapSimulator.make({ world })
    assert.deepStrictEqual(yield* returnsOf(yield* RawClient.send(url, request("getVServers"))), [])
  })
)

it.effect("a server's addresses are its own and those routed to it, IPv6 with its length", () =>
  Effect.gen(function* () {
    const { url, world } = yield* simulator()
    const ips = (name: string) =>
      Effect.flatMap(RawClient.send(url, request("getVServerIPs", ["vserverName", name])), returnsOf)
    assert.deepStrictEqual(yield* ips("vA"), ["198.51.100.1", "2001:db8:1::/64"])
    assert.deepStrictEqual(yield* ips("vB"), ["198.51.100.2", "198.51.100.4"])
    yield* world.reroute("2001:db8:f::/64", "vA")
    assert.deepStrictEqual(yield* ips("vA"), ["198.51.100.1", "2001:db8:1::/64", "2001:db8:f::/64"])
  })
)

it.effect("a server's state follows its power", () =>
  Effect.gen(function* () {
    const { url, world } = yield* simulator()
    const state = Effect.flatMap(RawClient.send(url, request("getVServerState", ["vserverName", "vA"])), returnsOf)
    assert.deepStrictEqual(yield* state, ["online"])
    yield* world.setPower("vA", "offline")
    assert.deepStrictEqual(yield* state, ["offline"])
  })
)

it.effect(
  "information shows interfaces, rescue, status and nickname in the schema's order, sparse and full by turns",
  () =>
    Effect.gen(function* () {
      const { url } = yield* simulator()
      const information = (name: string, ...more: ReadonlyArray<readonly [string, string]>) =>
        RawClient.send(url, request("getVServerInformation", ["vservername", name], ...more)).pipe(
          Effect.flatMap(bodyOf),
          Effect.map((response) => response?.children[0])
        )
      const sparse = yield* information("vA")
      assert.deepStrictEqual(
        sparse?.children.map(({ name }) => name),
        [
          ...["cpuCores", "ips", "ips", "memory", "rebootRecommended", "rescueEnabled"],
          ...["serverInterfaces", "serverInterfaces", "status", "vServerName", "vServerNickname"]
        ]
      )
      assert.deepStrictEqual(sparse?.children.at(-1)?.text, "erster <&> Server")
      const interfaces = sparse?.children.filter(({ name }) => name === "serverInterfaces")
      assert.deepStrictEqual(interfaces?.map(parts), [
        [
          ["driver", "virtio"],
          ["ipv4IP", "198.51.100.1"],
          ["ipv6IP", "2001:db8:1::/64"],
          ["mac", "aa:bb:cc:dd:ee:0a"],
          ["trafficThrottled", "false"]
        ],
        [
          ["driver", "virtio"],
          ["mac", "aa:bb:cc:dd:ee:1a"],
          ["trafficThrottled", "false"]
        ]
      ])
      const full = yield* information("vB", ["language", "de"])
      assert.deepStrictEqual(
        full?.children.map(({ name }) => name),
        [
          ...["cpuCores", "currentMonth", "ips", "ips", "memory", "rebootRecommended", "rescueEnabled"],
          ...["rescueEnabledMessage", "serverDisks", "serverInterfaces", "status", "uptime", "vServerName"]
        ]
      )
      const told = new Map(full?.children.map(({ name, text }) => [name, text]))
      assert.deepStrictEqual([told.get("rescueEnabled"), told.get("status")], ["true", "offline"])
    })
)

describe("credentials", () => {
  const cases = [
    ["a wrong password", "12345", "falsch"],
    ["another account's password", "12345", accounts[1].password],
    ["an unknown login", "54321", "geheim"],
    ["no password", "12345", ""]
  ] as const
  for (const [what, loginName, password] of cases) {
    it.effect(`${what} is refused before anything else is looked at`, () =>
      Effect.gen(function* () {
        const { url } = yield* simulator()
        const body = operation("getVServerIPs", [
          ["loginName", loginName],
          ["password", password],
          ["vserverName", "doesnotexist"]
        ])
        assert.strictEqual(yield* faultOf(yield* RawClient.send(url, envelope(body))), "Invalid credentials.")
      })
    )
  }

  it.effect("a changed password takes the old one's place at once", () =>
    Effect.gen(function* () {
      const { url, world } = yield* simulator()
      yield* world.setPassword("12345", "neu")
      assert.strictEqual(yield* faultOf(yield* RawClient.send(url, request("getVServers"))), "Invalid credentials.")
    })
  )
})

it.effect("another account's server and an unknown one look alike", () =>
  Effect.gen(function* () {
    const { url } = yield* simulator()
    for (const [name, key] of [
      ["getVServerIPs", "vserverName"],
      ["getVServerState", "vserverName"],
      ["getVServerInformation", "vservername"]
    ] as const) {
      const answer = yield* RawClient.send(url, request(name, [key, "vC"]))
      assert.strictEqual(yield* faultOf(answer), "Server not found for name 'vC'")
    }
  })
)

describe("the ways to say a thing", () => {
  it.effect("take turns over dialects, statuses of faults and kinds of success", () =>
    Effect.gen(function* () {
      const { url } = yield* simulator({ limitWindow: 0 })
      const reads = yield* Effect.replicateEffect(RawClient.send(url, request("getVServers")), 5)
      assert.strictEqual(new Set(reads.map(({ body }) => body)).size, SoapAnswer.dialectNames.length)
      const faults = yield* Effect.replicateEffect(RawClient.send(url, request("getLoginToken")), 10)
      assert.deepStrictEqual(
        faults.slice(0, 4).map(({ status }) => status),
        [500, 200, 500, 200]
      )
      assert.strictEqual(new Set(faults.map(({ body, status }) => `${status}${body}`)).size, 10)
      const changes = yield* Effect.replicateEffect(RawClient.send(url, routeToA), 4)
      assert.deepStrictEqual(yield* Effect.forEach(changes, returnsOf), [["true"], [], ["true"], []])
    })
  )

  it.effect("can be chosen", () =>
    Effect.gen(function* () {
      const { url } = yield* simulator({ dialect: "saaj", faultStatus: 200, success: "absent", limitWindow: 0 })
      const changes = yield* Effect.replicateEffect(RawClient.send(url, routeToA), 3)
      assert.deepStrictEqual(yield* Effect.forEach(changes, returnsOf), [[], [], []])
      assert.isTrue(changes.every(({ body }) => body.includes("<SOAP-ENV:Envelope")))
      const faults = yield* Effect.replicateEffect(RawClient.send(url, request("getUserData")), 3)
      assert.deepStrictEqual(
        faults.map(({ status }) => status),
        [200, 200, 200]
      )
    })
  )

  for (const dialect of SoapAnswer.dialectNames) {
    it.effect(`mean the same in ${dialect}`, () =>
      Effect.gen(function* () {
        const nodes = [
          [
            "return",
            [
              ["a", "ä <&>"],
              ["b", []]
            ]
          ]
        ] as const
        const told = bare(yield* XmlTree.parse(SoapAnswer.success(dialect, "op", nodes)))
        const reference = bare(yield* XmlTree.parse(SoapAnswer.success("jaxws", "op", nodes)))
        assert.deepStrictEqual(told.children.at(-1), reference.children[0])
        assert.strictEqual(told.children.at(-1)?.children[0]?.namespace, "http://enduser.service.web.vcp.netcup.de/")
        assert.strictEqual(told.children.at(-1)?.children[0]?.children[0]?.namespace, "")
        const fault = yield* bodyOf({ body: SoapAnswer.fault(dialect, "Server", "no <&>") })
        assert.strictEqual(fault?.namespace, "http://schemas.xmlsoap.org/soap/envelope/")
        assert.deepStrictEqual(
          fault?.children.map(({ name, namespace, text }) => [namespace, name, text.replace(/^[\w-]+:/u, "")]),
          [
            ["", "faultcode", "Server"],
            ["", "faultstring", "no <&>"]
          ]
        )
      })
    )
  }
})

describe("against recorded answers", () => {
  const world = NetcupWorld.make([
    {
      loginName: "12345",
      password: "geheim",
      servers: [
        {
          name: "v1234567890123456789",
          nickname: "example.server.invalid",
          interfaces: [
            { mac: "aa:bb:cc:dd:ee:ff", ipv4: ["198.51.100.1"], ipv6: ["2001:db8:1::/64"] },
            { mac: "aa:bb:cc:dd:ee:fe" }
          ]
        }
      ],
      addresses: [{ cidr: "198.51.100.7/32" }]
    }
  ])
  const to = (ip: string, server: string, mac = "aa:bb:cc:dd:ee:ff") => route(ip, "32", server, mac)
  const name = "v1234567890123456789"
  const cases = [
    ["getVServerInformation.xml", request("getVServerInformation", ["vservername", name])],
    ["changeIPRouting-empty.xml", to("198.51.100.7", name)],
    ["fault-failover-ip-not-found.xml", to("198.51.100.4", name)],
    ["fault-server-not-found.xml", to("198.51.100.7", "doesnotexist")],
    ["fault-action-not-allowed.xml", to("198.51.100.7", name, "aa:bb:cc:dd:ee:00")],
    [
      "fault-invalid-credentials.xml",
      envelope(
        operation("getVServers", [
          ["loginName", "1"],
          ["password", "2"]
        ])
      )
    ]
  ] as const
  for (const [file, body] of cases) {
    const at = new URL(file, recorded)
    it.effect.skipIf(!existsSync(at))(`the simulator answers what ${file} holds`, () =>
      Effect.gen(function* () {
        const { url } = yield* SoapSimulator.make({ world: yield* world, dialect: "jaxws", success: "absent" })
        const told = bare(yield* XmlTree.parse((yield* RawClient.send(url, body)).body))
        assert.deepStrictEqual(told.children, bare(yield* XmlTree.parse(readFileSync(at, "utf8"))).children)
      })
    )
  }
})
