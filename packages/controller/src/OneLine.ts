/**
 * Text from outside, made harmless for logs and terminals: it cannot begin a new line, nor speak to a terminal.
 */

/** All that ends a line somewhere, or that terminals obey: C0, DEL, C1, the separators of Unicode, and what turns the direction of text. */
const unruly = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu

/** Replaces each of them by its escape, as JSON would write it. */
export const escape = (text: string): string =>
  text.replace(unruly, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)
