/** Each way to break the contract is refused over the wire, and leaves the world alone. */
import { assert, describe, it } from "@effect/vitest"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import * as SoapSimulator from "@netcup-failover/testing/netcup/SoapSimulator"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import {
  accounts,
  bodyOf,
  envelope,
  faultOf,
  login,
  macA,
  netcupNamespace,
  operation,
  request,
  returnsOf,
  routeToA,
  soapNamespace
} from "./Handwritten.ts"
import * as RawClient from "./RawClient.ts"

const simulator = Effect.gen(function* () {
  return yield* SoapSimulator.make({ world: yield* NetcupWorld.make(accounts) })
})

const credentials = "<loginName>12345</loginName><password>geheim</password>"
const rest =
  "<routedIP>198.51.100.4</routedIP><routedMask>32</routedMask>" +
  `<destinationVserverName>vA</destinationVserverName><destinationInterfaceMAC>${macA}</destinationInterfaceMAC>`
const wrapper = `<n:changeIPRouting xmlns:n="${netcupNamespace}">${credentials}${rest}</n:changeIPRouting>`
const given = {
  ip: ["routedIP", "198.51.100.4"],
  mask: ["routedMask", "32"],
  server: ["destinationVserverName", "vA"],
  mac: ["destinationInterfaceMAC", macA]
} as const

describe("a request that keeps the contract", () => {
  const good: ReadonlyArray<readonly [string, string]> = [
    ["by hand", envelope(wrapper)],
    [
      "with a declaration, comments and blanks",
      `<?xml version="1.0" encoding="UTF-8"?>\n<!-- x -->${envelope(`\n ${wrapper}\n`)}\n`
    ],
    ["with an empty Header", envelope(wrapper).replace("<e:Body>", "<e:Header/><e:Body>")],
    [
      "with a default namespace that the children take back",
      envelope(
        `<changeIPRouting xmlns="${netcupNamespace}">${(credentials + rest).replaceAll(/<(\w+)>/gu, '<$1 xmlns="">')}</changeIPRouting>`
      )
    ],
    [
      "with the default namespace for SOAP",
      `<Envelope xmlns="${soapNamespace}"><Body>${wrapper.replaceAll(/<(\w+)>/gu, '<$1 xmlns="">')}</Body></Envelope>`
    ]
  ]
  for (const [how, body] of good) {
    it.effect(`is carried out: ${how}`, () =>
      Effect.gen(function* () {
        const { url, world } = yield* simulator
        const answer = yield* RawClient.send(url, body)
        assert.strictEqual((yield* bodyOf(answer))?.name, "changeIPRoutingResponse")
        assert.strictEqual(
          (yield* world.routes).get((yield* world.state)[0]?.addresses[0]?.address.prefix ?? fail()),
          "vA"
        )
      })
    )
  }

  it.effect("is carried out at the webservice's other path, and with the charset in quotes", () =>
    Effect.gen(function* () {
      const { url } = yield* simulator
      const headers = { "content-type": 'Text/XML;charset="UTF-8"' }
      const answer = yield* RawClient.send(url, request("getVServers"), { path: "/SCP/WSEndUser", headers })
      assert.deepStrictEqual(yield* returnsOf(answer), ["vA", "vB"])
    })
  )
})

const fail = (): never => assert.fail("the address is missing")

describe("over HTTP", () => {
  const bad: ReadonlyArray<readonly [string, number, RawClient.RawOptions]> = [
    ["GET", 405, { method: "GET" }],
    ["PUT", 405, { method: "PUT" }],
    ["another path", 404, { path: "/" }],
    ["a query", 404, { path: "/WSEndUser?wsdl" }],
    ["no Content-Type", 415, { headers: { "content-type": undefined } }],
    ["SOAP 1.2's Content-Type", 415, { headers: { "content-type": "application/soap+xml; charset=utf-8" } }],
    ["no charset", 415, { headers: { "content-type": "text/xml" } }],
    ["another charset", 415, { headers: { "content-type": "text/xml; charset=iso-8859-1" } }],
    ["no SOAPAction", 500, { headers: { soapaction: undefined } }],
    ["an unquoted empty SOAPAction", 500, { headers: { soapaction: "" } }],
    ["a SOAPAction that names something", 500, { headers: { soapaction: '"changeIPRouting"' } }]
  ]
  for (const [what, status, options] of bad) {
    it.effect(`${what} is refused with ${status}`, () =>
      Effect.gen(function* () {
        const { journal, url, world } = yield* simulator
        const before = yield* world.state
        const answer = yield* RawClient.send(url, envelope(wrapper), options)
        assert.strictEqual(answer.status, status)
        assert.strictEqual(answer.contentType.startsWith("text/xml"), status === 500)
        assert.deepStrictEqual(yield* world.state, before)
        const [call] = yield* journal.calls
        assert.strictEqual(call?.outcome._tag, "NotSoap")
        assert.strictEqual(call?.status, status)
      })
    )
  }
})

describe("in the XML", () => {
  const withParameters = (parameters: ReadonlyArray<readonly [string, string]>) =>
    envelope(operation("changeIPRouting", [...login, ...parameters]))
  const { ip, mac, mask, server } = given
  const bad: ReadonlyArray<readonly [string, string | Uint8Array, string]> = [
    ["an empty body", "", "XML reader error"],
    ["half a document", envelope(wrapper).slice(0, 300), "XML reader error"],
    [
      "bytes that are not UTF-8",
      Buffer.from(envelope(wrapper).replace("geheim", "geh\u00e4im"), "latin1"),
      "not UTF-8"
    ],
    ["a document type", `<!DOCTYPE x>${envelope(wrapper)}`, "XML reader error"],
    [
      "the envelope of SOAP 1.2",
      envelope(wrapper).replace(soapNamespace, "http://www.w3.org/2003/05/soap-envelope"),
      "envelope of SOAP 1.1"
    ],
    [
      "an envelope without its last slash",
      envelope(wrapper).replace(soapNamespace, soapNamespace.slice(0, -1)),
      "envelope of SOAP 1.1"
    ],
    ["no envelope", wrapper, "envelope of SOAP 1.1"],
    ["a Body in no namespace", envelope(wrapper).replaceAll("e:Body", "Body"), "not SOAP 1.1"],
    ["no Body", `<e:Envelope xmlns:e="${soapNamespace}"><e:Header/></e:Envelope>`, "one Body"],
    ["two Bodies", envelope(`${wrapper}</e:Body><e:Body>${wrapper}`), "one Body"],
    ["a Header after the Body", envelope(wrapper).replace("</e:Body>", "</e:Body><e:Header/>"), "one Body"],
    ["an empty Body", envelope(""), "0 elements"],
    ["two operations", envelope(wrapper + wrapper), "2 elements"],
    ["text beside the operation", envelope(`x${wrapper}`), "not one"],
    ["an operation in no namespace", envelope(wrapper.replaceAll("n:", "").replace("xmlns:n", "xmlns:m")), "dispatch"],
    ["an operation in another namespace", envelope(wrapper.replace(netcupNamespace, "urn:other")), "dispatch"],
    ["an unknown operation", request("getVServerLoad", ["vserverName", "vA"]), "dispatch"],
    ["an operation in another spelling", request("getVservers"), "dispatch"],
    [
      "a default namespace that catches the children",
      envelope(wrapper.replaceAll("n:change", "change").replace("xmlns:n", "xmlns")),
      "in no namespace"
    ],
    ["one qualified child", envelope(wrapper.replaceAll("routedIP", "n:routedIP")), "in no namespace"],
    [
      "a child that catches the envelope's default",
      envelope(wrapper).replace("<e:Envelope", `<e:Envelope xmlns="${soapNamespace}"`),
      "in no namespace"
    ],
    ["a child of a child", envelope(wrapper.replace("198.51.100.4", "<b>198.51.100.4</b>")), "hold text"],
    ["text between the children", envelope(wrapper.replace("<routedMask>", "x<routedMask>")), "hold text"],
    [
      "a missing parameter",
      withParameters([ip, mask, server]),
      "<{}destinationInterfaceMAC> of changeIPRouting is missing"
    ],
    ["no parameters at all", envelope(operation("changeIPRouting", [])), "<{}loginName> of changeIPRouting is missing"],
    ["an extra parameter", withParameters([ip, mask, server, mac, ["language", "de"]]), 'local:"language"'],
    ["a parameter twice", withParameters([ip, ip, mask, server, mac]), 'local:"routedIP"'],
    ["a misspelt parameter", withParameters([["routedIp", "198.51.100.4"], mask, server, mac]), 'local:"routedIp"'],
    ["another order", withParameters([mask, ip, server, mac]), "not in its place"],
    ["the password first", envelope(operation("getVServers", [login[1], login[0]])), "not in its place"],
    ["vservername where vserverName belongs", request("getVServerIPs", ["vservername", "vA"]), 'local:"vservername"'],
    [
      "vserverName where vservername belongs",
      request("getVServerInformation", ["vserverName", "vA"]),
      'local:"vserverName"'
    ],
    [
      "the language before the name",
      request("getVServerInformation", ["language", "de"], ["vservername", "vA"]),
      "not in its place"
    ]
  ]
  for (const [what, body, text] of bad) {
    it.effect(`${what} is a fault`, () =>
      Effect.gen(function* () {
        const { journal, url, world } = yield* simulator
        const before = yield* world.state
        const answer = yield* RawClient.send(url, body)
        assert.strictEqual(answer.status, 500)
        assert.include(yield* faultOf(answer), text)
        assert.notInclude(answer.body, "geheim")
        assert.deepStrictEqual(yield* world.state, before)
        assert.deepStrictEqual(
          (yield* journal.calls).map(({ outcome }) => outcome._tag),
          ["NotSoap"]
        )
      })
    )
  }

  it.effect("a fault does not keep the next good call from its answer", () =>
    Effect.gen(function* () {
      const { url } = yield* simulator
      yield* RawClient.send(url, "<")
      assert.strictEqual((yield* bodyOf(yield* RawClient.send(url, routeToA)))?.name, "changeIPRoutingResponse")
    })
  )
})

it.live("a sender that leaves in mid-request has asked for nothing", () =>
  Effect.gen(function* () {
    const { connections, journal, mostAtOnce, url } = yield* simulator
    const headers = { "content-length": "1000000" }
    const unfinished = yield* Effect.forkChild(RawClient.send(url, routeToA, { headers }))
    yield* Effect.repeat(mostAtOnce, { until: (most) => most === 1, schedule: Schedule.spaced("5 millis") })
    yield* Fiber.interrupt(unfinished)
    assert.deepStrictEqual(yield* returnsOf(yield* RawClient.send(url, request("getVServers"))), ["vA", "vB"])
    assert.strictEqual(yield* connections, 2)
    assert.strictEqual((yield* journal.calls).length, 1)
  })
)
