/**
 * Makes texts that others wrote fit for a terminal: netcup's words, names of servers, and what the user typed.
 */
import type * as Schema from "effect/Schema"

/** Control characters begin terminals' commands; format characters reverse or hide what stands beside them. */
const dangerous = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu

/** One line that holds nothing but what it shows. */
export const line = (text: string): string => text.replace(dangerous, " ").replace(/ {2,}/gu, " ").trim()

const escaped = (text: string): string =>
  Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")

/** JSON in which every such character is escaped, so that nothing is lost and nothing is done by printing it. */
export const json = (value: Schema.Json): string =>
  // Within strings JSON has escaped line ends already: those that are left are the layout's.
  JSON.stringify(value, undefined, 2).replace(dangerous, (text) => (/^\n+$/u.test(text) ? text : escaped(text)))
