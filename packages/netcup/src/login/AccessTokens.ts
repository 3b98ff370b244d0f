/**
 * Access tokens of one login, for all who call the REST API in its name.
 *
 * Guarantees: one refresh at a time, shared by all who wait, and out of reach of their interruption; a rotated refresh token is in the
 * `TokenStore` before the access token that came with it is handed out; netcup hears hardly anything of a dead login.
 *
 * Errors are about the token only: whoever wanted one for a change has sent none, so `UnknownOutcome` is never among them.
 * `TokenNotKept` says that netcup was fine and the store was not.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as HttpClient from "effect/http/HttpClient"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as SynchronizedRef from "effect/SynchronizedRef"
import type { RestCredentials } from "../Credentials.ts"
import { NetcupError, Unreachable } from "../NetcupError.ts"
import type { TokenStore } from "../TokenStore.ts"
import * as KeepAlive from "./KeepAlive.ts"
import { type LoginOptions, withDefaults } from "./LoginOptions.ts"
import * as TokenChain from "./TokenChain.ts"
import * as TokenEndpoint from "./TokenEndpoint.ts"
import * as UserId from "./UserId.ts"
import * as Words from "./Words.ts"

/** A token that calls of the REST API carry. */
export interface AccessToken {
  readonly token: Redacted.Redacted
  /** Whose it is: what paths of the REST API begin with. */
  readonly userId: number
  /** In ms since the epoch. */
  readonly expiresAt: number
}

/** The access tokens of one login. */
export interface AccessTokens {
  /** A token that is good for a while yet: refreshed ahead of its expiry, once for all who wait. */
  readonly current: Effect.Effect<AccessToken, NetcupError>
  /** netcup did not accept this one: the next `current` gets another (only if it is still the current one). */
  readonly reject: (token: AccessToken) => Effect.Effect<void>
  /** When netcup lets the login die unless it is used before (ms since the epoch); `undefined` before the first refresh. */
  readonly loginExpiresAt: Effect.Effect<number | undefined>
}

interface Held {
  readonly access: AccessToken
  /** From then on it is worth another, in ms since the epoch. */
  readonly refreshAt: number
}

/** After a refresh that failed or takes its time, callers with a valid token have peace for so long. */
const respite = Duration.seconds(5)

const closed = new NetcupError({ reason: new Unreachable({ message: "these access tokens are closed" }) })

/**
 * Asks netcup nothing yet. When the scope closes, a refresh that is under way is awaited, which takes the time of one exchange at most: a
 * new refresh token must not be lost.
 */
export const make: (
  credentials: RestCredentials,
  options?: LoginOptions
) => Effect.Effect<AccessTokens, never, HttpClient.HttpClient | TokenStore | Scope.Scope> = Effect.fnUntraced(
  function* (credentials: RestCredentials, options: LoginOptions = {}) {
    const settings = withDefaults(options)
    const words = Words.make([credentials.refreshToken])
    const endpoint = yield* TokenEndpoint.make(settings, words)
    const chain = yield* TokenChain.make(credentials.refreshToken, endpoint, settings, words)
    const held = yield* Ref.make<Held | undefined>(undefined)
    const lastUse = yield* Ref.make<number | undefined>(undefined)
    const loginExpiresAt = yield* Ref.make<number | undefined>(undefined)
    /** A token that only lacks its user. */
    const nameless = yield* Ref.make<TokenChain.FreshToken | undefined>(undefined)
    const user = yield* Ref.make(Option.none<number>())
    const quietUntil = yield* Ref.make(0)
    const running = yield* SynchronizedRef.make<Fiber.Fiber<AccessToken, NetcupError> | "none" | "closed">("none")

    const fresh = Effect.gen(function* () {
      const waiting = yield* Ref.get(nameless)
      if (waiting !== undefined && (yield* Clock.currentTimeMillis) < waiting.expiresAt) return waiting
      const token = yield* chain.next
      yield* Ref.set(lastUse, yield* Clock.currentTimeMillis)
      yield* Ref.set(loginExpiresAt, token.loginExpiresAt)
      yield* Ref.set(nameless, token)
      return token
    })

    const userOf = Effect.fnUntraced(function* (token: Redacted.Redacted) {
      const told = UserId.ofToken(token)
      const known = Option.isSome(told) ? told : yield* Ref.get(user)
      if (Option.isSome(known)) return known.value
      return yield* endpoint.userId(token).pipe(
        Effect.tap((id) => Ref.set(user, Option.some(id))),
        // It is not accepted, so it is not worth asking about again.
        Effect.tapError(({ reason }) =>
          reason._tag === "InvalidCredentials" ? Ref.set(nameless, undefined) : Effect.void
        )
      )
    })

    const quiet = Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Ref.set(quietUntil, now + Duration.toMillis(respite))
    )

    const refresh = Effect.gen(function* () {
      const { expiresAt, life, token } = yield* fresh
      const access: AccessToken = { token, userId: yield* userOf(token), expiresAt }
      const ahead = Math.min(Duration.toMillis(settings.refreshAhead), life / 2)
      yield* Ref.set(held, { access, refreshAt: expiresAt - ahead })
      yield* Ref.set(nameless, undefined)
      yield* Ref.set(quietUntil, 0)
      return access
    }).pipe(Effect.tapError(() => quiet))

    /** The refresh that is under way, or a new one. It belongs to nobody who waits for it. */
    const refreshing = SynchronizedRef.modifyEffect(running, (now) =>
      now === "closed"
        ? Effect.fail(closed)
        : now !== "none"
          ? Effect.succeed([now, now] as const)
          : Effect.map(
              Effect.forkDetach(
                Effect.ensuring(
                  refresh,
                  SynchronizedRef.update(running, (is) => (is === "closed" ? is : "none"))
                )
              ),
              (fiber) => [fiber, fiber] as const
            )
    ).pipe(Effect.uninterruptible)

    const awaited = Effect.flatMap(refreshing, Fiber.join)

    const current = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const present = yield* Ref.get(held)
      if (present === undefined || now >= present.access.expiresAt) return yield* awaited
      if (now < present.refreshAt) return present.access
      const until = yield* Ref.get(quietUntil)
      if (now < until) return present.access
      const fiber = yield* refreshing
      // It went wrong before: this time nobody who need not wait does.
      if (until > 0) return present.access
      const answer = yield* Fiber.join(fiber).pipe(Effect.option, Effect.timeoutOption(settings.patience))
      if (Option.isNone(answer)) yield* quiet
      const better = Option.flatten(answer)
      if (Option.isSome(better)) return better.value
      return (yield* Ref.get(held)) === present ? present.access : yield* awaited
    })

    const reject = ({ token }: AccessToken) =>
      Ref.update(held, (now) =>
        now !== undefined && Redacted.value(now.access.token) === Redacted.value(token) ? undefined : now
      )

    yield* Effect.addFinalizer(() =>
      Effect.gen(function* () {
        yield* chain.stop
        const last = yield* SynchronizedRef.getAndSet(running, "closed")
        if (last !== "none" && last !== "closed") yield* Fiber.await(last)
        yield* Effect.interruptible(chain.settle)
      }).pipe(
        Effect.catch(({ message }) =>
          Effect.logError("netcup's newest refresh token is lost with this process", { message })
        )
      )
    )
    yield* Effect.forkScoped(KeepAlive.run(awaited, Ref.get(lastUse), settings.keepAlive))

    return { current, reject, loginExpiresAt: Ref.get(loginExpiresAt) }
  }
)
