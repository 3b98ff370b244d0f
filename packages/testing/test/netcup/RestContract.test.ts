/** The simulator's answers held to netcup's published document and to answers that others recorded. */
import { existsSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Ajv } from "ajv"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import type { RawAnswer } from "./RawClient.ts"
import { jsonOf, read, simulator, taskOf } from "./RestHand.ts"

/** Published by others: not part of the project, used where it lies beside it. */
const folder = new URL("../../../../../shared/reference/contracts/rest/", import.meta.url)
const textOf = (name: string) => readFileSync(new URL(name, folder), "utf8")

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const Document = Schema.fromJsonString(
  Schema.Struct({ components: Schema.Struct({ schemas: Schema.Record(Schema.String, Schema.Unknown) }) })
)

/** What `required` names and `properties` lacks (as `Site` has it) is nobody's; nothing undocumented may be in an answer. */
const closed = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(closed)
  if (!isObject(schema)) return schema
  const { properties, required: _, example: __, ...others } = schema
  const kept = Object.fromEntries(Object.entries(others).map(([key, value]) => [key, closed(value)]))
  if (!isObject(properties)) return kept
  const fields = Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, closed(value)]))
  return { ...kept, properties: fields, additionalProperties: false }
}

/** Every place in a value, arrays by their items: where both have one, an item's places are all items' together. */
const placesOf = (value: unknown, at = ""): ReadonlyArray<string> => {
  if (Array.isArray(value)) return value.flatMap((item) => placesOf(item, `${at}[]`))
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, field]) => [`${at}.${key}`, ...placesOf(field, `${at}.${key}`)])
}

const Recorded = Schema.fromJsonString(Schema.Struct({ responseBody: Schema.Unknown }))
const recorded = (name: string) => Schema.decodeUnknownSync(Recorded)(textOf(`recorded/${name}.json`)).responseBody

const answers = (absent: "null" | "omitted") =>
  Effect.gen(function* () {
    const { api, route, world } = yield* simulator({ absent })
    yield* world.reroute("203.0.113.5/32", "vA")
    yield* world.reroute("203.0.113.6/32", "vA")
    const pending = yield* route(333_001, 111_002)
    const { uuid } = taskOf(pending)
    const task = api(`/v1/tasks/${uuid}`)
    yield* TestClock.adjust("100 millis")
    const running = yield* task
    yield* TestClock.adjust("300 millis")
    const finished = yield* task
    return {
      GET_servers: yield* api("/v1/servers"),
      GET_servers_111003: yield* api("/v1/servers/111001"),
      GET_servers_111007_interfaces: yield* api("/v1/servers/111001/interfaces"),
      GET_users_555001: yield* api("/v1/users/555001"),
      GET_users_555001_failoverips_v4: yield* api("/v1/users/555001/failoverips/v4"),
      GET_users_555001_failoverips_v6: yield* api("/v1/users/555001/failoverips/v6"),
      GET_tasks_failover_entries: yield* api("/v1/tasks"),
      PATCH_servers_111007_202_pending: pending,
      GET_tasks_running: running,
      GET_tasks_finished: finished,
      refusals: [
        yield* route(333_001, 111_003),
        yield* route(333_001, 42),
        yield* api("/v1/tasks/1"),
        ...(yield* Effect.replicateEffect(route(333_001, 111_002), 10)).slice(-1)
      ],
      invalid: yield* api("/v1/tasks?limit=x")
    }
  })

describe.skipIf(!existsSync(folder))("netcup's published contract", () => {
  it.effect("documents every answer", () =>
    Effect.gen(function* () {
      const { components } = Schema.decodeUnknownSync(Document)(textOf("openapi.json"))
      const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
      ajv.addSchema({ $id: "scp", components: closed(components) })
      const isA = (name: string, { body }: RawAnswer, list = false) => {
        const $ref = `scp#/components/schemas/${name}`
        const validate = ajv.compile(list ? { type: "array", minItems: 1, items: { $ref } } : { $ref })
        assert.isTrue(validate(jsonOf({ body })), `${name}: ${ajv.errorsText(validate.errors)}`)
      }
      const said = yield* answers("omitted")
      isA("ServerListMinimal", said.GET_servers, true)
      isA("Server", said.GET_servers_111003)
      isA("Interface", said.GET_servers_111007_interfaces, true)
      isA("User", said.GET_users_555001)
      isA("FailoverIPv4", said.GET_users_555001_failoverips_v4, true)
      isA("FailoverIPv6", said.GET_users_555001_failoverips_v6, true)
      isA("TaskInfoMinimal", said.GET_tasks_failover_entries, true)
      for (const task of [said.PATCH_servers_111007_202_pending, said.GET_tasks_running, said.GET_tasks_finished]) {
        isA("TaskInfo", task)
      }
      for (const refusal of said.refusals) isA("ResponseError", refusal)
      isA("ValidationError", said.invalid)
    })
  )

  it.effect("has been seen to have the same fields, none more and none fewer", () =>
    Effect.gen(function* () {
      const { invalid: _, refusals: __, ...said } = yield* answers("null")
      for (const [name, { body }] of Object.entries(said)) {
        const seen = new Set(placesOf(recorded(name)).filter((place) => !place.includes(".rdns.")))
        const ours = new Set(placesOf(read(body)).filter((place) => !place.includes(".rdns.")))
        assert.deepStrictEqual([...ours].toSorted(), [...seen].toSorted(), name)
      }
    })
  )
})
