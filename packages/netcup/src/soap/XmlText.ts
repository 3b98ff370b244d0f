/**
 * Character data of XML 1.0, both ways: what a text must become to survive a parser, and what references stand for.
 */
import * as Result from "effect/Result"

/** Outside the production `Char` of XML 1.0: no reference can carry these either. With `u`, a lone surrogate is one of them. */
const forbidden = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u

/** `\r` too, as a parser reads a raw one as `\n`; `>` so that no text ends a CDATA section, `]]>`. */
const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;"
}

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }

/** The text as element content. Fails with the first code point that XML 1.0 has no way to write, like `U+0007`. */
export const escape = (text: string): Result.Result<string, string> => {
  const found = forbidden.exec(text)?.[0].codePointAt(0)
  return found === undefined
    ? Result.succeed(text.replace(/[&<>"\r]/g, (character) => escapes[character] ?? character))
    : Result.fail(`U+${found.toString(16).toUpperCase().padStart(4, "0")}`)
}

const resolve = (reference: string): string | undefined => {
  if (!reference.startsWith("#")) return Object.hasOwn(named, reference) ? named[reference] : undefined
  const codePoint = reference.startsWith("#x")
    ? Number.parseInt(reference.slice(2), 16)
    : Number.parseInt(reference.slice(1), 10)
  if (codePoint > 0x10_ff_ff) return undefined
  const character = String.fromCodePoint(codePoint)
  return forbidden.test(character) ? undefined : character
}

/** Resolves the five named references and numeric ones. Any other, declared or not, is a failure: nothing is ever expanded. */
export const unescape = (text: string): Result.Result<string, string> => {
  let known = true
  const resolved = text.replace(/&(?:(#x[0-9a-fA-F]+|#[0-9]+|[^&;\s]+);)?/g, (_, reference: string | undefined) => {
    const character = reference === undefined ? undefined : resolve(reference)
    known &&= character !== undefined
    return character ?? ""
  })
  return known ? Result.succeed(resolved) : Result.fail("a reference to nothing that XML knows")
}
