/**
 * How the image starts its process, read from its Dockerfile: what runs in tests and measurements is what runs in a Pod.
 */
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"

/** The Dockerfile does not say how its process starts in the form that this file reads. */
export class UnreadableEntry extends Schema.TaggedError<UnreadableEntry>()("UnreadableEntry", {
  message: Schema.String
}) {}

export interface ImageEntry {
  /** Node's own arguments, before the bundle's path. */
  readonly flags: ReadonlyArray<string>
  /** Where the bundle is in the image. */
  readonly bundle: string
  /** What `ENV` sets. */
  readonly environment: Readonly<Record<string, string>>
  /** As `USER` has it: numbers, since Kubernetes' `runAsNonRoot` cannot judge names. */
  readonly user: { readonly uid: number; readonly gid: number }
}

const file = fileURLToPath(new URL("../../../../infra/image/Dockerfile", import.meta.url))

const Arguments = Schema.fromJsonString(Schema.Array(Schema.String))

/** Reads the last stage of a Dockerfile: `ENTRYPOINT` in its JSON form, `ENV NAME=value …` without blanks in values, `USER uid:gid`. */
export const parse = Effect.fn("ImageEntry.parse")(function* (text: string) {
  const lines = text.replace(/\\\n\s*/gu, " ").split("\n")
  const stage = lines.slice(lines.findLastIndex((line) => line.startsWith("FROM ")))
  const all = (instruction: string) =>
    stage.filter((line) => line.startsWith(`${instruction} `)).map((line) => line.slice(instruction.length + 1).trim())
  const entry = yield* Schema.decodeUnknownEffect(Arguments)(all("ENTRYPOINT").at(-1)).pipe(
    Effect.mapError(({ message }) => new UnreadableEntry({ message: `ENTRYPOINT: ${message}` }))
  )
  const bundle = entry.at(-1)
  const [, uid, gid] = /^(\d+):(\d+)$/u.exec(all("USER").at(-1) ?? "") ?? []
  if (bundle === undefined || uid === undefined || gid === undefined) {
    return yield* new UnreadableEntry({ message: "needs an ENTRYPOINT that ends in the bundle, and USER uid:gid" })
  }
  const pairs = all("ENV").flatMap((line) => line.split(/\s+/u).map((pair) => pair.split("=", 2)))
  const read: ImageEntry = {
    flags: entry.slice(1, -1),
    bundle,
    environment: Object.fromEntries(pairs.map(([name = "", value = ""]) => [name, value])),
    user: { uid: Number(uid), gid: Number(gid) }
  }
  return read
})

/** Of this repository's image. */
export const read = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  return yield* parse(yield* fs.readFileString(file))
})
