/**
 * The simulator, asked by two clients that did not learn SOAP from each other, ours and the npm package `soap`, what is not about
 * routing.
 */
import { assert, describe, it } from "@effect/vitest"
import { ServerName } from "@netcup-failover/core/ServerName"
import { SoapCredentials } from "@netcup-failover/netcup/Credentials"
import * as SoapClient from "@netcup-failover/netcup/soap/SoapClient"
import * as WSEndUser from "@netcup-failover/netcup/soap/WSEndUser"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import { dialectNames } from "@netcup-failover/testing/netcup/SoapAnswer"
import * as SoapSimulator from "@netcup-failover/testing/netcup/SoapSimulator"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { createClientAsync } from "soap"
import { http } from "./Endpoint.ts"
import { wsdl } from "./Wsdl.ts"

const v1 = ServerName.make("v1")
const login = { loginName: "0012345", password: "s3<c&et" }
const credentials = (password: string) => new SoapCredentials({ ...login, password: Redacted.make(password) })

const start = (options: SoapSimulator.SoapSimulatorOptions = {}) =>
  Effect.gen(function* () {
    const interfaces = [{ mac: "aa:bb:cc:dd:ee:01", ipv4: ["198.51.100.1"] }]
    const world = yield* NetcupWorld.make([{ ...login, servers: [{ name: "v1", interfaces }] }])
    const simulator = yield* SoapSimulator.make({ ...options, world })
    return { ...simulator, ...(yield* SoapClient.make(credentials(login.password), { url: simulator.url, tries: 1 })) }
  })

/** The package's client: gives what is inside the response's element. */
const peer = (url: string) =>
  Effect.map(
    Effect.promise(() => createClientAsync(wsdl, { endpoint: url })),
    (client) => (operation: string, parameters: Readonly<Record<string, string | number | boolean>>) =>
      Effect.promise<unknown>(() => client[`${operation}Async`]({ ...login, ...parameters })).pipe(
        Effect.flatMap(Schema.decodeUnknownEffect(Schema.NonEmptyArray(Schema.Unknown))),
        Effect.map(([result]) => result)
      )
  )

describe("the simulator", () => {
  for (const dialect of dialectNames) {
    it.live(`tells our client what it holds, in ${dialect}`, () =>
      Effect.gen(function* () {
        const { call } = yield* start({ dialect, information: "full" })
        assert.strictEqual(yield* call(WSEndUser.getVServerState, { vserverName: v1 }), "online")
        assert.strictEqual(yield* call(WSEndUser.getVServerUptime, { vserverName: v1 }), "3 days")
        assert.strictEqual(yield* call(WSEndUser.getVServerUpdateNotification, { vserverName: v1 }), true)
        assert.strictEqual(yield* call(WSEndUser.getVServerNickname, { vservername: v1 }), undefined)
        assert.strictEqual(yield* call(WSEndUser.getVServerLogEntryCount, { vservername: v1 }), 2)
        const all = yield* call(WSEndUser.getVServerLogEntries, {
          vservername: v1,
          start: 0,
          results: 9,
          language: "en"
        })
        assert.deepStrictEqual(all, [
          { date: Date.UTC(2026, 10, 22, 9, 0, 0, 500), message: "server started", type: "INFO" },
          {
            additionalInfo: "<none> & nothing",
            date: Date.UTC(2026, 10, 21, 10),
            message: "server created",
            type: "INFO"
          }
        ])
        const one = yield* call(WSEndUser.getVServerLogEntries, { vservername: v1, start: 1, results: 1 })
        assert.deepStrictEqual(one, all.slice(1))
        const month = { vserverName: v1, year: 2026, month: 11 }
        const traffic = { in: 1024, month: 11, out: 2048, total: 3072, year: 2026 }
        assert.deepStrictEqual(yield* call(WSEndUser.getVServerTrafficOfMonth, month), traffic)
        assert.deepStrictEqual(yield* call(WSEndUser.getVServerTrafficOfDay, { ...month, day: 2 }), {
          ...traffic,
          day: 2
        })
        assert.strictEqual((yield* call(WSEndUser.getUserData, {}))?.loginname, login.loginName)
        assert.strictEqual((yield* call(WSEndUser.getPanelSettings, {}))?.showNickname, true)
        const information = yield* call(WSEndUser.getVServerInformation, { vservername: v1 })
        assert.deepStrictEqual(
          [information?.memory, information?.currentMonth, information?.serverDisks?.[0]?.capacity],
          [16_384, traffic, 320]
        )
      }).pipe(Effect.provide(http))
    )
  }

  it.live("does what our client asks for, once", () =>
    Effect.gen(function* () {
      const { call, journal, url } = yield* start()
      const server = { vserverName: v1 }
      const state = call(WSEndUser.getVServerState, server)
      assert.deepStrictEqual(yield* call(WSEndUser.stopVServer, server), { success: true })
      assert.strictEqual(yield* state, "offline")
      assert.strictEqual(yield* call(WSEndUser.vServerACPIShutdown, server), false)
      assert.strictEqual(yield* call(WSEndUser.vServerStart, server), true)
      assert.strictEqual(yield* state, "online")
      const named = { vservername: v1, vservernickname: " ein <Name> & mehr " }
      assert.strictEqual(yield* call(WSEndUser.setVServerNickname, named), named.vservernickname)
      assert.strictEqual(yield* call(WSEndUser.getVServerNickname, { vservername: v1 }), named.vservernickname)
      const passwords = { oldPassword: Redacted.make(login.password), newPassword: Redacted.make("n€u 'n\"") }
      assert.strictEqual(yield* call(WSEndUser.changeUserPassword, passwords), true)
      assert.strictEqual((yield* Effect.flip(state)).reason._tag, "InvalidCredentials")
      const renewed = yield* SoapClient.make(credentials("n€u 'n\""), { url })
      assert.strictEqual(yield* renewed.call(WSEndUser.getVServerState, server), "online")
      assert.strictEqual((yield* journal.callsOf("changeUserPassword")).length, 1)
      assert.notInclude(JSON.stringify(yield* journal.calls), "n€u")
    }).pipe(Effect.provide(http))
  )

  it.live("says of an operation that it lacks that it lacks it", () =>
    Effect.gen(function* () {
      const { call } = yield* start()
      const { message, reason } = yield* Effect.flip(call(WSEndUser.getLoginToken, {}))
      assert.deepStrictEqual([reason._tag, message], ["Refused", "getLoginToken is not simulated"])
    }).pipe(Effect.provide(http))
  )

  it.live("says of an operation that the webservice never had what a stack of Java's would", () =>
    Effect.gen(function* () {
      const { call } = yield* start()
      const { message, reason } = yield* Effect.flip(call({ ...WSEndUser.getUserData, name: "getFirewall" }, {}))
      assert.deepStrictEqual(
        [reason._tag, message],
        ["Refused", "Cannot find dispatch method for {http://enduser.service.web.vcp.netcup.de/}getFirewall"]
      )
    }).pipe(Effect.provide(http))
  )

  it.live("is understood by a client that was set up with our WSDL, and understands it", () =>
    Effect.gen(function* () {
      const { journal, url } = yield* start()
      const ask = yield* peer(url)
      const server = { vserverName: "v1" }
      assert.deepStrictEqual(yield* ask("vServerPoweroff", server), { return: true })
      assert.deepStrictEqual(yield* ask("getVServerState", server), { return: "offline" })
      assert.deepStrictEqual(yield* ask("startVServer", server), { return: { success: true } })
      assert.deepStrictEqual(yield* ask("getVServerUptime", server), { return: "3 days" })
      const named = { vservername: "v1", vservernickname: "ein <Name> & mehr" }
      assert.deepStrictEqual(yield* ask("setVServerNickname", named), { return: named.vservernickname })
      assert.deepStrictEqual(yield* ask("getVServerNickname", { vservername: "v1" }), { return: named.vservernickname })
      const { return: entries } = yield* Effect.flatMap(
        ask("getVServerLogEntries", { vservername: "v1", start: 0, results: 2, language: "de" }),
        Schema.decodeUnknownEffect(
          Schema.Struct({ return: Schema.Array(Schema.Struct({ date: Schema.Date, message: Schema.String })) })
        )
      )
      assert.deepStrictEqual(
        entries.map(({ date, message }) => [date.getTime(), message]),
        [
          [Date.UTC(2026, 10, 22, 9, 0, 0, 500), "server started"],
          [Date.UTC(2026, 10, 21, 10), "server created"]
        ]
      )
      assert.deepStrictEqual(yield* ask("getVServerTrafficOfDay", { ...server, year: 2026, month: 11, day: 2 }), {
        return: { in: 1024, month: 11, out: 2048, total: 3072, year: 2026, day: 2 }
      })
      assert.isTrue((yield* journal.calls).every(({ outcome }) => outcome._tag === "Ok"))
    }).pipe(Effect.provide(http))
  )
})
