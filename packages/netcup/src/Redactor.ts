/**
 * Takes secrets out of texts that others wrote: netcup's fault strings may echo what they were asked with.
 */
import * as RegExp from "effect/RegExp"

const amp = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

/** A secret as it may come back: as it is, without outer space, and in the usual spellings of XML, JSON and URLs. */
const spellings = (secret: string): ReadonlyArray<string> => {
  const texts = [secret, secret.trim()]
  const escaped = texts.map(amp)
  return [
    ...texts,
    ...escaped,
    ...escaped.map((text) => text.replaceAll('"', "&quot;")),
    ...escaped.map((text) => text.replaceAll('"', "&quot;").replaceAll("'", "&apos;")),
    ...escaped.map((text) => text.replaceAll('"', "&#34;").replaceAll("'", "&#39;")),
    ...texts.map((text) => JSON.stringify(text).slice(1, -1)),
    ...texts.map((text) => encodeURIComponent(text.toWellFormed()))
  ]
}

/** A function that replaces every occurrence of every secret, in any of its spellings, by `<redacted>`. */
export const make = (secrets: ReadonlyArray<string>): ((text: string) => string) => {
  // Longest first: a spelling may contain another, as a password may contain the login.
  const found = Array.from(new Set(secrets.flatMap(spellings)))
    .filter((text) => text !== "")
    .sort((a, b) => b.length - a.length)
  if (found.length === 0) return (text) => text
  const pattern = new globalThis.RegExp(found.map(RegExp.escape).join("|"), "g")
  return (text) => text.replace(pattern, "<redacted>")
}
