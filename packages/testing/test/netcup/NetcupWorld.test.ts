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
        id: 261_370,
        name: "v7",
        site: { id: 1, city: "Nuremberg" },
        status: "offline",
        state: "SHUTOFF",
        rescue: true,
        disabled: false,
        nickname: undefined,
        hostname: "v7.servers.example",
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

it.effect(
  "what REST needs is there without being asked for, is the same in every run, and nothing has the id of another",
  () =>
    Effect.gen(function* () {
      const [first, second] = [yield* NetcupWorld.make(accounts), yield* NetcupWorld.make(accounts)]
      const idsOf = (world: NetcupWorld.NetcupWorld) =>
        Effect.map(world.state, (state) => ({
          users: state.map(({ userId }) => userId),
          servers: state.flatMap(({ servers }) => servers.map(({ id }) => id)),
          addresses: state.flatMap(({ addresses }) => addresses.map(({ id }) => id))
        }))
      const ids = yield* idsOf(first)
      assert.deepStrictEqual(yield* idsOf(second), ids)
      for (const some of Object.values(ids)) assert.lengthOf(new Set(some), some.length)
      assert.notInclude(ids.users.map(String), "12345")
      const [account] = yield* first.state
      assert.deepStrictEqual(
        account?.addresses.map(({ editable, site }) => [editable, site.city]),
        [
          [true, "Nuremberg"],
          [true, "Nuremberg"]
        ]
      )
    })
)

it.effect("ids that a test gives are kept, and given twice they are a mistake", () =>
  Effect.gen(function* () {
    const world = yield* NetcupWorld.make()
    yield* world.addAccount({ loginName: "1", password: "x", userId: 555_001 })
    yield* world.addServer("1", { name: "v1", id: 111_001, interfaces: [] })
    yield* world.addAddress("1", { cidr: "203.0.113.1/32", id: 333_001 })
    const [account] = yield* world.state
    assert.deepStrictEqual(
      [account?.userId, account?.servers[0]?.id, account?.addresses[0]?.id],
      [555_001, 111_001, 333_001]
    )
    assert.include(
      yield* misuse(world.addAccount({ loginName: "2", password: "x", userId: 555_001 })),
      "555001 already"
    )
    assert.include(yield* misuse(world.addServer("1", { name: "v2", id: 111_001, interfaces: [] })), "111001 already")
    assert.include(yield* misuse(world.addAddress("1", { cidr: "203.0.113.2/32", id: 333_001 })), "333001 already")
  })
)

it.effect("power and state are two ways to say one thing", () =>
  Effect.gen(function* () {
    const world = yield* NetcupWorld.make([
      { loginName: "1", password: "x", servers: [{ name: "v1", status: "offline", interfaces: [] }] }
    ])
    const now = Effect.map(world.state, ([account]) => [account?.servers[0]?.state, account?.servers[0]?.status])
    assert.deepStrictEqual(yield* now, ["SHUTOFF", "offline"])
    yield* world.setPower("v1", "online")
    assert.deepStrictEqual(yield* now, ["RUNNING", "online"])
    yield* world.setState("v1", "CRASHED")
    assert.deepStrictEqual(yield* now, ["CRASHED", "offline"])
    yield* world.setState("v1", "NOSTATE")
    assert.deepStrictEqual(yield* now, ["NOSTATE", "online"])
    yield* world.addServer("1", { name: "v2", state: "PAUSED", interfaces: [] })
    const [account] = yield* world.state
    assert.deepInclude(account?.servers[1], { state: "PAUSED", status: "online" })
  })
)
