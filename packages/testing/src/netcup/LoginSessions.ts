/**
 * Which tokens are good, and what becomes of them: pure, the time is an argument (ms since the epoch).
 */
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import type * as NetcupState from "./NetcupState.ts"

const is = (token: Redacted.Redacted, text: string) => Redacted.value(token) === text

export interface Owned<Token> {
  readonly account: NetcupState.Account
  readonly token: Token
}

/** Whose refresh token that is, were it dead. */
export const findRefresh = (
  state: NetcupState.NetcupState,
  text: string
): Owned<NetcupState.RefreshToken> | undefined =>
  state
    .flatMap((account) => account.refreshTokens.map((token) => ({ account, token })))
    .find(({ token }) => is(token.token, text))

/** Whose access token that is, were it expired. */
export const findAccess = (state: NetcupState.NetcupState, text: string): Owned<NetcupState.AccessToken> | undefined =>
  state
    .flatMap((account) => account.accessTokens.map((token) => ({ account, token })))
    .find(({ token }) => is(token.token, text))

/** How long a refresh token lives unused. */
const unusedFor = ({ offline }: NetcupState.RefreshToken): number =>
  Duration.toMillis(offline ? Duration.days(30) : Duration.minutes(30))

export const isAlive = (token: NetcupState.RefreshToken, now: number): boolean =>
  !token.ended && now - token.lastUsedAt < unusedFor(token)

export const isAccepted = (token: NetcupState.AccessToken, now: number): boolean => now < token.expiresAt

/** What is no longer good is remembered for a while: the journal tells whose it was. */
const kept = 50

const addAccess = (account: NetcupState.Account, access: NetcupState.AccessToken): NetcupState.Account => ({
  ...account,
  accessTokens: [...account.accessTokens, access].slice(-kept)
})

/** A login: both tokens are new. */
export const begin = (
  account: NetcupState.Account,
  refresh: NetcupState.RefreshToken,
  access: NetcupState.AccessToken
): NetcupState.Account => addAccess({ ...account, refreshTokens: [...account.refreshTokens, refresh] }, access)

/** `next` takes the place of `used`, which dies unless it `stays`; without `next` it is only used. */
export const useRefresh = (
  account: NetcupState.Account,
  used: Redacted.Redacted,
  access: NetcupState.AccessToken,
  now: number,
  next: { readonly token: Redacted.Redacted; readonly stays: boolean } | undefined
): NetcupState.Account => {
  const text = Redacted.value(used)
  const touched = account.refreshTokens.map((one) =>
    is(one.token, text) ? { ...one, lastUsedAt: now, ended: next !== undefined && !next.stays } : one
  )
  const offline = account.refreshTokens.some((one) => is(one.token, text) && one.offline)
  const added = next === undefined ? [] : [{ token: next.token, offline, lastUsedAt: now, ended: false }]
  const ended = touched.filter((one) => one.ended).slice(-kept)
  const refreshTokens = [...touched.filter((one) => !one.ended || ended.includes(one)), ...added]
  return addAccess({ ...account, refreshTokens }, access)
}

/** Ends a token of either kind; a text that is none changes nothing, as RFC 7009 wants it. */
export const revoke = (state: NetcupState.NetcupState, text: string): NetcupState.NetcupState =>
  state.map((account) => ({
    ...account,
    refreshTokens: account.refreshTokens.map((one) => (is(one.token, text) ? { ...one, ended: true } : one)),
    accessTokens: account.accessTokens.filter(({ token }) => !is(token, text))
  }))
