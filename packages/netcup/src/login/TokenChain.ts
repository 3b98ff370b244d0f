/**
 * The refresh tokens that came of one login: which is the newest, which are dead, and which the store has.
 *
 * Flow: ask the store for what another process may have kept, refresh by the newest token, keep what it was rotated to, and only
 * then hand out the access token of the same answer.
 *
 * A refresh whose answer was lost may have been done. Where the login service lets old tokens live (Keycloak's default), the same
 * token works again. Where it does not ("Revoke Refresh Token"), the new token went with the answer, and the old one, used again,
 * even ends the whole login; but then that login was lost already, since nobody has a token of it that lives. So asking again, by the
 * same token, is never worse than giving up, and most often it is the cure. The one exception is a token that another
 * process has rotated meanwhile: that is why the store is asked before each try. For the same reason nothing is sent while the
 * store has never been read: the login's original token may be an old one.
 *
 * A token that netcup does not accept is dead, but not for ever: a login service that has just a bad moment says `invalid_grant`
 * too. It gets a second chance after some minutes, and others hours apart.
 *
 * Caveats: what was rotated is lost if the process is killed between netcup's answer and the store's. Two processes that refresh at
 * the same moment may still use one token twice.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import { LoginExpired, NetcupError, TokenNotKept } from "../NetcupError.ts"
import { TokenStore, TokenStoreError } from "../TokenStore.ts"
import type { TokenAnswer } from "./LoginAnswer.ts"
import type { LoginSettings } from "./LoginOptions.ts"
import type { TokenEndpoint } from "./TokenEndpoint.ts"
import type { Words } from "./Words.ts"

/** An access token whose refresh token is safe. */
export interface FreshToken {
  readonly token: Redacted.Redacted
  /** In ms. */
  readonly life: number
  /** In ms since the epoch. */
  readonly expiresAt: number
  /** When the login dies unless it is used before, in ms since the epoch. */
  readonly loginExpiresAt: number
}

export interface TokenChain {
  /** Refreshes. Not to be run twice at a time, nor to be interrupted: with it a new refresh token may be lost. */
  readonly next: Effect.Effect<FreshToken, NetcupError>
  /** Keeps what the store did not take so far. Most often there is nothing to do. */
  readonly settle: Effect.Effect<void, NetcupError>
  /** Lets a `next` that is under way try no more. */
  readonly stop: Effect.Effect<void>
}

/** netcup did not accept a token so many times; it is not sent again before then, in ms since the epoch. */
interface Death {
  readonly times: number
  readonly until: number
}

interface State {
  /** What the store holds, as far as we know. */
  readonly stored: string | undefined
  /** Tokens to refresh by, the newest first; the original comes after them. Empty: netcup was never asked. */
  readonly known: ReadonlyArray<string>
  /** Tokens that netcup does not accept, and how it said so last. */
  readonly dead: ReadonlyMap<string, Death>
  readonly end: NetcupError
  /** An answer of netcup whose refresh token the store did not take yet. */
  readonly unkept: { readonly newest: string; readonly fresh: FreshToken } | undefined
}

const initial: State = {
  stored: undefined,
  known: [],
  dead: new Map(),
  end: new NetcupError({ reason: new LoginExpired({ message: "netcup's login is over: log in again" }) }),
  unkept: undefined
}

/** netcup lets an offline token die that was not used for so long. */
const unusedLife = Duration.days(30)

/** A store that names another dead token each time must not keep us asking. */
const mostDeaths = 4

export const make = Effect.fnUntraced(function* (
  original: Redacted.Redacted,
  endpoint: Pick<TokenEndpoint, "refresh">,
  settings: Pick<LoginSettings, "timeout" | "tries" | "retryDelay" | "firstDeadFor" | "laterDeadFor">,
  { learn, say }: Words
) {
  const store = yield* TokenStore
  const first = Redacted.value(original)
  const state = yield* Ref.make(initial)
  const stopped = yield* Ref.make(false)

  /**
   * The token to refresh by, if any is worth it now. One is tried again only after all newer ones had a second chance in vain: where
   * netcup lets no replaced token live, to send one ends a login whose newest token may only have met a bad moment.
   */
  const candidate = ({ dead, known }: State, now: number): string | undefined => {
    const tokens = [...known, first]
    const untried = tokens.find((token) => !dead.has(token))
    if (untried !== undefined) return untried
    for (const token of tokens) {
      const death = dead.get(token)
      if (death === undefined || now >= death.until) return token
      if (death.times < 2) return undefined
    }
    return undefined
  }

  const died = (token: string, { dead }: State, now: number): State["dead"] => {
    const times = (dead.get(token)?.times ?? 0) + 1
    const until = now + Duration.toMillis(times === 1 ? settings.firstDeadFor : settings.laterDeadFor)
    return new Map(dead).set(token, { times, until })
  }

  const storeFailed = (what: string) => (error: TokenStoreError) =>
    Effect.fail(new NetcupError({ reason: new TokenNotKept({ message: `${what}: ${say(error.message)}` }) }))

  const bounded = <A>(call: Effect.Effect<A, TokenStoreError>) =>
    Effect.timeoutOrElse(call, {
      duration: settings.timeout,
      orElse: () => new TokenStoreError({ message: `no answer within ${Duration.format(settings.timeout)}` })
    })

  /** Learns what the store holds. Its failure is an obstacle only as long as nothing newer than the original is known to live. */
  const look = bounded(store.latest(original)).pipe(
    Effect.flatMap((latest) => {
      if (Option.isSome(latest)) learn(latest.value)
      const stored = Option.getOrUndefined(Option.map(latest, Redacted.value))
      return Ref.update(state, (was) => ({
        ...was,
        stored,
        // Somebody else kept it, so it is newer than ours.
        known: stored === undefined || stored === was.stored ? was.known : [stored, ...was.known]
      }))
    }),
    Effect.catch((error) =>
      Effect.flatMap(Ref.get(state), (now) =>
        now.known.some((token) => !now.dead.has(token))
          ? Effect.logDebug(`the token store cannot be read, the token in memory is used: ${say(error.message)}`)
          : storeFailed("the token store cannot be read, so nothing is asked of netcup")(error)
      )
    )
  )

  const settle = Effect.gen(function* () {
    const { unkept } = yield* Ref.get(state)
    if (unkept === undefined) return undefined
    yield* bounded(store.keep(original, Redacted.make(unkept.newest, { label: "refresh token" }))).pipe(
      Effect.catch(storeFailed("netcup's new refresh token could not be kept, so no access token is handed out"))
    )
    yield* Ref.update(state, (was) => ({ ...was, stored: unkept.newest, unkept: undefined }))
    return unkept.fresh
  })

  const accept = Effect.fnUntraced(function* (used: string, answer: TokenAnswer, askedAt: number) {
    const life = answer.expiresIn * 1000
    const { refreshExpiresIn = Duration.toSeconds(unusedLife) } = answer
    const loginExpiresAt = askedAt + refreshExpiresIn * 1000
    const fresh: FreshToken = { token: answer.accessToken, life, expiresAt: askedAt + life, loginExpiresAt }
    const newest = answer.refreshToken === undefined ? used : Redacted.value(answer.refreshToken)
    yield* Ref.update(state, (was) => ({
      ...was,
      known: [newest],
      // What lives is not dead any more, and of all others only the original may be asked for again.
      dead: new Map([...was.dead].filter(([token]) => token === first && token !== used && token !== newest)),
      unkept: newest === (was.stored ?? first) ? undefined : { newest, fresh }
    }))
    yield* settle
    return fresh
  })

  const next = Effect.gen(function* () {
    const settled = yield* settle
    if (settled !== undefined && settled.expiresAt > (yield* Clock.currentTimeMillis)) return settled
    let deaths = 0
    let tries = 0
    while (true) {
      yield* look
      const now = yield* Ref.get(state)
      const askedAt = yield* Clock.currentTimeMillis
      const token = candidate(now, askedAt)
      if (token === undefined || deaths >= mostDeaths) return yield* now.end
      const failure = yield* endpoint.refresh(Redacted.make(token, { label: "refresh token" })).pipe(
        Effect.map((answer) => ({ answer })),
        Effect.catchReasons("NetcupError", {
          LoginExpired: (_, end) => Effect.succeed({ end }),
          Unreachable: (_, lost) => Effect.succeed({ lost }),
          MalformedAnswer: (_, lost) => Effect.succeed({ lost })
        })
      )
      if ("answer" in failure) return yield* accept(token, failure.answer, askedAt)
      if ("end" in failure) {
        deaths += 1
        const refusedAt = yield* Clock.currentTimeMillis
        yield* Ref.update(state, (was) => ({ ...was, dead: died(token, was, refusedAt), end: failure.end }))
      } else {
        tries += 1
        if (tries >= settings.tries || (yield* Ref.get(stopped))) return yield* failure.lost
        yield* Effect.sleep(Duration.times(settings.retryDelay, 2 ** (tries - 1)))
      }
    }
  })

  return { next, settle: Effect.asVoid(settle), stop: Ref.set(stopped, true) } satisfies TokenChain
})
