/**
 * What only REST has to get right about routing, call by call.
 */
import { assert, describe, it } from "@effect/vitest"
import { ServerName } from "@netcup-failover/core/ServerName"
import { FailoverRouting } from "@netcup-failover/netcup/FailoverRouting"
import * as FailoverRoutingRest from "@netcup-failover/netcup/rest/FailoverRoutingRest"
import type { RestOptions } from "@netcup-failover/netcup/rest/RestOptions"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { at, credentials, endpoint, type Received, routes, world } from "./Endpoint.ts"
import { address, failoverV4, server, site, task, taskId } from "./Samples.ts"

const [v1, v2, v9] = [ServerName.make("v1"), ServerName.make("v2"), ServerName.make("v9")]
const failover = address("198.51.100.4/32")

type Answers = Parameters<typeof routes>[0]

const users = "/v1/users/555001"
const routePath = `PATCH ${users}/failoverips/v4/333001`

/** An account of two servers with one address, where all goes well unless `answers` say otherwise. */
const account = (answers: Answers = {}, options: RestOptions = {}) =>
  Effect.gen(function* () {
    const usual: Answers = {
      "GET /v1/servers": () => [200, [server(111001), server(111002)]],
      "GET /v1/servers/111001": () => [200, server(111001)],
      "GET /v1/servers/111002": () => [200, server(111002)],
      [`GET ${users}/failoverips/v4`]: () => [200, [failoverV4()]],
      [`GET ${users}/failoverips/v6`]: () => [200, []],
      [routePath]: () => [202, task("PENDING")],
      [`GET /v1/tasks/${taskId}`]: () => [200, task("FINISHED")],
      "GET /v1/tasks": () => [200, []]
    }
    const end = yield* endpoint(routes({ ...usual, ...answers }))
    const routing = yield* FailoverRoutingRest.make(credentials, at(end, options))
    /** What was asked so far, without the servers' common path; lists of servers but the first page left out. */
    const calls = () =>
      end.received
        .filter(({ path }) => !/offset=[1-9]/.test(path))
        .map(({ method, path }) => `${method} ${path.replace("/scp-core/api", "").replace(/\?.*/, "")}`)
    return { routing, calls, received: end.received }
  })

const routeCall = routePath
const patches = (received: ReadonlyArray<Received>) => received.filter(({ method }) => method === "PATCH")

describe("FailoverRoutingRest.route", () => {
  it.live("looks up what it does not know, sends one PATCH, and waits for its task", () =>
    Effect.gen(function* () {
      const { calls, received, routing } = yield* account({
        [`GET /v1/tasks/${taskId}`]: (nth) => [200, task(nth < 2 ? "RUNNING" : "FINISHED")]
      })
      yield* routing.route(failover, v2)
      assert.sameMembers(calls().slice(0, 3), [
        `GET ${users}/failoverips/v4`,
        "GET /v1/servers",
        "GET /v1/servers/111002"
      ])
      const look = `GET /v1/tasks/${taskId}`
      assert.deepStrictEqual(calls().slice(3), [routeCall, look, look, look])
      const [patch] = patches(received)
      assert.deepStrictEqual(
        [patch?.body, patch?.headers["content-type"]],
        ['{"serverId":111002}', "application/merge-patch+json"]
      )
    }).pipe(Effect.provide(world))
  )

  for (const [what, learn] of [
    ["prepared", (routing: FailoverRouting["Service"]) => routing.prepare(v2)],
    ["inspected", (routing: FailoverRouting["Service"]) => routing.inspect(v2)]
  ] as const) {
    it.live(`sends the PATCH at once to a server that was ${what}`, () =>
      Effect.gen(function* () {
        const { calls, routing } = yield* account()
        yield* learn(routing)
        const before = calls().length
        yield* routing.route(failover, v2)
        assert.deepStrictEqual(calls().slice(before), [routeCall, `GET /v1/tasks/${taskId}`])
        yield* routing.prepare(v2)
        assert.strictEqual(calls().length, before + 2)
      }).pipe(Effect.provide(world))
    )
  }

  it.live("sends also when the address is there already: who asks has decided", () =>
    Effect.gen(function* () {
      const { received, routing } = yield* account()
      yield* routing.routes([v1])
      yield* routing.route(failover, v1)
      assert.strictEqual(patches(received).length, 1)
    }).pipe(Effect.provide(world))
  )

  it.live("finds an address by its prefix, however it is written", () =>
    Effect.gen(function* () {
      const { received, routing } = yield* account({
        [`GET ${users}/failoverips/v6`]: () => [
          200,
          [
            {
              id: 7,
              networkPrefix: "2001:DB8:0:000f::",
              networkPrefixLength: 64,
              editable: true,
              site: site(1),
              server: null
            }
          ]
        ],
        [`PATCH ${users}/failoverips/v6/7`]: () => [202, task("FINISHED")]
      })
      yield* routing.route(address("2001:db8:0:f::2/64"), v1)
      assert.strictEqual(patches(received).length, 1)
    }).pipe(Effect.provide(world))
  )

  it.live("that is accepted and not done in time is an UnknownOutcome with its task", () =>
    Effect.gen(function* () {
      const { received, routing } = yield* account(
        { [`GET /v1/tasks/${taskId}`]: () => [200, task("RUNNING")] },
        { taskTimeout: "100 millis" }
      )
      const { reason } = yield* Effect.flip(routing.route(failover, v2))
      assert.deepInclude({ ...reason }, { _tag: "UnknownOutcome", taskId })
      assert.strictEqual(patches(received).length, 1)
    }).pipe(Effect.provide(world))
  )

  for (const state of ["ERROR", "CANCELED", "ROLLBACK"] as const) {
    it.live(`whose task ends as ${state} is TaskFailed, and not sent again`, () =>
      Effect.gen(function* () {
        const { received, routing } = yield* account({
          [`GET /v1/tasks/${taskId}`]: () => [200, task(state, { responseError: { message: "The target is locked." } })]
        })
        const { message, reason } = yield* Effect.flip(routing.route(failover, v2))
        assert.deepInclude({ ...reason }, { _tag: "TaskFailed", taskId, state })
        assert.strictEqual(message, "The target is locked.")
        assert.strictEqual(patches(received).length, 1)
      }).pipe(Effect.provide(world))
    )
  }
})

describe("FailoverRoutingRest: what speaks against a route", () => {
  it.live("another site is WrongSite without a PATCH, with both sites' names", () =>
    Effect.gen(function* () {
      const { received, routing } = yield* account({
        "GET /v1/servers/111002": () => [200, server(111002, { site: site(2) })]
      })
      const { message, reason } = yield* Effect.flip(routing.route(failover, v2))
      assert.strictEqual(reason._tag, "WrongSite")
      assert.strictEqual(message, "198.51.100.4/32 is at Nuremberg, and v2 at Vienna")
      assert.strictEqual(patches(received).length, 0)
    }).pipe(Effect.provide(world))
  )

  it.live("a site that netcup did not tell is for netcup to judge, and what it knew is asked again", () =>
    Effect.gen(function* () {
      const { calls, received, routing } = yield* account({
        "GET /v1/servers/111002": () => [200, server(111002, { site: null })],
        [routePath]: () => [400, { message: "Routing is limited to servers within the same site as the failover IP." }]
      })
      assert.strictEqual((yield* Effect.flip(routing.route(failover, v2))).reason._tag, "WrongSite")
      assert.strictEqual(patches(received).length, 1)
      const before = calls().length
      yield* Effect.flip(routing.route(failover, v2))
      assert.sameMembers(calls().slice(before, -1), [
        `GET ${users}/failoverips/v4`,
        "GET /v1/servers",
        "GET /v1/servers/111002"
      ])
    }).pipe(Effect.provide(world))
  )

  for (const [what, more, message] of [
    ["is off", { serverLiveInfo: { state: "SHUTOFF" } }, "v2 is off"],
    ["has crashed", { serverLiveInfo: { state: "CRASHED" } }, "v2 is off"],
    ["is in the rescue system", { rescueSystemActive: true }, "v2 is in the rescue system"]
  ] as const) {
    it.live(`a server that ${what} is asked once more, and is ServerNotRunning without a PATCH`, () =>
      Effect.gen(function* () {
        const { calls, received, routing } = yield* account({
          "GET /v1/servers/111002": () => [200, server(111002, more)]
        })
        yield* routing.prepare(v2)
        const before = calls().length
        const error = yield* Effect.flip(routing.route(failover, v2))
        assert.deepStrictEqual([error.reason._tag, error.message], ["ServerNotRunning", message])
        assert.deepStrictEqual(calls().slice(before), ["GET /v1/servers/111002"])
        assert.strictEqual(patches(received).length, 0)
      }).pipe(Effect.provide(world))
    )

    it.live(`a server that ${what} when it is first looked at is not asked twice`, () =>
      Effect.gen(function* () {
        const { calls, routing } = yield* account({ "GET /v1/servers/111002": () => [200, server(111002, more)] })
        assert.strictEqual((yield* Effect.flip(routing.route(failover, v2))).reason._tag, "ServerNotRunning")
        assert.strictEqual(calls().filter((call) => call === "GET /v1/servers/111002").length, 1)
      }).pipe(Effect.provide(world))
    )
  }

  it.live("a server that was off and runs again is routed to", () =>
    Effect.gen(function* () {
      const { received, routing } = yield* account({
        "GET /v1/servers/111002": (nth) => [
          200,
          server(111002, { serverLiveInfo: { state: nth === 0 ? "SHUTOFF" : "RUNNING" } })
        ]
      })
      yield* routing.prepare(v2)
      yield* routing.route(failover, v2)
      assert.strictEqual(patches(received).length, 1)
    }).pipe(Effect.provide(world))
  )

  for (const state of ["NOSTATE", "BLOCKED", "PAUSED", "DISK_SNAPSHOT", "PMSUSPENDED", "DREAMING"]) {
    it.live(`the state ${state} speaks neither for nor against`, () =>
      Effect.gen(function* () {
        const { received, routing } = yield* account({
          "GET /v1/servers/111002": () => [200, server(111002, { serverLiveInfo: { state } })]
        })
        assert.deepInclude(yield* routing.inspect(v2), {
          name: v2,
          running: undefined,
          word: state,
          rescue: false
        })
        yield* routing.route(failover, v2)
        assert.strictEqual(patches(received).length, 1)
      }).pipe(Effect.provide(world))
    )
  }

  it.live("an address that can't be edited is asked once more, and is Refused without a PATCH", () =>
    Effect.gen(function* () {
      const { received, routing } = yield* account({
        [`GET ${users}/failoverips/v4`]: (nth) => [200, [failoverV4({ editable: nth > 1 })]]
      })
      assert.strictEqual((yield* Effect.flip(routing.route(failover, v2))).reason._tag, "Refused")
      assert.strictEqual(patches(received).length, 0)
      yield* routing.route(failover, v2)
      assert.strictEqual(patches(received).length, 1)
    }).pipe(Effect.provide(world))
  )

  it.live("an address or a server that nobody has is found missing without a PATCH", () =>
    Effect.gen(function* () {
      const { received, routing } = yield* account()
      assert.strictEqual((yield* Effect.flip(routing.route(failover, v9))).reason._tag, "ServerNotFound")
      const other = yield* Effect.flip(routing.route(address("198.51.100.5/32"), v2))
      assert.deepStrictEqual(
        [other.reason._tag, other.message],
        ["AddressNotFound", "the account has no failover address 198.51.100.5/32"]
      )
      assert.strictEqual(patches(received).length, 0)
    }).pipe(Effect.provide(world))
  )

  it.live("one that is new since the last list is found", () =>
    Effect.gen(function* () {
      const { received, routing } = yield* account({
        "GET /v1/servers": (nth) => [200, nth < 2 ? [server(111001)] : [server(111001), server(111002)]],
        [`GET ${users}/failoverips/v4`]: (nth) => [200, nth === 0 ? [] : [failoverV4()]]
      })
      yield* routing.servers
      yield* routing.routes([v1])
      yield* routing.route(failover, v2)
      assert.strictEqual(patches(received).length, 1)
    }).pipe(Effect.provide(world))
  )

  it.live("ids that netcup no longer knows are looked up again before the next route", () =>
    Effect.gen(function* () {
      const { received, routing } = yield* account({
        [routePath]: () => [404, { message: "Entity FailoverIPv4 with id 333001 not found." }],
        [`GET ${users}/failoverips/v4`]: (nth) => [200, [failoverV4(nth === 0 ? {} : { id: 333009 })]],
        [`PATCH ${users}/failoverips/v4/333009`]: () => [202, task("FINISHED")]
      })
      assert.strictEqual((yield* Effect.flip(routing.route(failover, v2))).reason._tag, "AddressNotFound")
      yield* routing.route(failover, v2)
      assert.deepStrictEqual(
        patches(received).map(({ path }) => path.split("/").at(-1)),
        ["333001", "333009"]
      )
    }).pipe(Effect.provide(world))
  )

  it.live("a server whose id has changed is inspected under its new one", () =>
    Effect.gen(function* () {
      const { routing } = yield* account({
        "GET /v1/servers": (nth) => [200, [server(nth < 2 ? 111002 : 111007, { name: "v2" })]],
        "GET /v1/servers/111002": (nth) =>
          nth === 0 ? [200, server(111002)] : [404, { message: "Entity Server not found." }],
        "GET /v1/servers/111007": () => [200, server(111007, { name: "v2", rescueSystemActive: true })]
      })
      assert.isFalse((yield* routing.inspect(v2)).rescue)
      assert.isTrue((yield* routing.inspect(v2)).rescue)
    }).pipe(Effect.provide(world))
  )
})

describe("FailoverRoutingRest.routes", () => {
  it.live("is one list of each family, whatever is asked about", () =>
    Effect.gen(function* () {
      const { calls, routing } = yield* account()
      for (const among of [[], [v1], [v1, v2, v9, v1]]) {
        const before = calls().length
        const { held, untold } = yield* routing.routes(among)
        assert.strictEqual(held.size, among.length === 0 ? 0 : 1)
        assert.strictEqual(untold.size, 0)
        assert.sameMembers(calls().slice(before), [`GET ${users}/failoverips/v4`, `GET ${users}/failoverips/v6`])
      }
    }).pipe(Effect.provide(world))
  )

  it.live("skips what can't be routed, and what is routed nowhere", () =>
    Effect.gen(function* () {
      const { routing } = yield* account({
        [`GET ${users}/failoverips/v4`]: () => [
          200,
          [
            failoverV4({ cidrSuffix: 29 }),
            failoverV4({ ip: "x" }),
            failoverV4({ ip: "198.51.100.5", server: null }),
            failoverV4()
          ]
        ]
      })
      assert.deepStrictEqual<unknown>([...(yield* routing.routes([v1, v2])).held], [["198.51.100.4/32", "v1"]])
    }).pipe(Effect.provide(world))
  )

  it.live("tells of one family when the other fails, and that any server may hold more", () =>
    Effect.gen(function* () {
      const { routing } = yield* account({ [`GET ${users}/failoverips/v6`]: () => [500, ""] })
      const { held, untold } = yield* routing.routes([v1, v2])
      assert.deepStrictEqual<unknown>([...held], [["198.51.100.4/32", "v1"]])
      assert.deepStrictEqual(
        [...untold].map(([name, { reason }]) => [name, reason._tag]),
        [
          [v1, "Unreachable"],
          [v2, "Unreachable"]
        ]
      )
    }).pipe(Effect.provide(world))
  )

  it.live("fails when both do", () =>
    Effect.gen(function* () {
      const { routing } = yield* account({
        [`GET ${users}/failoverips/v4`]: () => [500, ""],
        [`GET ${users}/failoverips/v6`]: () => [500, ""]
      })
      assert.strictEqual((yield* Effect.flip(routing.routes([v1]))).reason._tag, "Unreachable")
    }).pipe(Effect.provide(world))
  )
})

describe("FailoverRoutingRest.unroute", () => {
  it.live("asks where the address is, sends a PATCH that names no server, and waits for its task", () =>
    Effect.gen(function* () {
      const { calls, received, routing } = yield* account()
      yield* routing.unroute(failover)
      assert.deepStrictEqual(calls(), [`GET ${users}/failoverips/v4`, routeCall, `GET /v1/tasks/${taskId}`])
      assert.strictEqual(patches(received)[0]?.body, "{}")
    }).pipe(Effect.provide(world))
  )

  it.live("sends nothing for an address that is nowhere, or that nobody has", () =>
    Effect.gen(function* () {
      const { received, routing } = yield* account({
        [`GET ${users}/failoverips/v4`]: () => [200, [failoverV4({ server: null })]]
      })
      yield* routing.unroute(failover)
      yield* routing.unroute(address("198.51.100.5/32"))
      assert.strictEqual(patches(received).length, 0)
    }).pipe(Effect.provide(world))
  )
})

/** The states that are asked for. */
const states = (received: ReadonlyArray<Received>) =>
  received.map(({ path }) => new URL(path, "http://x").searchParams.get("state"))

const stateOf = ({ path }: Received) => new URL(path, "http://x").searchParams.get("state")

describe("FailoverRoutingRest.settled", () => {
  it.live("asks in the order of a task's life, so that none slips through", () =>
    Effect.gen(function* () {
      const { received, routing } = yield* account()
      yield* routing.settled
      assert.deepStrictEqual(states(received), ["PENDING", "RUNNING", "WAITING_FOR_CANCEL"])
    }).pipe(Effect.provide(world))
  )

  for (const name of ["RouteFailoverIpTask", "ClearFailoverIpTask"]) {
    it.live(`waits while a ${name} is under way`, () =>
      Effect.gen(function* () {
        let looks = 0
        const { routing } = yield* account({
          "GET /v1/tasks": (_, request) => {
            if (stateOf(request) !== "RUNNING") return [200, []]
            looks++
            return [200, looks < 4 ? [task("RUNNING", { name })] : []]
          }
        })
        yield* routing.settled
        assert.strictEqual(looks, 4)
      }).pipe(Effect.provide(world))
    )
  }

  it.live("does not wait for other tasks", () =>
    Effect.gen(function* () {
      const { received, routing } = yield* account({
        "GET /v1/tasks": (_, request) => [
          200,
          request.path.includes("offset=0") ? [task("RUNNING", { name: "ServerSnapshotTask" })] : []
        ]
      })
      yield* routing.settled
      assert.isAtMost(received.length, 4)
    }).pipe(Effect.provide(world))
  )

  it.live("goes on after its time with a warning, as there is nothing more to learn", () =>
    Effect.gen(function* () {
      const logged: Array<string> = []
      const { routing } = yield* account(
        { "GET /v1/tasks": () => [200, [task("RUNNING")]] },
        { taskTimeout: "100 millis" }
      )
      yield* routing.settled.pipe(
        Effect.provide(
          Logger.layer([Logger.make(({ logLevel, message }) => void logged.push(`${logLevel} ${String(message)}`))])
        )
      )
      assert.deepStrictEqual(logged, ["Warn netcup has been routing addresses for more than 100ms"])
    }).pipe(Effect.provide(world))
  )

  it.live("fails when netcup does not tell", () =>
    Effect.gen(function* () {
      const { routing } = yield* account({ "GET /v1/tasks": () => [500, ""] })
      assert.strictEqual((yield* Effect.flip(routing.settled)).reason._tag, "Unreachable")
    }).pipe(Effect.provide(world))
  )
})

describe("FailoverRoutingRest.recentChanges", () => {
  const ago = (minutes: number, nth: number, name = "RouteFailoverIpTask") => {
    const startedAt = new Date(Date.now() - minutes * 60_000).toISOString()
    return task("FINISHED", { startedAt, name }, nth)
  }

  it.live("tells the routings of the last hour, by anybody, however they ended, and reads no further", () =>
    Effect.gen(function* () {
      const all = [
        task("PENDING", { startedAt: null }, 1),
        ago(1, 2, "ClearFailoverIpTask"),
        ago(2, 3, "ServerSnapshotTask"),
        { ...ago(30, 4), state: "ERROR" },
        ago(59, 5),
        ago(61, 6),
        ago(62, 7),
        ago(63, 8),
        ago(64, 9)
      ]
      const { received, routing } = yield* account(
        {
          "GET /v1/tasks": (_, { path }) => {
            const offset = Number(new URL(path, "http://x").searchParams.get("offset"))
            return [200, all.slice(offset, offset + 3)]
          }
        },
        { pageSize: 3 }
      )
      const minutes = (yield* routing.recentChanges).map((at) => Math.round((Date.now() - at) / 60_000))
      assert.deepStrictEqual(minutes, [0, 1, 30, 59])
      assert.strictEqual(received.length, 2)
    }).pipe(Effect.provide(world))
  )
})

describe("FailoverRoutingRest.notices", () => {
  for (const [restrictions, count] of [
    [null, 0],
    ["", 0],
    ["  ", 0],
    ["198.51.100.1, 2001:db8::/64", 1]
  ] as const) {
    it.live(`${JSON.stringify(restrictions)} as API login restrictions gives ${count} notices`, () =>
      Effect.gen(function* () {
        const { routing } = yield* account({
          [`GET ${users}`]: () => [200, { id: 555001, apiIpLoginRestrictions: restrictions }]
        })
        const notices = yield* routing.notices
        assert.strictEqual(notices.length, count)
        if (restrictions?.trim()) {
          assert.include(notices[0], restrictions)
          assert.include(notices[0], "Add the addresses of all nodes")
        }
      }).pipe(Effect.provide(world))
    )
  }
})

describe("FailoverRoutingRest.layer", () => {
  it.live("gives the service, each with a memory of its own", () =>
    Effect.gen(function* () {
      const end = yield* endpoint(
        routes({
          "GET /v1/servers": () => [200, [server(111001)]],
          "GET /v1/servers/111001": () => [200, server(111001)]
        })
      )
      const use = FailoverRouting.use((routing) =>
        Effect.all([routing.identity, Effect.ignore(routing.inspect(v1))])
      ).pipe(Effect.provide(FailoverRoutingRest.layer(credentials, at(end)).pipe(Layer.provide(world))))
      assert.deepStrictEqual<unknown>((yield* use)[0], "rest:555001")
      yield* use
      assert.strictEqual(end.received.filter(({ path }) => path.endsWith("/servers/111001")).length, 2)
    })
  )
})
