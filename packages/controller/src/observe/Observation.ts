/**
 * All that one look at the world gives: the cluster, and what netcup told of the accounts that its groups use.
 */
import type { Candidate } from "@netcup-failover/core/Candidate"
import type { Undecodable } from "@netcup-failover/kubernetes/WatchEvent"
import type { Credentials } from "@netcup-failover/netcup/Credentials"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Result from "effect/Result"
import { Settings } from "../Settings.ts"
import { Accounts } from "./Accounts.ts"
import { Cluster } from "./Cluster.ts"
import type { GroupResource } from "./GroupResource.ts"
import type { AccountState, NetcupAccount } from "./NetcupAccount.ts"
import * as NodeMapping from "./NodeMapping.ts"
import type { SignalOf } from "./NodeSignals.ts"
import { toCredentials } from "./SecretResource.ts"
import type { SecretView } from "./Secrets.ts"

/** How a group's account can be used, or why not. `undefined`: the Secret is not read yet. */
export type AccountView =
  | { readonly _tag: "Usable"; readonly account: NetcupAccount; readonly state: AccountState }
  | { readonly _tag: "Unusable"; readonly message: string }
  | undefined

export interface GroupObservation {
  readonly resource: GroupResource
  readonly account: AccountView
}

export interface Observation {
  readonly nodes: ReadonlyArray<Candidate>
  readonly groups: ReadonlyArray<GroupObservation>
  readonly undecodable: ReadonlyArray<Undecodable>
  readonly signalOf?: SignalOf
}

/** The credentials that a group names. The failure is a sentence that says what to do. */
const credentialsOf = (
  { spec: { credentialsSecret } }: GroupResource,
  view: SecretView
): Result.Result<Credentials, string> | undefined => {
  const name = `Secret ${credentialsSecret.namespace}/${credentialsSecret.name}`
  switch (view?._tag) {
    case undefined:
      return undefined
    case "Missing":
      return Result.fail(`${name} does not exist: create it with the key refreshToken, or with loginName and password`)
    case "Unreadable":
      return Result.fail(`${name} cannot be read: ${view.message}`)
    case "Found":
      return Result.mapError(toCredentials(view.secret), (problem) => `${name} ${problem}`)
  }
}

const distinct = (all: ReadonlyArray<Credentials>): ReadonlyArray<Credentials> =>
  all.filter((one, i) => all.findIndex((other) => Equal.equals(one, other)) === i)

/** Looks once. Accounts that no group uses any more are closed by it, and new ones opened. */
export const look = Effect.gen(function* () {
  const cluster = yield* Cluster
  const accounts = yield* Accounts
  const view = yield* cluster.view
  const servers = view.nodes.flatMap(({ server }) => (server === undefined ? [] : [server]))
  const named = view.groups
    // One that is being deleted only waits for somebody's finalizer: it takes part in nothing any more.
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map((resource) => ({
      resource,
      credentials: credentialsOf(resource, view.secret(resource.spec.credentialsSecret))
    }))
  const usable = named.flatMap(({ credentials }) =>
    credentials !== undefined && Result.isSuccess(credentials) ? [credentials.success] : []
  )
  const seekers = NodeMapping.seekersOf(view.nodes, view.groups, (yield* Settings).nodeMapping === "automatic")
  const find = yield* accounts.use(distinct(usable), new Set(servers), seekers)
  const mapped = NodeMapping.mapper(seekers)

  const groups = yield* Effect.forEach(
    named,
    Effect.fnUntraced(function* ({ resource, credentials }): Effect.fn.Return<GroupObservation> {
      if (credentials === undefined) return { resource, account: undefined }
      if (Result.isFailure(credentials))
        return { resource, account: { _tag: "Unusable", message: credentials.failure } }
      const account = find(credentials.success)
      if (account === undefined) return { resource, account: undefined }
      return { resource, account: { _tag: "Usable", account, state: mapped(yield* account.state) } }
    })
  )
  const observation: Observation = {
    nodes: view.nodes,
    groups,
    undecodable: view.undecodable,
    ...(view.signalOf === undefined ? {} : { signalOf: view.signalOf })
  }
  return observation
})
