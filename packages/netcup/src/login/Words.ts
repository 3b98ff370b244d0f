/**
 * Makes what netcup's login and the token store say fit for errors and logs: their texts may echo what they were asked with.
 */
import * as Redacted from "effect/Redacted"
import * as Redactor from "../Redactor.ts"

/** What may be shown of one login. */
export interface Words {
  /** Names one more secret. The latest ones are remembered. */
  readonly learn: (secret: Redacted.Redacted) => void
  /** Takes secrets, and what terminals take for commands, out of a text, and makes it one line of bounded length. */
  readonly say: (text: string) => string
}

/** Such texts are a line; a gateway's page is cut. */
const longest = 500

/** Tokens that are older are long dead. */
const memory = 20

/** Words that may be JSON Web Tokens, ours or not: base64 of `{"`. */
const longWord = /[\w.-]{20,}/gu
const hideTokens = (text: string) => text.replace(longWord, (word) => (word.includes("eyJ") ? "<redacted>" : word))

const breaks = /[\s\p{Cc}\p{Cf}\p{Cs}]+/gu

/** As it stands in the body of a request. */
const inForm = (secret: string) => new URLSearchParams([["", secret]]).toString().slice(1)

/** @param own secrets that are never forgotten */
export const make = (own: ReadonlyArray<Redacted.Redacted>): Words => {
  const learnt: Array<string> = []
  return {
    learn: (secret) => {
      const text = Redacted.value(secret)
      if (learnt.includes(text)) return
      learnt.push(text)
      if (learnt.length > memory) learnt.shift()
    },
    say: (text) => {
      const secrets = [...own.map(Redacted.value), ...learnt]
      const redact = Redactor.make([...secrets, ...secrets.map(inForm)])
      const said = hideTokens(redact(text)).replace(breaks, " ").trim()
      return said.length > longest ? `${said.slice(0, longest)}…` : said
    }
  }
}
