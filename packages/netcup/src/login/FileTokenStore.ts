/**
 * A {@link TokenStore} in one file, for programs that run on somebody's machine. Several processes may share it.
 */
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import { TokenStore, TokenStoreError } from "../TokenStore.ts"
import * as FileLock from "./FileLock.ts"

/** The newest token for each login, by the SHA-256 of the login's original token. */
const Tokens = Schema.Record(Schema.String, Schema.NonEmptyString)
const Content = Schema.fromJsonString(Schema.Struct({ version: Schema.Literal(1), tokens: Tokens }), { space: 2 })
const decode = Schema.decodeUnknownEffect(Content)
const encode = Schema.encodeEffect(Content)

/**
 * Keeps tokens in the file at `path`, which only its owner may read. It is replaced as a whole, so that nobody ever reads half
 * of one; its folder is made when there is none. What is not such a file is left alone, and is an error that names it.
 */
export const layer = (path: string): Layer.Layer<TokenStore, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    TokenStore,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = (yield* Path.Path).dirname(path)
      const { digestHex } = yield* Digest.Digest
      const one = yield* Semaphore.make(1)
      const fresh = `${path}.new`

      const keyOf = (original: Redacted.Redacted) =>
        digestHex(Digest.sha256, new TextEncoder().encode(Redacted.value(original)))

      const failed = (what: string) => (error: PlatformError) =>
        new TokenStoreError({ message: `the token file ${path} cannot be ${what} (${error.message})` })

      const read = fs.readFileString(path).pipe(
        Effect.asSome,
        Effect.catch((error) =>
          error.reason._tag === "NotFound" ? Effect.succeedNone : Effect.fail(failed("read")(error))
        ),
        Effect.flatMap((text) =>
          Option.match(text, {
            onNone: () => Effect.succeed<typeof Tokens.Type>({}),
            onSome: (text) =>
              decode(text).pipe(
                Effect.map(({ tokens }) => tokens),
                // What is wrong is not told: it may be a token that is out of its place.
                Effect.mapError(
                  () => new TokenStoreError({ message: `${path} is no token file: move it away, and log in again` })
                )
              )
          })
        )
      )

      /** What was written is on the disk before it takes the place of what was there. */
      const write = (content: string) =>
        Effect.gen(function* () {
          yield* fs.remove(fresh, { force: true })
          yield* Effect.scoped(
            Effect.gen(function* () {
              const file = yield* fs.open(fresh, { flag: "wx", mode: 0o600 })
              yield* file.writeAll(new TextEncoder().encode(content))
              yield* file.sync
            })
          )
          yield* fs.rename(fresh, path)
          // Not every system lets a folder be synced; the file is whole either way.
          yield* Effect.ignore(Effect.scoped(Effect.flatMap(fs.open(folder, { flag: "r" }), (opened) => opened.sync)))
        }).pipe(Effect.mapError(failed("written")))

      const change = (key: string, newest: string) =>
        Effect.gen(function* () {
          const tokens = yield* read
          const content = yield* Effect.orDie(encode({ version: 1, tokens: { ...tokens, [key]: newest } }))
          yield* write(content)
        })

      const keep = Effect.fn("FileTokenStore.keep")(function* (original: Redacted.Redacted, newest: Redacted.Redacted) {
        const key = yield* keyOf(original)
        yield* Effect.mapError(fs.makeDirectory(folder, { recursive: true, mode: 0o700 }), failed("written"))
        yield* change(key, Redacted.value(newest)).pipe(
          FileLock.hold(fs, `${path}.lock`),
          Effect.catchTags({
            PlatformError: (error) => failed("written")(error),
            Locked: ({ lock }) =>
              new TokenStoreError({
                message: `another process does not let go of ${path}: if there is none, remove ${lock}`
              })
          }),
          one.withPermit
        )
      })

      return TokenStore.of({
        latest: Effect.fn("FileTokenStore.latest")(function* (original: Redacted.Redacted) {
          const key = yield* keyOf(original)
          const tokens = yield* read
          return Option.map(Option.fromUndefinedOr(tokens[key]), (token) =>
            Redacted.make(token, { label: "refresh token" })
          )
        }),
        keep
      })
    })
  ).pipe(Layer.provide(Digest.layerWebCrypto))
