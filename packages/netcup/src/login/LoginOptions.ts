import * as Duration from "effect/Duration"

/** How netcup's login is spoken to, and when. Each has a default. */
export interface LoginOptions {
  /** The OpenID Connect issuer; its endpoints lie under `/protocol/openid-connect`. */
  readonly issuer?: string | undefined
  /** The public client that netcup knows us by. */
  readonly clientId?: string | undefined
  /** How long one exchange may take, with the login service or with the token store. */
  readonly timeout?: Duration.Input | undefined
  /** How often something is tried in all, at least once. */
  readonly tries?: number | undefined
  /** The pause before the second try; it doubles from try to try, with jitter. */
  readonly retryDelay?: Duration.Input | undefined
  /** How long before its expiry an access token is replaced, but never more than half of its life. */
  readonly refreshAhead?: Duration.Input | undefined
  /** How long a caller waits for a refresh while the present access token is still valid; then it gets that one. */
  readonly patience?: Duration.Input | undefined
  /**
   * For how long netcup's no to a refresh token is believed before the same one is tried once more: the `first` no, and every `later`
   * one. A login service that has just a bad moment says no in the same words.
   */
  readonly deadFor?:
    | { readonly first?: Duration.Input | undefined; readonly later?: Duration.Input | undefined }
    | undefined
  /** How long a refresh token may go unused: netcup lets it die after 30 days. */
  readonly keepAlive?: Duration.Input | undefined
}

/** Every option with its value. */
export const withDefaults = (options: LoginOptions) => ({
  issuer: (options.issuer ?? "https://www.servercontrolpanel.de/realms/scp").replace(/\/+$/u, ""),
  clientId: options.clientId ?? "scp",
  timeout: Duration.fromInputUnsafe(options.timeout ?? "10 seconds"),
  tries: Math.max(1, options.tries ?? 3),
  retryDelay: Duration.fromInputUnsafe(options.retryDelay ?? "250 millis"),
  refreshAhead: Duration.fromInputUnsafe(options.refreshAhead ?? "60 seconds"),
  patience: Duration.fromInputUnsafe(options.patience ?? "2 seconds"),
  firstDeadFor: Duration.fromInputUnsafe(options.deadFor?.first ?? "5 minutes"),
  laterDeadFor: Duration.fromInputUnsafe(options.deadFor?.later ?? "1 hour"),
  keepAlive: Duration.fromInputUnsafe(options.keepAlive ?? "24 hours")
})

/** Every option with its value. */
export type LoginSettings = ReturnType<typeof withDefaults>
