/**
 * What can go wrong before netcup or Kubernetes is asked. Messages are sentences for people, and never hold a secret.
 */
import * as Schema from "effect/Schema"

/** The command line or the environment makes no sense. */
export class WrongUsage extends Schema.TaggedError<WrongUsage>()("WrongUsage", { message: Schema.String }) {}

/** There are no credentials, they cannot be read, or they must not be used here. */
export class CredentialsUnusable extends Schema.TaggedError<CredentialsUnusable>()("CredentialsUnusable", {
  message: Schema.String
}) {}

/** What a login gave could not be put where it was to go. */
export class NotStored extends Schema.TaggedError<NotStored>()("NotStored", { message: Schema.String }) {}
