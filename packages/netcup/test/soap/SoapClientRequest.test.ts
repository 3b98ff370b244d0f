import { assert, describe, it } from "@effect/vitest"
import { ServerName } from "@netcup-failover/core/ServerName"
import { SoapCredentials } from "@netcup-failover/netcup/Credentials"
import * as SoapClient from "@netcup-failover/netcup/soap/SoapClient"
import {
  changeIPRouting,
  getVServerInformation,
  getVServerIPs,
  sendPasswordResetRequest
} from "@netcup-failover/netcup/soap/WSEndUser"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { answer, credentials, endpoint, http, send } from "./Endpoint.ts"
import { always, server } from "./Outcomes.ts"

describe("SoapClient: the request", () => {
  it.live("POSTs the envelope with login and password first, as SOAP 1.1 wants it", () =>
    Effect.gen(function* () {
      const { received, url } = yield* endpoint(always(200, answer("changeIPRouting", "<return>true</return>")))
      const { call } = yield* SoapClient.make(credentials, { url })
      assert.deepStrictEqual<unknown>(
        yield* call(changeIPRouting, {
          destinationInterfaceMAC: "aa:bb:cc:dd:ee:ff",
          destinationVserverName: server,
          routedMask: 64,
          routedIP: "2001:db8::2"
        }),
        true
      )
      const [request] = received
      assert.strictEqual(request?.method, "POST")
      assert.strictEqual(request?.headers["content-type"], "text/xml; charset=utf-8")
      assert.strictEqual(request?.headers.soapaction, '""')
      assert.strictEqual(request?.headers["content-length"], String(Buffer.byteLength(request?.body ?? "")))
      assert.strictEqual(
        request?.body,
        '<?xml version="1.0" encoding="UTF-8"?>' +
          '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ws="http://enduser.service.web.vcp.netcup.de/">' +
          "<soapenv:Body><ws:changeIPRouting><loginName>12345</loginName><password>s3&lt;c&amp;et</password>" +
          "<routedIP>2001:db8::2</routedIP><routedMask>64</routedMask>" +
          "<destinationVserverName>v1</destinationVserverName>" +
          "<destinationInterfaceMAC>aa:bb:cc:dd:ee:ff</destinationInterfaceMAC>" +
          "</ws:changeIPRouting></soapenv:Body></soapenv:Envelope>"
      )
    }).pipe(Effect.provide(http))
  )

  it.live("spells the server's element as each operation does, and sends no parameter that is absent", () =>
    Effect.gen(function* () {
      const { received, url } = yield* endpoint((response, { body }) =>
        send(response, 200, answer(body.includes("Information") ? "getVServerInformation" : "getVServerIPs", ""))
      )
      const { call } = yield* SoapClient.make(credentials, { url })
      yield* call(getVServerIPs, { vserverName: server })
      yield* call(getVServerInformation, { vservername: server })
      yield* call(getVServerInformation, { language: "en", vservername: server })
      const login = "<loginName>12345</loginName><password>s3&lt;c&amp;et</password>"
      assert.deepStrictEqual(
        received.map(({ body }) => /<ws:\w+>(.*)<\/ws:/.exec(body)?.[1]),
        [
          `${login}<vserverName>v1</vserverName>`,
          `${login}<vservername>v1</vservername>`,
          `${login}<vservername>v1</vservername><language>en</language>`
        ]
      )
    }).pipe(Effect.provide(http))
  )

  it.live("sends no password to an operation that knows none", () =>
    Effect.gen(function* () {
      const { received, url } = yield* endpoint(always(200, answer("sendPasswordResetRequest", "")))
      const { call } = yield* SoapClient.make(credentials, { url })
      yield* call(sendPasswordResetRequest, { eMail: "a@example.com" })
      assert.include(received[0]?.body, "<loginName>12345</loginName><eMail>a@example.com</eMail>")
    }).pipe(Effect.provide(http))
  )

  for (const [name, loginName, password, target, tag] of [
    ["login", "12\u00005", "ok", server, "InvalidCredentials"],
    ["password", "12345", "pass\u001bword", server, "InvalidCredentials"],
    ["other parameter", "12345", "ok", ServerName.make("v\ud800"), "Refused"]
  ] as const) {
    it.live(`sends nothing when XML can't carry the ${name}`, () =>
      Effect.gen(function* () {
        const { received, url } = yield* endpoint(always(200, answer("getVServerIPs", "")))
        const { call } = yield* SoapClient.make(new SoapCredentials({ loginName, password: Redacted.make(password) }), {
          url
        })
        const error = yield* Effect.flip(call(getVServerIPs, { vserverName: target }))
        assert.strictEqual(error.reason._tag, tag)
        assert.notInclude(error.message, "pass\u001b")
        assert.strictEqual(received.length, 0)
      }).pipe(Effect.provide(http))
    )
  }
})
