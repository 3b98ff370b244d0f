/**
 * What the commands find and do, over both of netcup's APIs.
 */
import { assert } from "@effect/vitest"
import { TaskFault } from "@netcup-failover/testing/netcup/RestTasks"
import * as Effect from "effect/Effect"
import { json, scenario } from "./Scene.ts"

scenario("servers lists the account's servers", ({ api, run }) =>
  Effect.gen(function* () {
    const ended = yield* run("servers", "--json")
    assert.strictEqual(ended.code, 0, ended.stderr)
    const site = (city: string) => (api === "rest" ? city : null)
    const row = (n: number, state: string, city = "Nuremberg", nickname: string | null = null) => ({
      name: `v${n}`,
      nickname,
      site: site(city),
      state
    })
    assert.deepStrictEqual(json(ended), [
      row(1, "running", "Nuremberg", "first"),
      row(2, "running"),
      row(3, "off"),
      row(4, "running", "Vienna"),
      row(5, "rescue")
    ])
    const table = yield* run("servers")
    const [header = "", first = ""] = table.stdout.split("\n")
    assert.match(header, /^NAME +NICKNAME +SITE +STATE$/u)
    // Aligned: columns begin where their headers do.
    assert.strictEqual(first.indexOf("first"), header.indexOf("NICKNAME"))
    assert.strictEqual(first.indexOf("running"), header.indexOf("STATE"))
    assert.strictEqual(table.stderr, "")
  })
)

scenario(
  "failover-ips tells address, server, site and whether it is editable",
  ({ run }) =>
    Effect.gen(function* () {
      const ended = yield* run("failover-ips", "--json")
      assert.strictEqual(ended.code, 0, ended.stderr)
      const row = (address: string, server: string | null, editable = true) => ({
        address,
        server,
        site: "Nuremberg",
        editable
      })
      assert.sameDeepMembers([json(ended)].flat(), [
        row("198.51.100.4/32", "v1"),
        row("198.51.100.5/32", null),
        row("198.51.100.6/32", "v2", false),
        row("2001:db8:f::/64", "v1")
      ])
      assert.match((yield* run("failover-ips")).stdout, /^198\.51\.100\.5\/32 +- +Nuremberg +yes$/mu)
    }),
  { apis: ["rest"] }
)

scenario(
  "failover-ips leaves out the servers' own addresses, and says what SOAP does not tell",
  ({ run }) =>
    Effect.gen(function* () {
      const ended = yield* run("failover-ips", "--json")
      assert.strictEqual(ended.code, 0, ended.stderr)
      const row = (address: string, server: string) => ({ address, server, site: null, editable: null })
      assert.deepStrictEqual(json(ended), [
        row("198.51.100.4/32", "v1"),
        row("198.51.100.6/32", "v2"),
        row("2001:db8:f::/64", "v1")
      ])
      assert.match(ended.stderr, /^netcup-failover: note: SOAP tells neither of addresses that are routed nowhere/u)
    }),
  { apis: ["soap"] }
)

scenario("route routes an address, given bare or as a CIDR, and waits until it is there", ({ api, run, world }) =>
  Effect.gen(function* () {
    const bare = yield* run("route", "198.51.100.4", "--to", "v2")
    assert.strictEqual(bare.code, 0, bare.stderr)
    assert.strictEqual(bare.stdout, "198.51.100.4/32 is routed to v2 (before: v1)\n")
    // Nobody watches: no progress.
    assert.strictEqual(bare.stderr, "")
    const cidr = yield* run("route", "--json", "2001:db8:f::2/64", "--to=v2")
    assert.strictEqual(cidr.code, 0, cidr.stderr)
    const document = json(cidr)
    assert.include(document, {
      address: "2001:db8:f::/64",
      server: "v2",
      previousServer: "v1",
      outcome: "done"
    })
    assert.sameMembers(Object.keys(Object(document)), [
      "address",
      "server",
      "previousServer",
      "outcome",
      "request",
      "taskId"
    ])
    assert.match(cidr.stdout, api === "rest" ? /"taskId": "[0-9a-f-]{36}"/u : /"taskId": null/u)
    const routes = yield* world.routes
    assert.deepStrictEqual(
      [...routes].filter(([, server]) => server === "v2").map(([prefix]) => String(prefix)),
      ["198.51.100.4/32", "2001:db8:f::/64", "198.51.100.6/32"]
    )
  })
)

scenario("unroute takes the route away", ({ run, world }) =>
  Effect.gen(function* () {
    const ended = yield* run("unroute", "198.51.100.4/32", "--json")
    assert.strictEqual(ended.code, 0, ended.stderr)
    assert.include(json(ended), { server: null, previousServer: "v1", outcome: "done" })
    assert.notInclude([...(yield* world.routes).keys()].map(String), "198.51.100.4/32")
  })
)

scenario("what is so already is not sent, and is no failure", ({ changes, run, world }) =>
  Effect.gen(function* () {
    const routed = yield* run("route", "198.51.100.4", "--to", "v1")
    assert.strictEqual(routed.code, 0, routed.stderr)
    assert.strictEqual(routed.stdout, "198.51.100.4/32 is routed to v1 already: nothing was sent\n")
    yield* world.reroute("198.51.100.4/32", undefined)
    const unrouted = yield* run("unroute", "198.51.100.4", "--json")
    assert.strictEqual(unrouted.code, 0, unrouted.stderr)
    assert.include(json(unrouted), { outcome: "unchanged", request: null })
    assert.strictEqual(yield* changes, 0)
  })
)

scenario(
  "an address that seems to be there is routed all the same while a task may be taking it away",
  ({ changes, rest, run, world }) =>
    Effect.gen(function* () {
      yield* rest.tasks.startByPanel({
        cidr: "198.51.100.4/32",
        server: "v2",
        fault: TaskFault.Hold({ at: "RUNNING" })
      })
      const ended = yield* run("route", "198.51.100.4", "--to", "v1")
      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.strictEqual(yield* changes, 1)
      assert.strictEqual([...(yield* world.routes)].find(([prefix]) => prefix === "198.51.100.4/32")?.[1], "v1")
    }),
  { apis: ["rest"] }
)

scenario("--dry-run looks everything up, says what would be sent, and sends nothing", ({ api, changes, run, world }) =>
  Effect.gen(function* () {
    const before = yield* world.routes
    const route = yield* run("route", "198.51.100.4", "--to", "v2", "--dry-run", "--json")
    assert.strictEqual(route.code, 0, route.stderr)
    assert.deepStrictEqual(json(route), {
      address: "198.51.100.4/32",
      server: "v2",
      previousServer: "v1",
      outcome: "dry-run",
      request:
        api === "rest"
          ? 'PATCH /api/v1/users/555001/failoverips/v4/333004 {"serverId":111002}'
          : "changeIPRouting routedIP=198.51.100.4 routedMask=32 destinationVserverName=v2 destinationInterfaceMAC=02:00:00:00:00:02",
      taskId: null
    })
    const unroute = yield* run("unroute", "2001:db8:f::", "--dry-run")
    assert.strictEqual(unroute.code, 0, unroute.stderr)
    assert.match(
      unroute.stdout,
      api === "rest"
        ? /^would send: PATCH \/api\/v1\/users\/555001\/failoverips\/v6\/333006 \{\} \(before: v1\)\n$/u
        : /^would send: changeIPRouting routedIP=2001:db8:f:: routedMask=64 destinationVserverName=v1 destinationInterfaceMAC=00:00:00:00:00:00 \(before: v1\)\n$/u
    )
    const already = yield* run("route", "198.51.100.4", "--to", "v1", "--dry-run")
    assert.strictEqual(already.stdout, "198.51.100.4/32 is routed to v1 already: nothing would be sent\n")
    assert.strictEqual(yield* changes, 0)
    assert.deepStrictEqual(yield* world.routes, before)
  })
)

scenario("a server that netcup does not tell of is listed, and warned of", ({ operations, run, simulator }) =>
  Effect.gen(function* () {
    yield* simulator.inject({
      operation: operations.server,
      server: "v2",
      fault: { _tag: "Unavailable", applied: false }
    })
    const ended = yield* run("servers", "--json")
    assert.strictEqual(ended.code, 0, ended.stderr)
    assert.include([json(ended)].flat()[1], { name: "v2", state: null })
    assert.match(ended.stderr, /^netcup-failover: warning: nothing more is told of v2: /u)
  })
)
