/** Who may route what where, and how often. */
import { assert, describe, it } from "@effect/vitest"
import type * as NetcupState from "@netcup-failover/testing/netcup/NetcupState"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import * as SoapRouting from "@netcup-failover/testing/netcup/SoapRouting"
import * as SoapSimulator from "@netcup-failover/testing/netcup/SoapSimulator"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { accounts, faultOf, macA, macB, route, routeToA, routeToB } from "./Handwritten.ts"
import * as RawClient from "./RawClient.ts"

const limit = "Routing a failover IP is only permitted once every 5 minutes."

/** Sends one after another and tells of each its fault, or `ok`. */
const outcomes = (url: string, bodies: ReadonlyArray<string>) =>
  Effect.forEach(bodies, (body) =>
    RawClient.send(url, body).pipe(
      Effect.flatMap(faultOf),
      Effect.map((fault) => fault ?? "ok")
    )
  )

const simulator = Effect.gen(function* () {
  return yield* SoapSimulator.make({ world: yield* NetcupWorld.make(accounts) })
})

const holder = (world: NetcupWorld.NetcupWorld, cidr: string) =>
  Effect.map(world.routes, (routes) => [...routes].find(([prefix]) => prefix === cidr)?.[1])

describe("a routing is refused", () => {
  const cases = [
    [
      "for an address that the account lacks",
      route("198.51.100.99", "32", "vA", macA),
      "Could not find failover IP: 198.51.100.99 for User: 12345"
    ],
    [
      "for another account's address",
      route("198.51.100.5", "32", "vA", macA),
      "Could not find failover IP: 198.51.100.5 for User: 12345"
    ],
    [
      "for a server's own address",
      route("198.51.100.1", "32", "vA", macA),
      "Could not find failover IP: 198.51.100.1 for User: 12345"
    ],
    [
      "for a CIDR in the address",
      route("198.51.100.4/32", "32", "vA", macA),
      "Could not find failover IP: 198.51.100.4/32 for User: 12345"
    ],
    ["for no address", route("", "32", "vA", macA), "Could not find failover IP:  for User: 12345"],
    [
      "to a server that nobody has",
      route("198.51.100.4", "32", "doesnotexist", macA),
      "Server not found for name 'doesnotexist'"
    ],
    [
      "to another account's server",
      route("198.51.100.4", "32", "vC", "aa:bb:cc:dd:ee:0c"),
      "Server not found for name 'vC'"
    ],
    ["with another mask", route("198.51.100.4", "24", "vA", macA), "action not allowed"],
    ["with IPv4's mask for IPv6", route("2001:db8:f::", "32", "vA", macA), "action not allowed"],
    ["with a slash before the mask", route("198.51.100.4", "/32", "vA", macA), "action not allowed"],
    ["with another server's MAC", route("198.51.100.4", "32", "vA", macB), "action not allowed"],
    ["with no MAC", route("198.51.100.4", "32", "vA", ""), "action not allowed"],
    [
      "away from a server that does not hold it",
      route("198.51.100.4", "32", "vA", "00:00:00:00:00:00"),
      "action not allowed"
    ],
    [
      "away from a server when nobody holds it",
      route("2001:db8:f::", "64", "vA", "00:00:00:00:00:00"),
      "action not allowed"
    ]
  ] as const
  for (const [what, body, text] of cases) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const { journal, url, world } = yield* simulator
        const before = yield* world.state
        assert.deepStrictEqual(yield* outcomes(url, [body]), [text])
        assert.deepStrictEqual(yield* world.state, before)
        const [call] = yield* journal.calls
        assert.deepStrictEqual(call?.outcome, { _tag: "Fault", text })
        assert.isUndefined(call?.appliedAt)
      })
    )
  }
})

describe("a routing is carried out", () => {
  it.effect("to each interface of the destination, its MAC in any case", () =>
    Effect.gen(function* () {
      const { url, world } = yield* simulator
      assert.deepStrictEqual(
        yield* outcomes(url, [
          route("198.51.100.4", "32", "vA", macA.toUpperCase()),
          route("2001:db8:f::", "64", "vA", "aa:bb:cc:dd:ee:1a")
        ]),
        ["ok", "ok"]
      )
      assert.strictEqual(yield* holder(world, "198.51.100.4/32"), "vA")
      assert.strictEqual(yield* holder(world, "2001:db8:f::/64"), "vA")
    })
  )

  it.effect("away from the holder with the MAC of zeros, and that counts as a change", () =>
    Effect.gen(function* () {
      const { url, world } = yield* simulator
      const unroute = route("198.51.100.4", "32", "vB", "00:00:00:00:00:00")
      assert.deepStrictEqual(yield* outcomes(url, [unroute, routeToA]), ["ok", limit])
      assert.isUndefined(yield* holder(world, "198.51.100.4/32"))
    })
  )
})

describe("the limit", () => {
  it.effect("holds an address for the whole window, and no longer", () =>
    Effect.gen(function* () {
      const { url, world } = yield* simulator
      assert.deepStrictEqual(yield* outcomes(url, [routeToA, routeToB]), ["ok", limit])
      yield* TestClock.adjust(Duration.millis(299_999))
      assert.deepStrictEqual(yield* outcomes(url, [routeToB]), [limit])
      assert.strictEqual(yield* holder(world, "198.51.100.4/32"), "vA")
      yield* TestClock.adjust(Duration.millis(1))
      assert.deepStrictEqual(yield* outcomes(url, [routeToB, routeToA]), ["ok", limit])
      assert.strictEqual(yield* holder(world, "198.51.100.4/32"), "vB")
    })
  )

  it.effect("is of each address by itself, and one prefix with other host bits is one address", () =>
    Effect.gen(function* () {
      const { url } = yield* simulator
      assert.deepStrictEqual(
        yield* outcomes(url, [
          routeToA,
          route("2001:db8:f::2", "64", "vA", macA),
          route("2001:0DB8:f:0::", "64", "vB", macB)
        ]),
        ["ok", "ok", limit]
      )
    })
  )

  it.effect("is neither started nor prolonged by what is refused", () =>
    Effect.gen(function* () {
      const { url } = yield* simulator
      const badMac = route("198.51.100.4", "32", "vA", macB)
      assert.deepStrictEqual(yield* outcomes(url, [badMac, routeToA]), ["action not allowed", "ok"])
      yield* TestClock.adjust("4 minutes")
      assert.deepStrictEqual(yield* outcomes(url, [routeToB]), [limit])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* outcomes(url, [routeToB]), ["ok"])
    })
  )

  it.effect("counts a routing to where the address is already, and not one by panel", () =>
    Effect.gen(function* () {
      const { url, world } = yield* simulator
      yield* world.reroute("198.51.100.4/32", "vA")
      assert.deepStrictEqual(yield* outcomes(url, [routeToA, routeToB]), ["ok", limit])
    })
  )

  it.effect("lets one of many through that come together", () =>
    Effect.gen(function* () {
      const { journal, url } = yield* simulator
      const all = yield* Effect.all(
        Array.from({ length: 8 }, (_, at) => outcomes(url, [at % 2 === 0 ? routeToA : routeToB])),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(all.flat().filter((outcome) => outcome === "ok").length, 1)
      assert.strictEqual((yield* journal.changesOf("198.51.100.4/32")).length, 1)
    })
  )

  const milliseconds = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))

  it.effect.prop(
    "refuses exactly when less than the window has gone by",
    [milliseconds, milliseconds],
    ([window, gone]) =>
      Effect.gen(function* () {
        const world = yield* NetcupWorld.make(accounts)
        const attempt = (state: NetcupState.NetcupState, now: number) => {
          const [account] = state
          const request = { ip: "198.51.100.4", mask: "32", server: "vA", mac: macA }
          return account === undefined
            ? Result.fail("no account")
            : SoapRouting.change(state, account, request, now, Duration.millis(window))
        }
        const after = yield* Effect.fromResult(attempt(yield* world.state, 1_000))
        assert.strictEqual(Result.isSuccess(attempt(after, 1_000 + gone)), gone >= window)
      })
  )
})
