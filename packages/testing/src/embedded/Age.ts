/**
 * Times as tables show them: how long ago, in at most two units. The limits are those of kubectl.
 */
const two = (whole: number, unit: string, rest: number, smaller: string) =>
  rest === 0 ? `${whole}${unit}` : `${whole}${unit}${rest}${smaller}`

/** `<unknown>` when it is no time. @param now milliseconds since the epoch */
export const age = (time: string | undefined, now: number): string => {
  const since = Date.parse(time ?? "")
  if (Number.isNaN(since)) return "<unknown>"
  const seconds = Math.max(0, Math.floor((now - since) / 1000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  const years = Math.floor(days / 365)
  if (seconds < 120) return `${seconds}s`
  if (minutes < 10) return two(minutes, "m", seconds % 60, "s")
  if (hours < 3) return `${minutes}m`
  if (hours < 8) return two(hours, "h", minutes % 60, "m")
  if (hours < 48) return `${hours}h`
  if (days < 8) return two(days, "d", hours % 24, "h")
  if (years < 2) return `${days}d`
  return years < 8 ? two(years, "y", days % 365, "d") : `${years}y`
}
