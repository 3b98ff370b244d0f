import { assert, it } from "@effect/vitest"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import { accounts } from "./Handwritten.ts"

const misuse = (effect: Effect.Effect<void>) =>
  Effect.map(Effect.exit(effect), (exit) => (Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "went through"))

it.effect("routes tell where each address points, and only of those that point somewhere", () =>
  Effect.gen(function* () {
    const world = yield* NetcupWorld.make(accounts)
    assert.deepStrictEqual(
      [...(yield* world.routes)],
      [
        ["198.51.100.4/32", "vB"],
        ["198.51.100.5/32", "vC"]
      ]
    )
  })
)

it.effect("the panel routes, unroutes and knows a prefix by any of its texts, without starting the limit", () =>
  Effect.gen(function* () {
    const world = yield* NetcupWorld.make(accounts)
    yield* world.reroute("2001:DB8:f::2/64", "vA")
    yield* world.reroute("198.51.100.4/32", undefined)
    assert.deepStrictEqual(
      [...(yield* world.routes)],
      [
        ["2001:db8:f::/64", "vA"],
        ["198.51.100.5/32", "vC"]
      ]
    )
    const [first] = yield* world.state
    assert.isTrue(first?.addresses.every(({ lastRoutedAt }) => lastRoutedAt === undefined))
  })
)

it.effect("a removed server takes its routes with it and leaves the addresses", () =>
  Effect.gen(function* () {
    const world = yield* NetcupWorld.make(accounts)
    yield* world.removeServer("vB")
    const [first] = yield* world.state
    assert.deepStrictEqual(
      first?.servers.map(({ name }) => name),
      ["vA"]
    )
    assert.deepStrictEqual(
      first?.addresses.map(({ routedTo }) => routedTo),
      [undefined, undefined]
    )
  })
)

it.effect("what is added, removed and set shows in the state", () =>
  Effect.gen(function* () {
    const world = yield* NetcupWorld.make()
    yield* world.addAccount({ loginName: "7", password: "old" })
    yield* world.addServer("7", { name: "v7", interfaces: [{ mac: "aa:bb:cc:dd:ee:07" }] })
    yield* world.addAddress("7", { cidr: "203.0.113.7/32", routedTo: "v7" })
    yield* world.addAddress("7", { cidr: "203.0.113.8/32" })
    yield* world.removeAddress("203.0.113.8/32")
    yield* world.setPassword("7", "new")
    yield* world.setPower("v7", "offline")
    yield* world.setRescue("v7", true)
    const [account] = yield* world.state
    assert.strictEqual(account === undefined ? "" : Redacted.value(account.password), "new")
    assert.deepStrictEqual(account?.servers, [
      {
        name: "v7",
        status: "offline",
        rescue: true,
        nickname: undefined,
        interfaces: [{ mac: "aa:bb:cc:dd:ee:07", ipv4: [], ipv6: [], driver: "virtio" }]
      }
    ])
    assert.deepStrictEqual([...(yield* world.routes)], [["203.0.113.7/32", "v7"]])
  })
)

it.effect("a test's mistakes die with a sentence and change nothing", () =>
  Effect.gen(function* () {
    const world = yield* NetcupWorld.make(accounts)
    const before = yield* world.state
    assert.include(yield* misuse(world.addAccount({ loginName: "12345", password: "x" })), "12345")
    assert.include(yield* misuse(world.addServer("nobody", { name: "v", interfaces: [] })), 'no account "nobody"')
    assert.include(yield* misuse(world.addServer("12345", { name: "vC", interfaces: [] })), '"vC" already')
    assert.include(yield* misuse(world.addAddress("12345", { cidr: "198.51.100.4/32" })), "already")
    assert.include(yield* misuse(world.addAddress("12345", { cidr: "198.51.100.6" })), "prefix length")
    assert.include(yield* misuse(world.addAddress("12345", { cidr: "198.51.100.6/32", routedTo: "vC" })), "vC")
    assert.include(yield* misuse(world.reroute("198.51.100.4/32", "vC")), 'no server "vC"')
    assert.include(yield* misuse(world.reroute("198.51.100.9/32", "vA")), "no failover address")
    assert.include(yield* misuse(world.removeAddress("198.51.100.9/32")), "no failover address")
    assert.include(yield* misuse(world.removeServer("vX")), 'no server "vX"')
    assert.include(yield* misuse(world.setPower("vX", "online")), 'no server "vX"')
    assert.include(yield* misuse(world.setPassword("nobody", "x")), 'no account "nobody"')
    assert.deepStrictEqual(yield* world.state, before)
  })
)
