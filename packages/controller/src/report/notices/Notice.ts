/**
 * What a receiver of notices gets as JSON: documented in `docs/notices.md`, and promised to those who build on it.
 */
import * as Schema from "effect/Schema"

/** RFC 3339, UTC, in milliseconds. */
const time = Schema.String.annotate({ format: "date-time" })

const common = {
  /** Of the format. Fields may be added to it; none is renamed, and none goes. */
  version: Schema.Literal(1),
  /** The same each time that this notice is sent: a receiver that has seen it may drop it. */
  key: Schema.String,
  /** When what is told happened, not when it was sent. */
  at: time,
  /** One sentence for people. */
  summary: Schema.String
}

const ofGroup = {
  ...common,
  group: Schema.String,
  addresses: Schema.Array(Schema.String)
}

const seconds = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))

/** A group leaves its node for another. */
const Failover = Schema.Struct({
  kind: Schema.Literal("Failover"),
  ...ofGroup,
  from: Schema.String,
  to: Schema.String,
  because: Schema.String
})

/** All its addresses are there. */
const FailoverDone = Schema.Struct({
  kind: Schema.Literal("FailoverDone"),
  ...ofGroup,
  from: Schema.String,
  to: Schema.String,
  /** Since the move began. */
  seconds
})

/** A group that was routed is not, and what was tried has failed or nothing can be tried. */
const FailoverFailed = Schema.Struct({
  kind: Schema.Literal("FailoverFailed"),
  ...ofGroup,
  /** The reason of the status. */
  reason: Schema.String,
  message: Schema.String
})

/** A group of which {@link FailoverFailed} was told is routed again. */
const Recovered = Schema.Struct({
  kind: Schema.Literal("Recovered"),
  ...ofGroup,
  node: Schema.String,
  /** For how long it was not routed. */
  seconds
})

const ofSecret = {
  ...common,
  /** `namespace/name`. */
  secret: Schema.String,
  /** Those that use it. */
  groups: Schema.Array(Schema.String)
}

/** The Secret is missing or incomplete, or netcup refuses what is in it: the next failover would fail. */
const CredentialsFailing = Schema.Struct({
  kind: Schema.Literal("CredentialsFailing"),
  ...ofSecret,
  message: Schema.String
})

/** netcup accepts what is in the Secret, and will not for long. */
const CredentialsExpiring = Schema.Struct({
  kind: Schema.Literal("CredentialsExpiring"),
  ...ofSecret,
  /** `YYYY-MM-DD`, UTC. */
  ends: Schema.String,
  message: Schema.String
})

const CredentialsRecovered = Schema.Struct({ kind: Schema.Literal("CredentialsRecovered"), ...ofSecret })

export const Notice = Schema.Union([
  Failover,
  FailoverDone,
  FailoverFailed,
  Recovered,
  CredentialsFailing,
  CredentialsExpiring,
  CredentialsRecovered
])
export type Notice = typeof Notice.Type

/** Every kind. */
export const kinds = Notice.members.map(({ fields }) => fields.kind.literal)
