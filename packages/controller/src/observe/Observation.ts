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
import { Cluster, type ClusterView } from "./Cluster.ts"
import { finalizer, type GroupResource } from "./GroupResource.ts"
import type { AccountState, NetcupAccount } from "./NetcupAccount.ts"
import * as NodeMapping from "./NodeMapping.ts"
import { type SecretResource, toCredentials } from "./SecretResource.ts"
import type { SecretView } from "./Secrets.ts"
import type { WorkloadView } from "./Workloads.ts"

/** How a group's account can be used, or why not. `undefined`: the Secret is not read yet. */
export type AccountView =
  | { readonly _tag: "Usable"; readonly account: NetcupAccount; readonly state: AccountState }
  | { readonly _tag: "Unusable"; readonly message: string }
  | undefined

export interface GroupObservation {
  readonly resource: GroupResource
  readonly account: AccountView
  /** Of its workload, if it names one. */
  readonly workload?: WorkloadView
}

export interface Observation {
  readonly nodes: ReadonlyArray<Candidate>
  readonly groups: ReadonlyArray<GroupObservation>
  /** Groups that are being deleted and wait for us: they take part in nothing else. */
  readonly leaving?: ReadonlyArray<GroupObservation>
  readonly undecodable: ReadonlyArray<Undecodable>
  readonly signalOf?: ClusterView["signalOf"]
  readonly turns?: ClusterView["turns"]
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
      return Result.mapError(readOnce(view.secret), (problem) => `${name} ${problem}`)
  }
}

const seenWorkload = ({ workload: viewOf }: ClusterView, { spec: { workload } }: GroupResource) => {
  const view = workload === undefined ? undefined : viewOf?.(workload)
  return view === undefined ? {} : { workload: view }
}

/** Most groups name one Secret: that is the same object for all of them, which costs nothing to compare. */
const distinct = (all: ReadonlyArray<Credentials>): ReadonlyArray<Credentials> => {
  const objects = [...new Set(all)]
  return objects.filter((one, i) => objects.findIndex((other) => Equal.equals(one, other)) === i)
}

/** What each Secret holds, read once as long as it does not change. */
const credentialsIn = new WeakMap<SecretResource, Result.Result<Credentials, string>>()

const readOnce = (secret: SecretResource): Result.Result<Credentials, string> => {
  const known = credentialsIn.get(secret)
  if (known !== undefined) return known
  const read = toCredentials(secret)
  credentialsIn.set(secret, read)
  return read
}

/** Looks once. Accounts that no group uses any more are closed by it, and new ones opened. */
export const look = Effect.gen(function* () {
  const cluster = yield* Cluster
  const accounts = yield* Accounts
  const view = yield* cluster.view
  const servers = view.nodes.flatMap(({ server }) => (server === undefined ? [] : [server]))
  const named = view.groups
    // One that is being deleted and waits for somebody else's finalizer takes part in nothing any more.
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined || metadata.finalizers?.includes(finalizer))
    .map((resource) => ({
      resource,
      seen: seenWorkload(view, resource),
      credentials: credentialsOf(resource, view.secret(resource.spec.credentialsSecret))
    }))
  const usable = named.flatMap(({ credentials }) =>
    credentials !== undefined && Result.isSuccess(credentials) ? [credentials.success] : []
  )
  const seekers = NodeMapping.seekersOf(view.nodes, view.groups, (yield* Settings).nodeMapping === "automatic")
  const find = yield* accounts.use(distinct(usable), new Set(servers), seekers)
  const mapped = NodeMapping.mapper(seekers)

  const observed = yield* Effect.forEach(
    named,
    Effect.fnUntraced(function* ({ resource, seen, credentials }): Effect.fn.Return<GroupObservation> {
      if (credentials === undefined) return { resource, ...seen, account: undefined }
      if (Result.isFailure(credentials))
        return { resource, ...seen, account: { _tag: "Unusable", message: credentials.failure } }
      const account = find(credentials.success)
      if (account === undefined) return { resource, ...seen, account: undefined }
      return { resource, ...seen, account: { _tag: "Usable", account, state: mapped(yield* account.state) } }
    })
  )
  const isLeaving = ({ resource }: GroupObservation) => resource.metadata.deletionTimestamp !== undefined
  const leaving = observed.filter(isLeaving)
  const observation: Observation = {
    nodes: view.nodes,
    groups: leaving.length === 0 ? observed : observed.filter((one) => !isLeaving(one)),
    ...(leaving.length === 0 ? {} : { leaving }),
    undecodable: view.undecodable,
    ...(view.signalOf === undefined ? {} : { signalOf: view.signalOf }),
    ...(view.turns === undefined ? {} : { turns: view.turns })
  }
  return observation
})
