import { assert, describe, it } from "@effect/vitest"
import * as Envelope from "@netcup-failover/netcup/soap/Envelope"
import * as SoapClient from "@netcup-failover/netcup/soap/SoapClient"
import { changeIPRouting, getVServers } from "@netcup-failover/netcup/soap/WSEndUser"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import { InjectedFault } from "@netcup-failover/testing/netcup/SoapInjection"
import * as SoapSimulator from "@netcup-failover/testing/netcup/SoapSimulator"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { credentials, envelope, http } from "./Endpoint.ts"
import { quick, routing } from "./Outcomes.ts"

const soap12 = "http://www.w3.org/2003/05/soap-envelope"
const soap11 = "http://schemas.xmlsoap.org/soap/envelope/"
const body = (e: string) => `<${e}Body><n:opResponse xmlns:n="x"><return xmlns="">v1</return></n:opResponse></${e}Body>`

const refused = "an envelope of SOAP 1.2, and netcup speaks SOAP 1.1"

describe("an envelope of SOAP 1.2", () => {
  for (const [name, text] of [
    ["prefixed", `<env:Envelope xmlns:env="${soap12}">${body("env:")}</env:Envelope>`],
    [
      "in the prefix that SOAP 1.1 usually has",
      `<S:Envelope a="1" xmlns:x="${soap11}" xmlns:S='${soap12}'>${body("S:")}</S:Envelope>`
    ],
    ["in the default namespace", `<Envelope xmlns="${soap12}">${body("")}</Envelope>`],
    [
      "with a fault of SOAP 1.1",
      `<e:Envelope xmlns:e="${soap12}"><e:Body><e:Fault><faultstring>x</faultstring></e:Fault></e:Body></e:Envelope>`
    ]
  ] as const) {
    it(`is refused ${name}`, () => {
      const parsed = Envelope.parse("op", `<?xml version="1.0"?><!-- c -->${text}`)
      assert.isTrue(Result.isFailure(parsed) && parsed.failure._tag === "MalformedEnvelope", JSON.stringify(parsed))
      assert.isTrue(Result.isFailure(parsed) && parsed.failure.message === refused)
    })
  }

  for (const [name, text] of [
    [
      "whose namespace is declared and not used",
      `<S:Envelope xmlns:S="${soap11}" xmlns:env="${soap12}" xmlns="${soap12}">${body("S:")}</S:Envelope>`
    ],
    [
      "whose namespace is declared inside, as recorded faults have it",
      envelope(`<opResponse xmlns:ns4="${soap12}"><return>v1</return></opResponse>`)
    ],
    ["of a prefix that nobody declared", `<S:Envelope>${body("S:")}</S:Envelope>`]
  ] as const) {
    it(`is none ${name}`, () => assert.deepStrictEqual(Envelope.parse("op", text), Result.succeed(["v1"])))
  }

  it.live("is no answer, and for a change no news of its outcome", () =>
    Effect.gen(function* () {
      const world = yield* NetcupWorld.make([{ loginName: "12345", password: "s3<c&et" }])
      const { inject, url } = yield* SoapSimulator.make({ world })
      yield* inject({ fault: InjectedFault.WrongEnvelope({ applied: false }) })
      const { call } = yield* SoapClient.make(credentials, { ...quick, url })
      const read = yield* Effect.flip(call(getVServers, {}))
      const change = yield* Effect.flip(call(changeIPRouting, routing))
      assert.deepStrictEqual([read.reason._tag, change.reason._tag], ["MalformedAnswer", "UnknownOutcome"])
      assert.deepStrictEqual([read.message, change.message], [refused, refused])
    }).pipe(Effect.provide(http))
  )
})
