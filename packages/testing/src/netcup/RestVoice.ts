/**
 * How the REST API happens to say a thing: media types, ways of absence and fields that no document names take turns, the same
 * in every run. The login server always speaks plainly.
 */
import * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { isList, isObject, type Json, type JsonObject } from "../embedded/JsonValue.ts"
import type { HttpAnswer } from "./HttpListener.ts"
import type { RestReply } from "./RestReply.ts"

/** What is given here is said always; what is absent takes turns. */
export interface VoiceOptions {
  readonly mediaType?: "json" | "hal" | undefined
  /** What becomes of fields that have no value. */
  readonly absent?: "null" | "omitted" | undefined
  /** Whether objects have fields that no document names. */
  readonly extras?: boolean | undefined
}

/** An answer that is sent in one piece. */
export type TextAnswer = HttpAnswer & { readonly body: string }

export interface RestVoice {
  readonly say: (reply: RestReply) => Effect.Effect<TextAnswer>
}

const takeTurns = <A>(items: Array.NonEmptyReadonlyArray<A>, fixed: A | undefined): Effect.Effect<Effect.Effect<A>> =>
  fixed !== undefined
    ? Effect.succeed(Effect.succeed(fixed))
    : Effect.map(Ref.make<Array.NonEmptyReadonlyArray<A>>(items), (ref) =>
        Ref.modify(ref, ([first, ...others]) => [first, Array.append(others, first)])
      )

const withoutNulls = (value: Json): Json => {
  if (isList(value)) return value.map(withoutNulls)
  if (!isObject(value)) return value
  const kept: Record<string, Json> = {}
  for (const [key, field] of Object.entries(value)) if (field !== null) kept[key] = withoutNulls(field)
  return kept
}

const extended = (object: JsonObject): JsonObject => ({
  ...object,
  introducedLater: { since: "2027.0101", values: [1] }
})

const withExtras = (value: Json): Json => {
  if (isList(value)) return value.map((item) => (isObject(item) ? extended(item) : item))
  return isObject(value) ? extended(value) : value
}

const json = "application/json"

/** An answer in JSON as it is: what the login server and injected faults say. */
export const plainly = ({ body, headers = {}, plain, status }: RestReply): TextAnswer => {
  if (plain !== undefined) return { status, headers, contentType: "text/plain;charset=UTF-8", body: plain }
  if (body === undefined) return { status, headers, contentType: undefined, body: "" }
  return { status, headers, contentType: json, body: JSON.stringify(body) }
}

export const make = Effect.fn("RestVoice.make")(function* (options: VoiceOptions): Effect.fn.Return<RestVoice> {
  const mediaTypes = yield* takeTurns(["json", "hal", "json"] as const, options.mediaType)
  const absences = yield* takeTurns(["null", "omitted"] as const, options.absent)
  const additions = yield* takeTurns([false, true, true], options.extras)
  return {
    say: Effect.fnUntraced(function* (reply) {
      if (reply.body === undefined) return plainly(reply)
      const absent = yield* absences
      const extras = yield* additions
      const body = absent === "omitted" ? withoutNulls(reply.body) : reply.body
      const answer = plainly({ ...reply, body: extras ? withExtras(body) : body })
      const hal = (yield* mediaTypes) === "hal"
      return { ...answer, contentType: hal ? "application/hal+json;charset=UTF-8" : json }
    })
  }
})
