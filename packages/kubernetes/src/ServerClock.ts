/**
 * How far the API server's clock is from ours, told by an object that it has just written for us.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Json from "./Json.ts"

/** In ms: clocks that differ by less count as one. */
const tolerance = 2_000

const decode = Json.decode(
  Schema.Struct({
    metadata: Schema.Struct({ managedFields: Schema.Array(Schema.Struct({ time: Schema.optionalKey(Schema.String) })) })
  })
)

/**
 * In ms, positive when the API server's clock is ahead; to half a second, since it tells whole ones. 0 as long as both may be the same,
 * and where it does not tell. `sentAt`, `answeredAt`: our time (ms since the epoch) around the write.
 */
export const ahead = (written: unknown, sentAt: number, answeredAt: number): number => {
  const decoded = decode(written)
  if (Result.isFailure(decoded)) return 0
  const times = decoded.success.metadata.managedFields
    .map(({ time = "" }) => Date.parse(time))
    .filter((time) => !Number.isNaN(time))
  if (times.length === 0) return 0
  const newest = Math.max(...times)
  if (newest + 999 >= sentAt - tolerance && newest <= answeredAt + tolerance) return 0
  return Math.round(newest + 500 - (sentAt + answeredAt) / 2)
}
