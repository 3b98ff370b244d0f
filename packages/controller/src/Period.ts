import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"

const unitMillis: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

const parse = (text: string): Duration.Duration | undefined => {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/u.test(text)) return undefined
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/gu)]
  return Duration.millis(
    parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitMillis[unit ?? ""] ?? 0), 0)
  )
}

/** What a timer can wait for, in ms: 24 days. */
const longest = 2 ** 31 - 1

/** A length of time written as everywhere in Kubernetes: `15s`, `1m30s`, `500ms`. Zero is refused: no loop may spin. */
export const Period = Schema.String.pipe(
  Schema.decodeTo(
    Schema.Duration,
    SchemaTransformation.transformEffect({
      decode: (text, options) => {
        const period = parse(text)
        return period !== undefined && Duration.toMillis(period) > 0 && Duration.toMillis(period) <= longest
          ? Effect.succeed(period)
          : Effect.fail(
              new SchemaIssue.InvalidValue(
                { message: `Expected a length of time like 15s or 1m30s, got "${text}"` },
                text,
                options
              )
            )
      },
      encode: (period) => Effect.succeed(`${Duration.toMillis(period)}ms`)
    })
  )
)
