/**
 * Answers made to hurt whoever reads them, each read in a worker of little memory, which dies of what is too much for it.
 */
import { Worker } from "node:worker_threads"
import { assert, describe, it } from "@effect/vitest"
import * as SoapClient from "@netcup-failover/netcup/soap/SoapClient"
import { getVServers } from "@netcup-failover/netcup/soap/WSEndUser"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { answer, credentials, endpoint, fault, http } from "./Endpoint.ts"
import { quick } from "./Outcomes.ts"

const reader = `
const { parentPort, workerData } = require("node:worker_threads")
Promise.all([import(workerData.answer), import(workerData.webservice)]).then(([{ read }, { getVServers }]) => {
  const result = read(getVServers, { status: 200, text: workerData.text }, (text) => text.slice(0, 20))
  parentPort.postMessage(result._tag === "Success" ? "read" : result.failure.reason._tag + ": " + result.failure.reason.message)
})`

const source = (file: string) => new URL(`../../src/soap/${file}`, import.meta.url).href

/** What comes of an answer, in a worker that has 96 MiB for it. */
const fate = (text: string) =>
  Effect.callback<unknown, Error>((resume) => {
    const workerData = { text, answer: source("Answer.ts"), webservice: source("WSEndUser.ts") }
    const worker = new Worker(reader, { eval: true, workerData, resourceLimits: { maxOldGenerationSizeMb: 96 } })
    worker.once("message", (told) => resume(Effect.succeed(told)))
    worker.once("error", (error) => resume(Effect.fail(error)))
    return Effect.promise(() => worker.terminate())
  }).pipe(Effect.flatMap(Schema.decodeUnknownEffect(Schema.String)), Effect.timeout("20 seconds"))

/** As much of a text as an answer may hold. */
const fill = (text: string, length = 1_047_000) => text.repeat(Math.floor(length / text.length))

const numbered = (count: number, text: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => text(at)).join("")

const entities = (levels: number, width: number) =>
  numbered(levels, (at) => `<!ENTITY l${at + 1} "${`&l${at};`.repeat(width)}">`)

const inAnswer = (returns: string) => answer("getVServers", returns)

const notXml = "not usable as XML: not well-formed"
const tooLong = "not usable as XML: longer than"
const tooMany = "not usable as XML: more than 65536 tags"
const doctype = "not usable as XML: has a DOCTYPE"

describe("hostile answers are refused, or read, and never too much", () => {
  for (const [name, text, told] of [
    ["10 MiB of letters", "x".repeat(10_485_760), tooLong],
    ["10 MiB of brackets", "<".repeat(10_485_760), tooLong],
    ["10 MiB of elements", inAnswer(fill("<return>v</return>", 10_485_760)), tooLong],
    ["a mebibyte of brackets", fill("<"), tooMany],
    ["a mebibyte of ends", fill("</a>"), tooMany],
    ["a mebibyte of elements, each in the one before", fill("<a>"), tooMany],
    ["a mebibyte of empty elements among letters", inAnswer(`<return>${fill("x<a/>")}</return>`), tooMany],
    ["a mebibyte of NUL", fill("\0"), notXml],
    ["a mebibyte of ampersands", fill("&"), notXml],
    ["a mebibyte of line ends", fill("\n"), notXml],
    ["60000 elements, each in the one before", numbered(60_000, () => "<deepest>"), notXml],
    [
      "30000 elements, each in the one before, and closed",
      inAnswer(`${fill("<a>", 90_000)}${fill("</a>", 120_000)}`),
      notXml
    ],
    ["an attribute without an end", `<a b="${fill("x")}`, notXml],
    ["a mebibyte of one attribute", `<a ${fill("b='1' ")}/>`, notXml],
    ["70000 attributes", inAnswer(`<return ${numbered(70_000, (at) => `b${at}='1' `)}/>`), "read"],
    ["60000 namespaces", inAnswer(`<return ${numbered(55_000, (at) => `xmlns:b${at}='1' `)}/>`), "read"],
    ["a comment without an end", `<a>${fill("<!-- ", 320_000)}`, notXml],
    ["CDATA without an end", `<a>${fill("<![CDATA[ ", 600_000)}`, notXml],
    ["60000 sections of CDATA", inAnswer(`<return>${fill("<![CDATA[x]]>", 780_000)}</return>`), "read"],
    ["60000 comments", inAnswer(`<return>${fill("a<!---->", 480_000)}</return>`), "read"],
    ["30000 servers", inAnswer(fill("<return>v1234567890</return>", 840_000)), "read"],
    ["a mebibyte of references", inAnswer(`<return>${fill("&amp;")}</return>`), "read"],
    ["a reference of a million digits", inAnswer(`<return>&#${fill("9")};</return>`), "not usable as XML: a reference"],
    ["a name of a million letters", inAnswer(`<${fill("a")}/>`), "read"],
    [
      "a billion laughs",
      `<!DOCTYPE l [<!ENTITY l0 "lol">${entities(9, 10)}]>${inAnswer("<return>&l9;</return>")}`,
      doctype
    ],
    [
      "a quadratic blowup",
      `<!DOCTYPE l [<!ENTITY l0 "${fill("x", 500_000)}">]>${inAnswer(`<return>${fill("&l0;", 400_000)}</return>`)}`,
      doctype
    ],
    [
      "an entity of a file",
      `<!DOCTYPE l [<!ENTITY l SYSTEM "file:///etc/passwd">]>${inAnswer("<return>&l;</return>")}`,
      doctype
    ],
    ["a DTD of elsewhere", `<!DOCTYPE l SYSTEM "http://127.0.0.1:1/l.dtd">${inAnswer("")}`, doctype],
    ["an entity that nobody declared", inAnswer("<return>&l9;</return>"), "not usable as XML: a reference"]
  ] as const) {
    it.live(
      name,
      () =>
        Effect.gen(function* () {
          const found = yield* fate(text)
          if (told === "read") return assert.strictEqual(found, told)
          assert.isTrue(found.startsWith(`MalformedAnswer: ${told}`), found)
        }),
      30_000
    )
  }

  for (const [name, text] of [
    ["dots", `${fill(".")}x`],
    ["blanks", `a${fill(" ")}x`],
    ["blanks and dots", `a${fill(" .")}x`],
    ["digits", `Routing a failover IP is only permitted once every ${fill("5")}`]
  ] as const) {
    it.live(
      `a fault of a million ${name} is a fault`,
      () => Effect.map(fate(fault(text)), (found) => assert.isTrue(found.startsWith("Refused: "), found)),
      30_000
    )
  }

  it.live("10 MiB are not even read", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint((response) => void response.writeHead(200).end(Buffer.alloc(10_485_760, "<")))
      const { call } = yield* SoapClient.make(credentials, { ...quick, url, tries: 1 })
      const { message, reason } = yield* Effect.flip(call(getVServers, {}))
      assert.deepStrictEqual([reason._tag, message], ["MalformedAnswer", "an answer of more than 1048576 bytes"])
    }).pipe(Effect.provide(http))
  )
})
