/**
 * A notice as a message for Slack's incoming webhooks, and for those who understand the same format.
 */
import * as Schema from "effect/Schema"
import type { Notice } from "./Notice.ts"

export const Message = Schema.Struct({
  text: Schema.String,
  /** Nothing in the text is markup: netcup's words and names are shown as they are. */
  mrkdwn: Schema.Literal(false),
  unfurl_links: Schema.Literal(false),
  unfurl_media: Schema.Literal(false)
})

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" }

/** These three begin links and mentions of everybody; what breaks lines, or turns them around, would let a text pass for another. */
const escape = (text: string): string =>
  text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, " ").replace(/[&<>]/gu, (c) => entities[c] ?? "")

const titles: Readonly<Record<Notice["kind"], string>> = {
  Failover: "Failover",
  FailoverDone: "Failover done",
  FailoverFailed: "Failover failed",
  Recovered: "Recovered",
  CredentialsFailing: "Credentials fail",
  CredentialsExpiring: "Login ends soon",
  CredentialsRecovered: "Credentials work again"
}

export const message = (notice: Notice): typeof Message.Type => ({
  text: `${titles[notice.kind]}: ${escape(notice.summary)} (${notice.at})`,
  mrkdwn: false,
  unfurl_links: false,
  unfurl_media: false
})
