import { assert, describe, it } from "@effect/vitest"
import * as LogFact from "@netcup-failover/controller/telemetry/LogFact"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

/** The lines that an effect logs, in both formats. */
const logged = Effect.fnUntraced(function* (effect: Effect.Effect<void>) {
  const lines: Array<{ readonly json: string; readonly pretty: string }> = []
  const logger = Logger.make((options) => {
    const fact = LogFact.make(options)
    lines.push({ json: LogFact.json(fact), pretty: LogFact.pretty(fact) })
  })
  yield* Effect.provide(effect, Logger.layer([logger]))
  const [line] = lines
  if (line === undefined) return assert.fail("nothing was logged")
  return {
    ...line,
    fields: Schema.decodeSync(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json)))(line.json)
  }
})

/** What could end a line, hide one, or speak to a terminal. */
const wild = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u

class Refused extends Schema.TaggedError<Refused>()("Refused", { message: Schema.String }) {}

describe("a log fact", () => {
  it.effect("has its sentence in msg, and all else in fields beside it", () =>
    Effect.gen(function* () {
      const { fields, pretty } = yield* logged(
        Effect.logInfo("routed", { group: "web", address: "198.51.100.1/32", seconds: 1.5 }).pipe(
          Effect.annotateLogs({ account: "main" })
        )
      )
      assert.deepStrictEqual(fields, {
        time: "1970-01-01T00:00:00.000Z",
        level: "info",
        msg: "routed",
        account: "main",
        group: "web",
        address: "198.51.100.1/32",
        seconds: 1.5
      })
      assert.strictEqual(pretty, "00:00:00.000 INFO  routed account=main group=web address=198.51.100.1/32 seconds=1.5")
    })
  )

  it.effect("leaves out what is not known", () =>
    Effect.gen(function* () {
      const { fields } = yield* logged(Effect.logInfo("moving group", { from: undefined, node: "node-1" }))
      assert.deepStrictEqual(Object.keys(fields), ["time", "level", "msg", "node"])
    })
  )

  it.effect("keeps its time, level and msg, whatever its fields are called", () =>
    Effect.gen(function* () {
      const { fields } = yield* logged(Effect.logWarning("not routed", { msg: "x", level: "x", time: "x" }))
      assert.deepStrictEqual(fields, { time: "1970-01-01T00:00:00.000Z", level: "warn", msg: "not routed" })
    })
  )

  it.effect("tells a typed error by its message, and a bug by its stack", () =>
    Effect.gen(function* () {
      const typed = yield* logged(Effect.logWarning("no", new Refused({ message: "too soon" })))
      assert.strictEqual(typed.fields.error, "too soon")
      assert.notProperty(typed.fields, "stack")
      const bug = yield* logged(Effect.logError("no", new Error("oops")))
      assert.strictEqual(bug.fields.error, "oops")
      assert.include(bug.fields.stack, "LogFact.test")
      const cause = yield* logged(Effect.logError("no", Cause.die(new Error("oops"))))
      assert.include(cause.fields.cause, "oops")
    })
  )

  it.effect("shows no secret that is marked as one", () =>
    Effect.gen(function* () {
      const secret = Redacted.make("geheim")
      const { json, pretty } = yield* logged(Effect.logInfo("x", { secret, nested: { secret } }, secret))
      assert.notInclude(json, "geheim")
      assert.notInclude(pretty, "geheim")
    })
  )

  it.effect.prop("is one line, whatever it holds", [Schema.String, Schema.String], ([text, value]) =>
    Effect.gen(function* () {
      for (const hostile of [text, `${text}\n{"msg":"forged"}`, `\r\u001b[2K\u2028\u202e${text}\u0085\u0000`]) {
        const { json, pretty, fields } = yield* logged(
          Effect.logInfo(
            hostile,
            { address: `${value}\n${hostile}`, nested: { hostile } },
            new Refused({ message: hostile })
          )
        )
        assert.notMatch(json, wild)
        assert.notMatch(pretty, wild)
        // Nothing is lost of it.
        assert.strictEqual(fields.msg, hostile)
        assert.strictEqual(fields.address, `${value}\n${hostile}`)
      }
    })
  )
})
