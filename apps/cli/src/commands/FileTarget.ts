/**
 * The file that a login goes into, for `--credentials-file`.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as CredentialsText from "../credentials/CredentialsText.ts"
import { NotStored, WrongUsage } from "../Problem.ts"

/** Fails when there is something that is no credentials: it is not ours to replace. */
export const check = Effect.fn("FileTarget.check")(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  const there = yield* fs
    .readFileString(file)
    .pipe(
      Effect.catch((error) =>
        error.reason._tag === "NotFound"
          ? Effect.succeed("")
          : Effect.fail(new WrongUsage({ message: `--save ${file} cannot be used (${error.message})` }))
      )
    )
  if (there.trim() !== "" && Result.isFailure(CredentialsText.ofFile(Redacted.make(there)))) {
    return yield* new WrongUsage({ message: `${file} holds something that is no login: it is left alone` })
  }
})

/** Whole or not at all, and for its owner only. */
export const write = Effect.fn("FileTarget.write")(
  function* (file: string, token: Redacted.Redacted) {
    const fs = yield* FileSystem.FileSystem
    const fresh = `${file}.new`
    yield* fs.remove(fresh, { force: true })
    yield* Effect.scoped(
      Effect.gen(function* () {
        const opened = yield* fs.open(fresh, { flag: "wx", mode: 0o600 })
        const text = JSON.stringify({ refresh_token: Redacted.value(token) })
        yield* opened.writeAll(new TextEncoder().encode(`${text}\n`))
        yield* opened.sync
      })
    )
    yield* fs.rename(fresh, file)
  },
  (effect, file) =>
    Effect.mapError(effect, ({ message }) => new NotStored({ message: `${file} cannot be written (${message})` }))
)
