/**
 * `Retry-After` (RFC 9110): seconds, or an HTTP date.
 */

/** Nobody is believed who asks for more, in ms: netcup's longest limit is an hour. */
const longest = 60 * 60_000

/** When to come back, in ms since the epoch, not before `now`; `undefined` when that is not said, or not to be believed. */
export const parse = (text: string | undefined, now: number): number | undefined => {
  const said = text?.trim() ?? ""
  const at = /^\d{1,9}$/.test(said) ? now + Number(said) * 1000 : /[a-z]/i.test(said) ? Date.parse(said) : Number.NaN
  return Number.isNaN(at) || at - now > longest ? undefined : Math.max(at, now)
}
