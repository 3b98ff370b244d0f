/**
 * Laws of reading answers: whatever comes, there is a result of the operation's type or a reason, and never a defect.
 */
import { assert, describe, it } from "@effect/vitest"
import { NetcupError } from "@netcup-failover/netcup/NetcupError"
import { read } from "@netcup-failover/netcup/soap/Answer"
import * as SoapClient from "@netcup-failover/netcup/soap/SoapClient"
import { changeIPRouting, getVServerInformation } from "@netcup-failover/netcup/soap/WSEndUser"
import * as XmlText from "@netcup-failover/netcup/soap/XmlText"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { answer, credentials, envelope } from "./Endpoint.ts"
import { routing, server } from "./Outcomes.ts"
import { contract, operations, type Particle } from "./Wsdl.ts"

const Nth = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: operations.length - 1 }))

/** Reads an answer of the nth operation, and holds the outcome to what was promised. */
const holds = (nth: number, make: (operation: string) => string) => {
  const operation = operations[nth] ?? getVServerInformation
  const text = make(operation.name)
  const result = read(operation, { status: 200, text }, (said) => said)
  if (Result.isSuccess(result)) {
    return assert.isTrue(Schema.is(Schema.toType(operation.returns))(result.success), `${operation.name}: ${text}`)
  }
  const { reason } = result.failure
  const allowed = operation.kind === "read" ? "MalformedAnswer" : "UnknownOutcome"
  assert.isTrue([allowed, "Refused", "InvalidCredentials"].includes(reason._tag), reason._tag)
}

/** Pieces that answers are made of, and break by. */
const Piece = Schema.Literals([
  "<return>",
  "</return>",
  "<return/>",
  '<return xsi:nil="1">',
  "<a:return>",
  "</a:return>",
  "<ips>",
  "</ips>",
  "<ips/>",
  "<serverInterfaces>",
  "</serverInterfaces>",
  "<mac>",
  "</mac>",
  "<date>",
  "</date>",
  "<S:Fault>",
  "</S:Fault>",
  "<faultstring>",
  "</faultstring>",
  "<__proto__>",
  "</__proto__>",
  "<constructor/>",
  "<toString/>",
  "<:@>",
  "<#text/>",
  "1",
  "-0",
  "true",
  " ",
  "2026-11-22T00:00:00Z",
  "2026-13-01T00:00:00Z",
  "9223372036854775808",
  "NaN",
  "\0",
  "\ud800",
  "😀",
  "&amp;",
  "&#0;",
  "&x;",
  "&",
  "]]>",
  "<![CDATA[",
  "<!--",
  "-->",
  "<?x",
  "?>",
  "<!DOCTYPE a>",
  "<",
  ">"
])

/** What fields hold, or nearly. */
const Value = Schema.Literals([
  "true",
  "1",
  "-0",
  "9223372036854775808",
  "1e9",
  "2026-11-22T00:00:00Z",
  "2026-02-30T00:00:00+14:00",
  "2026-13-01T00:00:00",
  "0000-00-00T99:99:99.9Z",
  ""
])

/** A field with its items, each a text or a field once more. */
const names = [
  "ips",
  "memory",
  "serverInterfaces",
  "mac",
  "in",
  "day",
  "success",
  "date",
  "city",
  "language",
  "unknown",
  "a:ips"
]
const Fields = Schema.Array(
  Schema.Struct({
    name: Schema.Literals(names),
    texts: Schema.Array(Schema.Union([Value, Schema.String])),
    within: Schema.Array(Schema.Struct({ name: Schema.Literals(names), text: Schema.String }))
  })
)

const escaped = (text: string) => Result.getOrElse(XmlText.escape(text), () => "")

const element = (name: string, content: string) => `<${name}>${content}</${name}>`

const written = (fields: typeof Fields.Type) =>
  fields
    .flatMap(({ name, texts, within }) => [
      ...texts.map((text) => element(name, escaped(text))),
      ...(within.length === 0
        ? []
        : [element(name, within.map((one) => element(one.name, escaped(one.text))).join(""))])
    ])
    .join("")

const { messages, objects } = contract()

/** An element of a type of the contract, in which every simple element holds that text. */
const filled = ({ name, type }: Particle, text: string): string =>
  element(
    name,
    objects
      .get(type.slice("tns:".length))
      ?.map((field) => filled(field, text))
      .join("") ?? escaped(text)
  )

describe("reading an answer", () => {
  it.prop(
    "whose fields all hold any text ends in a result or a reason",
    [Schema.Union([Value, Schema.String])],
    ([text]) => {
      for (const [nth, { name }] of operations.entries()) {
        const answered = messages.find((message) => message.name === name)?.answer ?? []
        holds(nth, (operation) => answer(operation, answered.map((particle) => filled(particle, text)).join("")))
      }
    }
  )

  it.prop("of any text ends in a result or a reason", [Nth, Schema.String], ([nth, text]) => {
    holds(nth, () => text)
    holds(nth, () => envelope(text))
    holds(nth, (operation) => answer(operation, text))
    holds(nth, (operation) => answer(operation, element("return", text)))
  })

  it.prop("of pieces in any order ends in a result or a reason", [Nth, Schema.Array(Piece)], ([nth, pieces]) => {
    holds(nth, (operation) => answer(operation, pieces.join("")))
    holds(nth, (operation) => answer(operation, element("return", pieces.join(""))))
    holds(nth, () => envelope(pieces.join("")))
  })

  it.prop("of any fields ends in a result or a reason", [Nth, Schema.Array(Fields)], ([nth, returns]) => {
    holds(nth, (operation) => answer(operation, returns.map((fields) => element("return", written(fields))).join("")))
  })

  it.effect.prop(
    "by the client, whatever bytes and status come, ends in a result or the one error",
    [
      Schema.Array(Piece),
      Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))),
      Schema.Literals([200, 204, 301, 404, 500, 503])
    ],
    ([pieces, bytes, status]) =>
      Effect.gen(function* () {
        const bodies = [
          Uint8Array.from(bytes),
          new TextEncoder().encode(answer("getVServerInformation", pieces.join(""))),
          new TextEncoder().encode(answer("changeIPRouting", pieces.join("")))
        ]
        for (const body of status === 204 ? [undefined] : bodies) {
          const http = HttpClient.make((request) =>
            Effect.succeed(HttpClientResponse.fromWeb(request, new Response(body ?? null, { status })))
          )
          const { call } = yield* SoapClient.make(credentials, { tries: 1 }).pipe(
            Effect.provideService(HttpClient.HttpClient, http)
          )
          const exits: ReadonlyArray<Exit.Exit<unknown, NetcupError>> = [
            yield* Effect.exit(call(getVServerInformation, { vservername: server })),
            yield* Effect.exit(call(changeIPRouting, routing))
          ]
          for (const exit of exits) {
            if (Exit.isSuccess(exit)) continue
            assert.isTrue(
              exit.cause.reasons.every((reason) => Cause.isFailReason(reason) && reason.error instanceof NetcupError)
            )
          }
        }
      })
  )
})
