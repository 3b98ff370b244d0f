import { assert, describe, it } from "@effect/vitest"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import * as SoapSimulator from "@netcup-failover/testing/netcup/SoapSimulator"
import * as Effect from "effect/Effect"
import { accounts, envelope, faultOf, operation, request, returnsOf } from "./Handwritten.ts"
import * as RawClient from "./RawClient.ts"

/** Sends one request after the other to one simulator: what each was answered. */
const talk = Effect.fnUntraced(function* (...requests: ReadonlyArray<string>) {
  const { url } = yield* SoapSimulator.make({ world: yield* NetcupWorld.make(accounts) })
  const answers: Array<unknown> = []
  for (const body of requests) {
    const answer = yield* RawClient.send(url, body)
    answers.push((yield* faultOf(answer)) ?? (yield* returnsOf(answer)))
  }
  return answers
})

const on = (name: string, server = "vA") => request(name, ["vserverName", server])
const changePassword = (old: string, next: string) =>
  envelope(
    operation("changeUserPassword", [
      ["loginName", "12345"],
      ["oldPassword", old],
      ["newPassword", next]
    ])
  )

describe("what the webservice does besides routing", () => {
  it.effect("takes servers' power and gives it back", () =>
    Effect.gen(function* () {
      const state = on("getVServerState")
      assert.deepStrictEqual(
        yield* talk(on("vServerPoweroff"), state, on("vServerStart"), state, on("vServerACPIShutdown"), state),
        [["true"], ["offline"], ["true"], ["online"], ["true"], ["offline"]]
      )
    })
  )

  it.effect("says no to what a server that is off can't hear", () =>
    Effect.gen(function* () {
      const requests = ["vServerReset", "vServerACPIReboot", "vServerACPIShutdown", "vServerSuspend"].map((name) =>
        on(name, "vB")
      )
      assert.deepStrictEqual(yield* talk(...requests, on("getVServerState", "vB")), [
        ["false"],
        ["false"],
        ["false"],
        ["false"],
        ["offline"]
      ])
    })
  )

  it.effect("gives nicknames", () =>
    Effect.gen(function* () {
      const named = request("setVServerNickname", ["vservername", "vB"], ["vservernickname", "zwei <&>"])
      const name = request("getVServerNickname", ["vservername", "vB"])
      assert.deepStrictEqual(yield* talk(name, named, name), [[], ["zwei <&>"], ["zwei <&>"]])
    })
  )

  it.effect("changes the password for whoever knows the old one", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* talk(
          changePassword("x", "neu"),
          changePassword("geheim", "neu"),
          request("getVServers"),
          changePassword("neu", "geheim")
        ),
        ["Invalid credentials.", ["true"], "Invalid credentials.", ["true"]]
      )
    })
  )

  it.effect("knows no servers but the account's", () =>
    Effect.gen(function* () {
      const text = "Server not found for name 'vC'"
      assert.deepStrictEqual(yield* talk(on("vServerReset", "vC"), on("startVServer", "vC")), [text, text])
    })
  )
})
