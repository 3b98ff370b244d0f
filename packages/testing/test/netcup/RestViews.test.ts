/** What the REST API tells of accounts, servers and addresses. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { expectError, jsonOf, simulator } from "./RestHand.ts"

const Named = Schema.Array(Schema.Struct({ name: Schema.String }))
const namesOf = (body: unknown) => Schema.decodeUnknownSync(Named)(body).map(({ name }) => name)
const Identified = Schema.Array(Schema.Struct({ id: Schema.Int }))
const idsOf = (body: unknown) => Schema.decodeUnknownSync(Identified)(body).map(({ id }) => id)
const Live = Schema.Struct({
  rescueSystemActive: Schema.Boolean,
  site: Schema.Struct({ id: Schema.Int, city: Schema.String }),
  ipv4Addresses: Schema.Array(Schema.Struct({ ip: Schema.String, gateway: Schema.String, broadcast: Schema.String })),
  serverLiveInfo: Schema.NullOr(
    Schema.Struct({
      state: Schema.String,
      interfaces: Schema.Array(
        Schema.Struct({
          mac: Schema.String,
          ipv4Addresses: Schema.Array(Schema.String),
          ipv6NetworkPrefixes: Schema.Array(Schema.String),
          ipv6LinkLocalAddresses: Schema.Array(Schema.String),
          vlanInterface: Schema.Boolean
        })
      )
    })
  )
})
const liveOf = Schema.decodeUnknownSync(Live)

it.effect("a user has the id of the token and not the customer number, which is the name", () =>
  Effect.gen(function* () {
    const { api, world } = yield* simulator()
    assert.deepInclude(jsonOf(yield* api("/v1/users/555001")), {
      id: 555_001,
      username: "100000",
      apiIpLoginRestrictions: null
    })
    yield* world.setLoginRestrictions("100000", "198.51.100.1")
    assert.deepInclude(jsonOf(yield* api("/v1/users/555001")), { apiIpLoginRestrictions: "198.51.100.1" })
  })
)

describe("servers", () => {
  for (const [query, names] of [
    ["", ["vA", "vB", "vC"]],
    ["?limit=2", ["vA", "vB"]],
    ["?limit=2&offset=2", ["vC"]],
    ["?limit=0", []],
    ["?offset=9", []],
    ["?name=vB", ["vB"]],
    ["?name=v", []],
    ["?ip=198.51.100.2", ["vB"]],
    ["?ip=203.0.113.4", []],
    ["?q=ZEB", ["vA"]],
    ["?q=198.51.100.3", ["vC"]],
    ["?sort=-name", ["vC", "vB", "vA"]],
    ["?sort=nickname&sort=-name", ["vC", "vB", "vA"]]
  ] as const) {
    it.effect(`the list ${query} has ${names.join(" ") || "none"}`, () =>
      Effect.gen(function* () {
        const { api } = yield* simulator()
        assert.deepStrictEqual(namesOf(jsonOf(yield* api(`/v1/servers${query}`))), [...names])
      })
    )
  }

  it.effect("pages are as long as the simulator was told", () =>
    Effect.gen(function* () {
      const { api } = yield* simulator({ pageSize: { default: 1, most: 2 } })
      assert.deepStrictEqual(namesOf(jsonOf(yield* api("/v1/servers"))), ["vA"])
      assert.deepStrictEqual(namesOf(jsonOf(yield* api("/v1/servers?limit=50"))), ["vA", "vB"])
      assert.deepStrictEqual(namesOf(jsonOf(yield* api("/v1/servers?limit=50&offset=2"))), ["vC"])
    })
  )

  it.effect("one server tells its state and its addresses, routed ones in the live information only", () =>
    Effect.gen(function* () {
      const { api } = yield* simulator()
      const server = liveOf(jsonOf(yield* api("/v1/servers/111001")))
      assert.deepStrictEqual(server.ipv4Addresses, [
        { ip: "198.51.100.1", gateway: "198.51.100.1", broadcast: "198.51.103.255" }
      ])
      assert.deepStrictEqual(server.serverLiveInfo, {
        state: "RUNNING",
        interfaces: [
          {
            mac: "02:00:00:ea:83:67",
            ipv4Addresses: [],
            ipv6NetworkPrefixes: [],
            ipv6LinkLocalAddresses: [],
            vlanInterface: true
          },
          {
            mac: "02:00:00:ea:83:66",
            ipv4Addresses: ["198.51.100.1", "203.0.113.4"],
            ipv6NetworkPrefixes: ["2001:db8:1::/64", "2001:db8:f::/64"],
            ipv6LinkLocalAddresses: ["fe80::ff:feea:8366"],
            vlanInterface: false
          }
        ]
      })
    })
  )

  it.effect("rescue, site and state are told, live information only if it is asked for", () =>
    Effect.gen(function* () {
      const { api, world } = yield* simulator()
      const server = liveOf(jsonOf(yield* api("/v1/servers/111003")))
      assert.deepStrictEqual(
        [server.rescueSystemActive, server.site, server.serverLiveInfo?.state],
        [true, { id: 2, city: "Vienna" }, "SHUTOFF"]
      )
      yield* world.setState("vC", "CRASHED")
      const crashed = liveOf(jsonOf(yield* api("/v1/servers/111003?loadServerLiveInfo=true")))
      assert.strictEqual(crashed.serverLiveInfo?.state, "CRASHED")
      assert.isNull(liveOf(jsonOf(yield* api("/v1/servers/111003?loadServerLiveInfo=false"))).serverLiveInfo)
    })
  )

  it.effect("interfaces tell own and routed addresses apart", () =>
    Effect.gen(function* () {
      const { api } = yield* simulator()
      const Shape = Schema.Array(
        Schema.Struct({
          ipv4Addresses: Schema.Array(Schema.Struct({ id: Schema.Int, cidr: Schema.String, type: Schema.String })),
          ipv6Addresses: Schema.Array(
            Schema.Struct({ cidr: Schema.String, type: Schema.String, linkLocal: Schema.Boolean })
          )
        })
      )
      const [vlan, primary] = Schema.decodeUnknownSync(Shape)(jsonOf(yield* api("/v1/servers/111001/interfaces")))
      assert.deepStrictEqual(vlan, { ipv4Addresses: [], ipv6Addresses: [] })
      assert.deepStrictEqual(
        primary?.ipv4Addresses.map(({ cidr, type }) => [cidr, type]),
        [
          ["198.51.100.1/22", "IP"],
          ["203.0.113.4/32", "ROUTED_IP"]
        ]
      )
      assert.strictEqual(primary?.ipv4Addresses[1]?.id, 333_001)
      assert.deepStrictEqual(primary?.ipv6Addresses, [
        { cidr: "fe80::ff:feea:8366/10", type: "IP", linkLocal: true },
        { cidr: "2001:db8:1::/64", type: "IP", linkLocal: false },
        { cidr: "2001:db8:f::/64", type: "ROUTED_IP", linkLocal: false }
      ])
    })
  )
})

describe("a patch of a server", () => {
  const merge = "application/merge-patch+json"
  const patch = (body: unknown) => ({ method: "PATCH", type: merge, body })

  for (const [state, option, after, power] of [
    ["OFF", "", "SHUTOFF", "offline"],
    ["OFF", "?stateOption=POWEROFF", "SHUTOFF", "offline"],
    ["ON", "?stateOption=RESET", "RUNNING", "online"],
    ["SUSPENDED", "", "PAUSED", "online"]
  ] as const) {
    it.effect(`${state}${option} is a task at whose end the server is ${after}`, () =>
      Effect.gen(function* () {
        const { api, tasks, world } = yield* simulator()
        const answer = yield* api(`/v1/servers/111002${option}`, patch({ state }))
        assert.strictEqual(answer.status, 202)
        assert.deepInclude(jsonOf(answer), { name: "ServerStateChangeTask", state: "PENDING" })
        yield* TestClock.adjust("400 millis")
        yield* tasks.settled
        const [account] = yield* world.state
        assert.deepInclude(account?.servers[1], { state: after, status: power })
      })
    )
  }

  it.effect("names change at once", () =>
    Effect.gen(function* () {
      const { api, journal, world } = yield* simulator()
      assert.strictEqual((yield* api("/v1/servers/111002", patch({ nickname: "neu" }))).status, 200)
      assert.strictEqual((yield* api("/v1/servers/111002", patch({ hostname: "neu.example" }))).status, 200)
      const [account] = yield* world.state
      assert.deepInclude(account?.servers[1], { nickname: "neu", hostname: "neu.example" })
      assert.isTrue((yield* journal.callsOf("patchServer")).every(({ appliedAt }) => appliedAt === 0))
    })
  )

  for (const [what, path, body, status] of [
    ["two attributes", "", { state: "ON", nickname: "x" }, 422],
    ["none", "", {}, 422],
    ["an unknown state", "", { state: "RUNNING" }, 422],
    ["an option of another state", "?stateOption=POWEROFF", { state: "ON" }, 422],
    ["an option without a state", "?stateOption=RESET", { nickname: "x" }, 422],
    ["a nickname that is too long", "", { nickname: "x".repeat(256) }, 422],
    ["an unknown attribute", "", { name: "x" }, 422],
    ["an attribute that is not simulated", "", { uefi: true }, 501]
  ] as const) {
    it.effect(`${what}: ${status}`, () =>
      Effect.gen(function* () {
        const { api, tasks } = yield* simulator()
        expectError(yield* api(`/v1/servers/111002${path}`, patch(body)), status)
        assert.deepStrictEqual(yield* tasks.all, [])
      })
    )
  }
})

describe("failover addresses", () => {
  for (const [query, ids] of [
    ["v4", [333_001, 333_003, 333_004]],
    ["v6", [333_002]],
    ["v4?ip=203.0.113.5", [333_003]],
    ["v4?ip=203.0.113", []],
    ["v4?ip=198.51.100.1", []],
    ["v6?ip=2001:db8:f::", [333_002]],
    ["v6?ip=2001:db8:f::1", [333_002]],
    ["v6?ip=2001:db8:1::", []],
    ["v4?serverId=111001", [333_001]],
    ["v4?serverId=111002", []],
    ["v4?serverId=111009", []],
    ["v6?serverId=111001", [333_002]]
  ] as const) {
    it.effect(`the list ${query} has ${ids.join(" ") || "none"}`, () =>
      Effect.gen(function* () {
        const { api } = yield* simulator()
        assert.deepStrictEqual(idsOf(jsonOf(yield* api(`/v1/users/555001/failoverips/${query}`))), [...ids])
      })
    )
  }

  it.effect("tell where they point, where they are and whose they are", () =>
    Effect.gen(function* () {
      const { api } = yield* simulator()
      const user = {
        id: 555_001,
        username: "100000",
        firstname: "Erika",
        lastname: "Beispiel",
        email: "erika@example.com",
        company: null
      }
      assert.deepStrictEqual(jsonOf(yield* api("/v1/users/555001/failoverips/v6")), [
        {
          id: 333_002,
          networkPrefix: "2001:db8:f::",
          networkPrefixLength: 64,
          editable: true,
          site: { id: 1, city: "Nuremberg" },
          server: { id: 111_001, name: "vA" },
          user
        }
      ])
      assert.deepStrictEqual(jsonOf(yield* api("/v1/users/555001/failoverips/v4?ip=203.0.113.6")), [
        {
          id: 333_004,
          ip: "203.0.113.6",
          cidrSuffix: 32,
          editable: false,
          site: { id: 1, city: "Nuremberg" },
          server: null,
          user
        }
      ])
    })
  )
})

describe("ways of saying", () => {
  it.effect("media types, ways of absence and unknown fields take turns", () =>
    Effect.gen(function* () {
      const { api } = yield* simulator({ mediaType: undefined, absent: undefined, extras: undefined })
      const answers = yield* Effect.replicateEffect(api("/v1/users/555001"), 6)
      const kinds = answers.map(({ body, contentType }) => [
        contentType.split(";")[0],
        body.includes('"apiIpLoginRestrictions":null'),
        body.includes("introducedLater")
      ])
      assert.deepStrictEqual(kinds, [
        ["application/json", true, false],
        ["application/hal+json", false, true],
        ["application/json", true, true],
        ["application/json", false, false],
        ["application/hal+json", true, true],
        ["application/json", false, true]
      ])
    })
  )

  it.effect("what is told to be said in one way is said in that way", () =>
    Effect.gen(function* () {
      const { api } = yield* simulator({ mediaType: "hal", absent: "omitted", extras: true })
      for (const answer of yield* Effect.replicateEffect(api("/v1/users/555001/failoverips/v4"), 3)) {
        assert.match(answer.contentType, /^application\/hal\+json/u)
        assert.notInclude(answer.body, "null")
        assert.include(answer.body, "introducedLater")
      }
    })
  )
})
