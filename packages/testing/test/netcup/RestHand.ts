/** Requests to the REST API and its login server by hand, and the account that they are about. */
import { assert } from "@effect/vitest"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import * as RestSimulator from "@netcup-failover/testing/netcup/RestSimulator"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as RawClient from "./RawClient.ts"

/** Account `100000` has servers A and B at one site and C at another, an address of each family on A, a third one nowhere. */
export const accounts = [
  {
    loginName: "100000",
    password: "geheim",
    userId: 555_001,
    servers: [
      {
        name: "vA",
        id: 111_001,
        nickname: "Zebra",
        interfaces: [
          { mac: "02:00:00:ea:83:67" },
          { mac: "02:00:00:ea:83:66", ipv4: ["198.51.100.1"], ipv6: ["2001:db8:1::/64"] }
        ]
      },
      { name: "vB", id: 111_002, nickname: "ant", interfaces: [{ mac: "02:00:00:00:00:0b", ipv4: ["198.51.100.2"] }] },
      {
        name: "vC",
        id: 111_003,
        site: { id: 2, city: "Vienna" },
        status: "offline",
        rescue: true,
        interfaces: [{ mac: "02:00:00:00:00:0c", ipv4: ["198.51.100.3"] }]
      }
    ],
    addresses: [
      { cidr: "203.0.113.4/32", id: 333_001, routedTo: "vA" },
      { cidr: "2001:db8:f::/64", id: 333_002, routedTo: "vA" },
      { cidr: "203.0.113.5/32", id: 333_003 },
      { cidr: "203.0.113.6/32", id: 333_004, editable: false }
    ]
  },
  {
    loginName: "200000",
    password: "auch geheim",
    userId: 555_002,
    servers: [{ name: "vX", id: 111_009, interfaces: [{ mac: "02:00:00:00:00:99", ipv4: ["192.0.2.1"] }] }],
    addresses: [{ cidr: "192.0.2.99/32", id: 333_009 }]
  }
] as const

const Tokens = Schema.fromJsonString(
  Schema.Struct({ access_token: Schema.String, refresh_token: Schema.optionalKey(Schema.String) })
)

/** Everything that a JSON body holds. */
export const read = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Unknown))

export const jsonOf = ({ body }: Pick<RawClient.RawAnswer, "body">): unknown => read(body)

const Task = Schema.fromJsonString(Schema.Struct({ uuid: Schema.String, state: Schema.String, name: Schema.String }))

/** The essence of a task in an answer. */
export const taskOf = ({ body }: Pick<RawClient.RawAnswer, "body">) => Schema.decodeUnknownSync(Task)(body)

export interface Question {
  readonly method?: string
  readonly token?: string | undefined
  readonly body?: unknown
  readonly type?: string | undefined
}

/** Any request: a body that is no text is sent as JSON. */
export const ask = (url: string, { body, method = "GET", token, type }: Question = {}) => {
  const text = typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body)
  return RawClient.send(url, text, {
    method,
    path: url,
    headers: {
      soapaction: undefined,
      "content-type": text === "" && type === undefined ? undefined : (type ?? "application/json"),
      authorization: token === undefined ? undefined : `Bearer ${token}`
    }
  })
}

/** A form to the login server. */
export const post = (issuer: string, endpoint: string, form: Readonly<Record<string, string>>) =>
  ask(`${issuer}/protocol/openid-connect/${endpoint}`, {
    method: "POST",
    type: "application/x-www-form-urlencoded",
    body: new URLSearchParams(form).toString()
  })

export const refresh = (issuer: string, refreshToken: string) =>
  post(issuer, "token", { grant_type: "refresh_token", client_id: "scp", refresh_token: refreshToken })

export const tokensOf = ({ body }: Pick<RawClient.RawAnswer, "body">) => Schema.decodeUnknownSync(Tokens)(body)

const plainVoice = { mediaType: "json", absent: "null", extras: false } as const

/** A simulator that says things in one way, over {@link accounts}, and a user who is logged in. */
export const simulator = (options: RestSimulator.RestSimulatorOptions = {}) =>
  Effect.gen(function* () {
    const world = options.world ?? (yield* NetcupWorld.make(accounts))
    const rest = yield* RestSimulator.make({ ...plainVoice, ...options, world })
    const login = Effect.gen(function* () {
      const token = yield* world.login("100000")
      return tokensOf(yield* refresh(rest.issuer, Redacted.value(token))).access_token
    })
    const token = yield* login
    const api = (path: string, question: Question = {}) =>
      ask(`${rest.url}/api${path}`, { ...question, token: "token" in question ? question.token : token })
    const route = (id: number, serverId: number | undefined, version: "v4" | "v6" = "v4", token_ = token) =>
      ask(`${rest.url}/api/v1/users/555001/failoverips/${version}/${id}`, {
        method: "PATCH",
        token: token_,
        body: serverId === undefined ? {} : { serverId }
      })
    return { ...rest, api, route, token, login }
  })

/** Where a prefix points now. */
export const holderOf = (world: NetcupWorld.NetcupWorld, cidr = "203.0.113.4/32") =>
  Effect.map(world.routes, (routes) => [...routes].find(([prefix]) => prefix === cidr)?.[1])

/** The status is that, and the body an error as the API's document has it. */
export const expectError = (answer: RawClient.RawAnswer, status: number) => {
  assert.strictEqual(answer.status, status, answer.body)
  const Shape = Schema.fromJsonString(Schema.Struct({ message: Schema.NonEmptyString }))
  return Schema.decodeUnknownSync(Shape)(answer.body).message
}
