import * as Duration from "effect/Duration"
import type { CircuitBreakerOptions } from "../CircuitBreaker.ts"

/** How calls are made. Each has a default. */
export interface SoapOptions {
  /** The endpoint, not its WSDL. */
  readonly url?: string | undefined
  /** How long one try of a read may take. */
  readonly readTimeout?: Duration.Input | undefined
  /** How long a change may take before its outcome counts as unknown. */
  readonly changeTimeout?: Duration.Input | undefined
  /** How often a read is tried in all, at least once. Changes are never repeated. */
  readonly tries?: number | undefined
  /** The pause before a read's second try; it doubles from try to try, with jitter. */
  readonly retryDelay?: Duration.Input | undefined
  /** No pause between tries is longer than this, before jitter. */
  readonly maxRetryDelay?: Duration.Input | undefined
  /** When calls are held back since netcup does not answer. */
  readonly breaker?: CircuitBreakerOptions | undefined
}

/** Every option with its value. */
export const withDefaults = (options: SoapOptions) => ({
  url: options.url ?? "https://www.servercontrolpanel.de/WSEndUser",
  readTimeout: Duration.fromInputUnsafe(options.readTimeout ?? "10 seconds"),
  changeTimeout: Duration.fromInputUnsafe(options.changeTimeout ?? "30 seconds"),
  tries: options.tries ?? 3,
  retryDelay: Duration.fromInputUnsafe(options.retryDelay ?? "250 millis"),
  maxRetryDelay: Duration.fromInputUnsafe(options.maxRetryDelay ?? "2 seconds"),
  breaker: options.breaker
})
