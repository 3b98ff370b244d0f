/**
 * The plainest values of everything that tests need, to be changed where a test is about something.
 */

import type { GroupResource } from "@netcup-failover/controller/observe/GroupResource"
import type { AccountState, NetcupAccount } from "@netcup-failover/controller/observe/NetcupAccount"
import { AccountKey } from "@netcup-failover/core/Account"
import { type Candidate, NodeName } from "@netcup-failover/core/Candidate"
import { type FailoverAddress, parse } from "@netcup-failover/core/FailoverAddress"
import { ServerName } from "@netcup-failover/core/ServerName"
import { fromDeclared } from "@netcup-failover/core/Verdict"
import type { ServerView } from "@netcup-failover/netcup/FailoverRouting"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"

export const node = (n: number): NodeName => NodeName.make(`node-${n}`)
export const server = (n: number): ServerName => ServerName.make(`v${n}`)
export const address = (text: string): FailoverAddress => Result.getOrThrow(parse(text))

/** A healthy node that is the server of its number. */
export const candidate = (n: number, more: Partial<Candidate> = {}): Candidate => ({
  name: node(n),
  server: server(n),
  labels: {},
  verdict: fromDeclared({ ready: "True", deleting: false }),
  ...more
})

interface Parts {
  readonly name?: string
  readonly version?: string
  readonly generation?: number
  readonly deletionTimestamp?: string
  readonly annotations?: GroupResource["metadata"]["annotations"]
  readonly spec?: Partial<GroupResource["spec"]>
  readonly status?: GroupResource["status"]
}

/** A group of one address that has no status yet. */
export const resource = ({
  name = "primary",
  version = "1",
  generation = 1,
  spec,
  status,
  ...rest
}: Parts = {}): GroupResource => ({
  metadata: {
    name,
    uid: `uid-of-${name}`,
    resourceVersion: version,
    generation,
    creationTimestamp: "2026-11-22T08:00:00Z",
    ...(rest.deletionTimestamp === undefined ? {} : { deletionTimestamp: rest.deletionTimestamp }),
    ...(rest.annotations === undefined ? {} : { annotations: rest.annotations })
  },
  spec: {
    ips: ["198.51.100.1/32"],
    credentialsSecret: { name: "netcup-credentials", namespace: "netcup-system" },
    ...spec
  },
  ...(status === undefined ? {} : { status })
})

/** An account under SOAP's limits, and one under REST's. */
export const soapKey = AccountKey.make("soap:12345")
export const restKey = AccountKey.make("rest:555001")

/** An account that netcup has not answered for. */
export const accountState = (more: Partial<AccountState> = {}): AccountState => ({
  key: soapKey,
  account: undefined,
  first: undefined,
  notices: [],
  trouble: undefined,
  ...more
})

/** What netcup says of a server: next to nothing. */
export const serverView = (name: ServerName, more: Partial<ServerView> = {}): ServerView => ({
  name,
  running: undefined,
  word: undefined,
  rescue: false,
  routable: true,
  site: undefined,
  addresses: [],
  names: [],
  ...more
})

/** An account of which nothing is known and that does nothing. */
export const account = (more: Partial<NetcupAccount> = {}): NetcupAccount => ({
  state: Effect.succeed(accountState()),
  loginExpiresAt: Effect.succeed(undefined),
  holds: () => false,
  watchServers: () => Effect.void,
  inspect: (name) => Effect.succeed(serverView(name)),
  route: () => Effect.void,
  unroute: () => Effect.void,
  ...more
})
