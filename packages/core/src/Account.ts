/**
 * A netcup account as placement sees it.
 */
import * as Schema from "effect/Schema"
import type { NodeName } from "./Candidate.ts"
import type { Prefix } from "./FailoverAddress.ts"
import type { ServerMapping } from "./ServerMapping.ts"
import type { ServerName } from "./ServerName.ts"

/** Tells accounts apart: the kind of API and the login or user id, never a secret. */
export const AccountKey = Schema.NonEmptyString.pipe(Schema.brand("AccountKey"))
export type AccountKey = typeof AccountKey.Type

/** By which of netcup's APIs an account is asked, as its key says. One and the same account has a key for each. */
export const apiOf = (account: AccountKey): "soap" | "rest" | undefined =>
  account.startsWith("soap:") ? "soap" : account.startsWith("rest:") ? "rest" : undefined

/** What an account has, as far as netcup told. */
export interface Account {
  /** The servers that the account lists. */
  readonly servers: ReadonlySet<ServerName>
  /** Where netcup routes each address, as far as the servers of our nodes hold it. */
  readonly routes: ReadonlyMap<Prefix, ServerName>
  /** Servers of our nodes that netcup has not told about: an address that is nowhere else may be there. */
  readonly unread?: ReadonlySet<ServerName>
  /** Servers that cannot take an address now, as netcup said when it was to route one there: off, or in the rescue system. */
  readonly notRunning?: ReadonlySet<ServerName>
  /** For addresses the servers of another site, to which netcup never routes them, as far as that came out. */
  readonly offSite?: ReadonlyMap<Prefix, ReadonlySet<ServerName>>
  /** Servers that netcup routes nothing to whatever their state: disabled, or without an interface to route to. */
  readonly unroutable?: ReadonlySet<ServerName>
  /** Addresses that netcup does not let this login route. */
  readonly locked?: ReadonlySet<Prefix>
  /** Which of its servers nodes are, where that is more or other than what their annotations say. */
  readonly mapping?: ReadonlyMap<NodeName, ServerMapping>
  /** Servers of which netcup has not told what would tell whether a node without annotation is one of them. */
  readonly unidentified?: ReadonlySet<ServerName>
}
