/**
 * {@link Account} for whichever login there is.
 */
import type { RestOptions } from "@netcup-failover/netcup/rest/RestOptions"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Login } from "../credentials/Login.ts"
import * as Settings from "../Settings.ts"
import * as AccountRest from "./AccountRest.ts"
import * as AccountSoap from "./AccountSoap.ts"

/** Lives as long as its scope: longer than a token that has to be kept. */
export const make = Effect.fnUntraced(function* (
  { alone, credentials, store }: Login,
  settings: Settings.Settings,
  options: Pick<RestOptions, "taskTimeout"> = {}
) {
  const { rest, soap } = Settings.endpoints(settings)
  if (credentials._tag === "Soap") return yield* AccountSoap.make(credentials, soap)
  const tokens = yield* Layer.build(store)
  return yield* AccountRest.make(credentials, { ...rest, ...options }, alone).pipe(Effect.provide(tokens))
})
