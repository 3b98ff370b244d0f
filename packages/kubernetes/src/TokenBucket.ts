/**
 * How much may still be done now: `burst` at once, then one each `interval`. Pure; times are monotonic milliseconds.
 */
export interface TokenBucket {
  readonly burst: number
  readonly interval: number
  readonly tokens: number
  readonly at: number
}

export const make = (burst: number, interval: number, now: number): TokenBucket => ({
  burst,
  interval,
  tokens: burst,
  at: now
})

/** Undefined when nothing may be done; the bucket stays as it is then. */
export const take = (bucket: TokenBucket, now: number): TokenBucket | undefined => {
  const tokens = Math.min(bucket.burst, bucket.tokens + (now - bucket.at) / bucket.interval)
  return tokens < 1 ? undefined : { ...bucket, tokens: tokens - 1, at: now }
}
