import { assert, describe, it } from "@effect/vitest"
import { read } from "@netcup-failover/netcup/soap/Answer"
import type { Operation, Parameters, Returns } from "@netcup-failover/netcup/soap/Operation"
import * as WSEndUser from "@netcup-failover/netcup/soap/WSEndUser"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { answer, envelope } from "./Endpoint.ts"
import { contract, operations } from "./Wsdl.ts"

const kept = (text: string) => text

/** What an answer with those `<return>` elements means to an operation: its result, or the reason's message. */
const told = <P extends Parameters, R extends Returns>(operation: Operation<P, R>, returns: string): unknown =>
  Result.match(read(operation, { status: 200, text: answer(operation.name, returns) }, kept), {
    onFailure: ({ reason }) => `${reason._tag}: ${reason.message}`,
    onSuccess: (result) => result
  })

describe("the table of operations", () => {
  it("has 31, each under its own name", () => {
    assert.strictEqual(operations.length, 31)
    for (const [name, operation] of Object.entries(WSEndUser)) assert.strictEqual(operation.name, name)
  })

  it("repeats what only looks, and nothing else", () => {
    const reads = operations.filter(({ kind }) => kind === "read").map(({ name }) => name)
    assert.deepStrictEqual<unknown>(
      reads.toSorted(),
      operations
        .map(({ name }) => name)
        .filter((name) => name.startsWith("get"))
        .toSorted()
    )
    assert.strictEqual(reads.length, 15)
  })

  it("asks two operations with the login alone", () => {
    assert.deepStrictEqual(
      operations.filter(({ credentials }) => credentials === "login").map(({ name }) => name),
      ["changeUserPassword", "sendPasswordResetRequest"]
    )
  })
})

/** Those whose answers hold objects. */
const objectsTold = operations.filter((operation) =>
  contract().messages.some(
    ({ answer: [answer], name }) => name === operation.name && answer?.type.startsWith("tns:") === true
  )
)

const misfits: ReadonlyArray<readonly [Operation<Parameters, Returns>, returns: string, place: string]> = [
  [WSEndUser.getVServerLogEntryCount, "<return>s3cret</return>", "return[0]: Expected an integer of at most 2^53 - 1"],
  [WSEndUser.vServerReset, "<return>s3cret</return>", 'return[0]: Expected "true" | "false" | "1" | "0"'],
  [WSEndUser.getVServers, "<return>v1</return><return><a>s3cret</a></return>", "return[1]: Expected string"],
  [WSEndUser.getVServerState, "<return>online</return><return>offline</return>", "return: Expected no more than one"],
  [WSEndUser.getLoginToken, "<return><token>s3cret</token></return>", "return[0]: Expected string"],
  [WSEndUser.getUserData, "<return>s3cret</return>", "return[0]: Expected userDataObject"],
  [WSEndUser.getUserData, "<return><city>s3cret</city><city>s3cret</city></return>", "return[0].city: Expected string"],
  [
    WSEndUser.getVServerInformation,
    "<return><currentMonth><in>s3cret</in></currentMonth></return>",
    "return[0].currentMonth.in: Expected an integer of at most 2^53 - 1"
  ],
  [
    WSEndUser.getVServerInformation,
    "<return><serverInterfaces/><serverInterfaces><mac>a</mac></serverInterfaces>" +
      "<serverInterfaces><ipv4IP>a</ipv4IP><ipv4IP><s3cret>1</s3cret></ipv4IP></serverInterfaces></return>",
    "return[0].serverInterfaces[1].ipv4IP[1]: Expected string"
  ],
  [
    WSEndUser.getVServerLogEntries,
    "<return><date>2026-11-22T00:00:00Z</date></return><return><date>s3cret</date></return>",
    "return[1].date: Expected a date and time"
  ],
  [
    WSEndUser.getVServerTrafficOfDay,
    "<return><in>a</in><out>b</out><day>c</day><year>d</year></return>",
    "return[0].in: Expected an integer of at most 2^53 - 1; return[0].out: Expected an integer of at most 2^53 - 1; " +
      "return[0].year: Expected an integer of 32 bits; …"
  ]
]

describe("answers", () => {
  it("of eight operations hold objects", () => assert.strictEqual(objectsTold.length, 8))

  for (const operation of operations) {
    const list = ["getVServers", "getVServerIPs", "getVServerLogEntries"].includes(operation.name)
    it(`${operation.name} without a return tells ${list ? "an empty list" : "nothing"}`, () => {
      assert.deepStrictEqual(told(operation, ""), list ? [] : undefined)
      const nil = '<return xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>'
      assert.deepStrictEqual(told(operation, nil), list ? [] : undefined)
    })
  }

  for (const operation of objectsTold) {
    it(`${operation.name} may lack every field, and have ones that nobody knows`, () => {
      const empty = operation.name === "getVServerLogEntries" ? [{}] : {}
      for (const content of ["", " \n ", "<new><deep>1</deep><deep>2</deep></new><new/>", "<toString>x</toString>"]) {
        assert.deepStrictEqual(told(operation, `<return>${content}</return>`), empty)
      }
    })
  }

  it("one item of a list is a list of one, within objects too", () => {
    const { getVServerInformation } = WSEndUser
    assert.deepStrictEqual(
      told(
        getVServerInformation,
        "<return><ips>a</ips><serverDisks><used>1</used></serverDisks><serverInterfaces><ipv4IP>x</ipv4IP></serverInterfaces></return>"
      ),
      { ips: ["a"], serverDisks: [{ used: 1 }], serverInterfaces: [{ ipv4IP: ["x"] }] }
    )
    assert.deepStrictEqual(
      told(
        getVServerInformation,
        "<return><ips>a</ips><memory>1</memory><ips>b</ips><serverInterfaces><mac>1</mac></serverInterfaces>" +
          "<serverInterfaces><mac>2</mac></serverInterfaces></return>"
      ),
      { ips: ["a", "b"], memory: 1, serverInterfaces: [{ mac: "1" }, { mac: "2" }] }
    )
  })

  it("names and keywords lose white space around them, free texts keep it", () => {
    assert.deepStrictEqual(
      told(
        WSEndUser.getVServerInformation,
        "<return><status>\n online </status><vServerNickname> a  b </vServerNickname></return>"
      ),
      { status: "online", vServerNickname: " a  b " }
    )
  })

  for (const [operation, returns, place] of misfits) {
    it(`${operation.name} of another type is refused by its place: ${place}`, () => {
      const text = told(operation, returns)
      const tag = operation.kind === "read" ? "MalformedAnswer" : "UnknownOutcome"
      assert.strictEqual(text, `${tag}: an answer to ${operation.name} of another shape, at ${place}`)
      assert.notInclude(String(text), "s3cret")
    })
  }

  it("a token is redacted", () => {
    for (const operation of [WSEndUser.getLoginToken, WSEndUser.getVServerStatToken]) {
      const token = told(operation, "<return>t0k&amp;n</return>")
      assert.isTrue(Redacted.isRedacted(token) && Redacted.value(token) === "t0k&n")
    }
  })

  for (const [name, text] of [
    ["raw markup", answer("getLoginToken", "<return>t<s3cret</return>")],
    ["an unknown reference", answer("getLoginToken", "<return>t&s3cret;</return>")],
    ["a bare ampersand", answer("getLoginToken", "<return>s3cret & co</return>")],
    ["a broken attribute", answer("getLoginToken", '<return s3cret="x>y</return>')],
    ["a cut end", answer("getLoginToken", "<return>s3cret</return>").slice(0, -40)],
    ["two roots", `${answer("getLoginToken", "")}<s3cret/>`],
    ["another element", envelope("<s3cret/>")],
    ["no XML", "s3cret"]
  ] as const) {
    it(`nothing of an answer that can't be read is quoted: ${name}`, () => {
      const result = read(WSEndUser.getLoginToken, { status: 200, text }, kept)
      assert.isTrue(Result.isFailure(result) && result.failure.reason._tag === "MalformedAnswer")
      assert.notInclude(JSON.stringify(result), "s3cret")
    })
  }
})
