/**
 * Credentials with all that is needed to use them.
 */
import type { Credentials, RestCredentials } from "@netcup-failover/netcup/Credentials"
import * as FileLock from "@netcup-failover/netcup/login/FileLock"
import * as FileTokenStore from "@netcup-failover/netcup/login/FileTokenStore"
import * as MemoryTokenStore from "@netcup-failover/netcup/login/MemoryTokenStore"
import { TokenStore } from "@netcup-failover/netcup/TokenStore"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import { CredentialsUnusable } from "../Problem.ts"

export interface Login {
  readonly credentials: Credentials
  /** Where rotated refresh tokens are kept. */
  readonly store: Layer.Layer<TokenStore>
  /** Runs a refresh while no other run of ours does one: two at a time might use one token twice, which ends the login. */
  readonly alone: <A, E, R>(refresh: Effect.Effect<A, E, R>) => Effect.Effect<A, E | CredentialsUnusable, R>
}

/** One that nothing has to be kept of. */
export const fleeting = (credentials: Credentials): Login => ({
  credentials,
  store: MemoryTokenStore.layer,
  alone: (refresh) => refresh
})

/** One whose tokens are kept in a file. Fails when that could not be done: a rotated token that is not kept is a login that is lost. */
export const keptIn = Effect.fn("Login.keptIn")(function* (file: string, credentials: RestCredentials) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = path.dirname(file)
  yield* fs.makeDirectory(folder, { recursive: true, mode: 0o700 }).pipe(
    Effect.andThen(fs.access(folder, { writable: true })),
    Effect.mapError(
      ({ message }) =>
        new CredentialsUnusable({ message: `netcup's next refresh token could not be kept in ${file} (${message})` })
    )
  )
  const store = FileTokenStore.layer(file).pipe(
    Layer.provide(Layer.mergeAll(Layer.succeed(FileSystem.FileSystem, fs), Layer.succeed(Path.Path, path)))
  )
  // What is wrong with the file is better known before netcup is asked.
  yield* TokenStore.use((tokens) => tokens.latest(credentials.refreshToken)).pipe(
    Effect.provide(store),
    Effect.mapError(({ message }) => new CredentialsUnusable({ message }))
  )
  const lock = `${file}.refresh`
  const login: Login = {
    credentials,
    store,
    alone: (refresh) =>
      Effect.contextWith((context) =>
        Effect.result(Effect.provideContext(refresh, context)).pipe(
          FileLock.hold(fs, lock),
          Effect.mapError(
            () =>
              new CredentialsUnusable({ message: `another run refreshes this login: if there is none, remove ${lock}` })
          ),
          Effect.flatMap(Effect.fromResult)
        )
      )
  }
  return login
})
