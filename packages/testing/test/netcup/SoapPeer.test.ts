/**
 * A SOAP client that somebody else wrote, built from the webservice's WSDL, against the simulator: what both understand is
 * not our own invention.
 */
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import { dialectNames } from "@netcup-failover/testing/netcup/SoapAnswer"
import * as SoapSimulator from "@netcup-failover/testing/netcup/SoapSimulator"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { createClientAsync } from "soap"
import { accounts, macA, macB } from "./Handwritten.ts"

const wsdl = fileURLToPath(new URL("../../../../../shared/reference/contracts/soap/WSEndUser.wsdl", import.meta.url))

class PeerError extends Schema.TaggedError<PeerError>()("PeerError", { message: Schema.String }) {}

const peerError = (cause: unknown) => new PeerError({ message: cause instanceof Error ? cause.message : String(cause) })

const connect = (url: string) =>
  Effect.tryPromise({ try: () => createClientAsync(wsdl, { endpoint: url }), catch: peerError }).pipe(
    Effect.map(
      (client) =>
        /** Calls an operation; gives what is inside the response's element. */
        (operation: string, parameters: Readonly<Record<string, string>>) =>
          Effect.tryPromise<unknown, PeerError>({
            try: () => client[`${operation}Async`](parameters),
            catch: peerError
          }).pipe(
            Effect.flatMap(Schema.decodeUnknownEffect(Schema.NonEmptyArray(Schema.Unknown))),
            Effect.map(([result]) => result)
          )
    )
  )

const { loginName, password } = accounts[0]
const login = { loginName, password }

describe.skipIf(!existsSync(wsdl))("the npm package soap as a client, with netcup's WSDL", () => {
  for (const dialect of dialectNames) {
    it.effect(`reads and routes, answered in ${dialect}`, () =>
      Effect.gen(function* () {
        const world = yield* NetcupWorld.make(accounts)
        const { journal, url } = yield* SoapSimulator.make({ world, dialect, information: "full" })
        const call = yield* connect(url)
        assert.deepStrictEqual(yield* call("getVServers", login), { return: ["vA", "vB"] })
        assert.deepStrictEqual(yield* call("getVServerIPs", { ...login, vserverName: "vB" }), {
          return: ["198.51.100.2", "198.51.100.4"]
        })
        const information = yield* Effect.flatMap(
          call("getVServerInformation", { ...login, vservername: "vA", language: "en" }),
          Schema.decodeUnknownEffect(
            Schema.Struct({
              return: Schema.Struct({
                ips: Schema.Array(Schema.String),
                memory: Schema.Union([Schema.Finite, Schema.String]),
                rescueEnabled: Schema.Boolean,
                serverInterfaces: Schema.Array(
                  Schema.Struct({ mac: Schema.String, ipv4IP: Schema.optionalKey(Schema.Array(Schema.String)) })
                ),
                status: Schema.String,
                vServerName: Schema.String,
                vServerNickname: Schema.String
              })
            })
          )
        )
        assert.deepStrictEqual(information.return, {
          ips: ["198.51.100.1", "2001:db8:1::/64"],
          memory: information.return.memory,
          rescueEnabled: false,
          serverInterfaces: [{ mac: macA, ipv4IP: ["198.51.100.1"] }, { mac: "aa:bb:cc:dd:ee:1a" }],
          status: "online",
          vServerName: "vA",
          vServerNickname: "erster <&> Server"
        })
        assert.strictEqual(Number(information.return.memory), 16_384)
        const routing = {
          ...login,
          routedIP: "198.51.100.4",
          routedMask: "32",
          destinationVserverName: "vA",
          destinationInterfaceMAC: macA
        }
        assert.deepStrictEqual(yield* call("changeIPRouting", routing), { return: true })
        assert.deepStrictEqual(yield* call("getVServerIPs", { ...login, vserverName: "vA" }), {
          return: ["198.51.100.1", "2001:db8:1::/64", "198.51.100.4"]
        })
        assert.strictEqual((yield* journal.changesOf("198.51.100.4/32")).length, 1)
        assert.isTrue((yield* journal.calls).every(({ outcome }) => outcome._tag === "Ok"))
      })
    )

    for (const faultStatus of [500, 200] as const) {
      it.effect(`is told faults in ${dialect} with HTTP ${faultStatus}`, () =>
        Effect.gen(function* () {
          const world = yield* NetcupWorld.make(accounts)
          const { url } = yield* SoapSimulator.make({ world, dialect, faultStatus })
          const call = yield* connect(url)
          const wrong = yield* Effect.flip(call("getVServers", { ...login, password: "falsch" }))
          assert.include(wrong.message, "Invalid credentials.")
          const absent = yield* Effect.flip(call("getVServerIPs", { ...login, vserverName: "doesnotexist" }))
          assert.include(absent.message, "Server not found for name 'doesnotexist'")
        })
      )
    }
  }

  it.effect("sends umlauts and markup that arrive as they were", () =>
    Effect.gen(function* () {
      const { journal, url } = yield* SoapSimulator.make({ world: yield* NetcupWorld.make(accounts) })
      const call = yield* connect(url)
      const { loginName, password } = accounts[1]
      assert.deepStrictEqual(yield* call("getVServers", { loginName, password }), { return: ["vC"] })
      assert.strictEqual((yield* journal.calls)[0]?.loginName, loginName)
    })
  )

  it.effect("is held to the contract: a parameter too few is refused", () =>
    Effect.gen(function* () {
      const { url } = yield* SoapSimulator.make({ world: yield* NetcupWorld.make(accounts) })
      const call = yield* connect(url)
      const short = { ...login, routedIP: "198.51.100.4", routedMask: "32", destinationInterfaceMAC: macB }
      const refused = yield* Effect.flip(call("changeIPRouting", short))
      assert.include(refused.message, "<{}destinationVserverName> of changeIPRouting is missing")
    })
  )
})
