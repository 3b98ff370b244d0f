/**
 * What the REST API and its login server have to say, before it is put into bytes.
 */
import type { Json } from "../embedded/JsonValue.ts"
import { Outcome } from "./RestJournal.ts"

export interface RestReply {
  readonly status: number
  /** Absent: an answer without a body. */
  readonly body?: Json
  /** Instead of `body`. */
  readonly plain?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly outcome: Outcome
  /** The task that was started. */
  readonly taskId?: string
}

export const ok = (body: Json, status: 200 | 202 = 200): RestReply => ({ status, body, outcome: Outcome.Ok() })

/** Success that says nothing. */
export const silent = (status: 200 | 204): RestReply => ({ status, outcome: Outcome.Ok() })

/** A no of the API, as its document has it: `{code, message}`. */
export const refused = (status: number, message: string): RestReply => ({
  status,
  body: { code: null, message },
  outcome: Outcome.Refused({ text: message })
})

/** An entity that is not there, or not this user's. */
export const notFound = (kind: string, id: number | string): RestReply =>
  refused(404, `Entity ${kind} with id ${id} not found.`)

/** No token, or none that is good. The document has no body for this. */
export const unauthenticated = (text: string, challenge: string): RestReply => ({
  status: 401,
  headers: { "www-authenticate": challenge },
  outcome: Outcome.Refused({ text })
})

/** A request that a correct client never sends. Messages never hold what was sent. */
export const misunderstood = (status: number, message: string): RestReply => ({
  status,
  body: { code: null, message },
  outcome: Outcome.Misunderstood({ text: message })
})

/** A body of the right syntax that says something else than it may. */
export const invalid = (field: string, message: string): RestReply => ({
  status: 422,
  body: { code: null, message: "Validation failed.", errors: [{ field, message }] },
  outcome: Outcome.Misunderstood({ text: `${field}: ${message}` })
})

const noStore = { "cache-control": "no-store", pragma: "no-cache" }

/** A success of the login server. */
export const granted = (body: Json): RestReply => ({ status: 200, body, headers: noStore, outcome: Outcome.Ok() })

/** A no of the login server, as OAuth 2.0 has it: RFC 6749 section 5.2, RFC 8628 section 3.5. */
export const oauthError = (error: string, description: string, status: 400 | 401 | 403 = 400): RestReply => ({
  status,
  body: { error, error_description: description },
  headers: noStore,
  outcome: Outcome.Refused({ text: error })
})

/** The same for a request that a correct client never sends. */
export const oauthMisunderstood = (error: string, description: string, status: 400 | 415 = 400): RestReply => ({
  status,
  body: { error, error_description: description },
  headers: noStore,
  outcome: Outcome.Misunderstood({ text: `${error}: ${description}` })
})
