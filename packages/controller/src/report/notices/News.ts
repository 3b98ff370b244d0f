/**
 * What there is to be told, from the statuses as they are stored and what has been told before: a pure function, so that whoever
 * leads finds the same, under the same keys. The statuses are the queue: what they say no longer is not told any more.
 */
import type { Condition } from "@netcup-failover/core/Condition"
import type { MoveRecord } from "@netcup-failover/core/FailoverIpResource"
import type { GroupResource } from "../../observe/GroupResource.ts"
import * as Wording from "../Wording.ts"
import * as Memory from "./Memory.ts"
import type { Notice } from "./Notice.ts"

export interface News {
  readonly notice: Notice
  /** Not to be told earlier, ms since the epoch: what is over by then is not told at all. */
  readonly dueAt: number
  /** To be remembered once it has been told. */
  readonly telling: Memory.Telling
}

/** The same for every notice of one kind of fact. */
const version = 1

/** netcup's own words may be long. */
const longest = 2_000
const shorten = (text: string): string =>
  text.length <= longest ? text : `${text.slice(0, longest - 1).toWellFormed()}…`

const find = ({ status }: GroupResource, wanted: string): Condition | undefined =>
  status?.conditions?.find(({ type }) => type === wanted)

/** In seconds; 0 where clocks disagree. */
const between = (from: string, to: string): number => Math.max(0, (Date.parse(to) - Date.parse(from)) / 1_000 || 0)

const inWords = (seconds: number): string =>
  seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`

/** Why a group that was routed stays where it cannot be reached, or where it does not belong. What an operator wrote (`InvalidSpec`, `Conflict`) is no failure. */
const failures: ReadonlySet<string> = new Set([
  "RoutingFailed",
  "RateLimited",
  "NoEligibleNodes",
  "MissingAnnotation",
  "CredentialsError",
  "Drifted",
  "Contested"
])

const isFailover = (move: MoveRecord | undefined): move is MoveRecord & { readonly from: string } =>
  move?.from !== undefined && move.from !== move.to

/** All news of one group. */
const ofGroup = (
  resource: GroupResource,
  told: Memory.Told,
  isNew: (time: string) => boolean,
  grace: number
): ReadonlyArray<News> => {
  const { metadata, spec, status } = resource
  const [routed, progressing] = [find(resource, "Routed"), find(resource, "Progressing")]
  const { uid, name: group } = metadata
  const addresses = status?.addresses?.map(({ ip }) => ip) ?? spec.ips
  const base = (id: string, at: string) => ({ version, key: `${uid}/${id}`, at, group, addresses }) as const
  const isTold = (id: string) => told.ids.includes(id)
  const still = told.failing === undefined ? {} : { failing: told.failing }
  const telling = (...ids: ReadonlyArray<string>): Memory.Telling => ({ _tag: "Group", uid, ids, ...still })

  const moves = (status?.moves ?? []).filter(isFailover).flatMap(({ at, from, to, reason }): ReadonlyArray<News> => {
    const id = `Failover${Memory.mark}${at}`
    if (isTold(id) || !isNew(at)) return []
    const because = shorten(reason)
    const summary = `${group} moves from ${from} to ${to}, because ${because}`
    const notice: Notice = { ...base(id, at), kind: "Failover", summary, from, to, because }
    return [{ notice, dueAt: Date.parse(at), telling: telling(id) }]
  })
  if (routed === undefined) return moves
  const since = routed.lastTransitionTime
  const last = status?.moves?.at(-1)

  if (routed.status === "True") {
    const node = status?.currentNode ?? ""
    const doneId = isFailover(last) && last.to === node ? `FailoverDone${Memory.mark}${last.at}` : undefined
    if (told.failing !== undefined) {
      const seconds = between(told.failing, since)
      const summary = `${group} is routed to ${node} again, after ${inWords(seconds)}`
      const id = `Recovered${Memory.mark}${since}`
      const notice: Notice = { ...base(id, since), kind: "Recovered", summary, node, seconds }
      const ids = doneId === undefined ? [id] : [id, doneId]
      return [...moves, { notice, dueAt: Date.parse(since), telling: { _tag: "Group", uid, ids } }]
    }
    const at = progressing?.status === "False" ? progressing.lastTransitionTime : since
    if (doneId === undefined || !isFailover(last) || isTold(doneId) || !isNew(at)) return moves
    const { from, to } = last
    const seconds = between(last.at, at)
    const summary = `${group} is routed to ${to}, ${inWords(seconds)} after it began to move from ${from}`
    const notice: Notice = { ...base(doneId, at), kind: "FailoverDone", summary, from, to, seconds }
    return [...moves, { notice, dueAt: Date.parse(at), telling: telling(doneId) }]
  }

  const { reason, message: words } = progressing?.status === "True" ? progressing : routed
  // One that was never routed fails nobody; nor does an address that follows the others.
  const concerns = status?.currentNode !== undefined && (status.targetNode === undefined || isFailover(last))
  const id = `FailoverFailed.${reason}${Memory.mark}${since}`
  if (!concerns || !failures.has(reason) || isTold(id)) return moves
  const message = shorten(routed.reason === reason ? routed.message : words)
  const summary = `${group} is not routed: ${message}`
  const notice: Notice = { ...base(id, since), kind: "FailoverFailed", summary, reason, message }
  const failing = told.failing ?? since
  const remembered: Memory.Telling = { _tag: "Group", uid, ids: [id], failing }
  return [...moves, { notice, dueAt: Date.parse(since) + grace, telling: remembered }]
}

const secretOf = ({ spec: { credentialsSecret: ref } }: GroupResource): string => `${ref.namespace}/${ref.name}`

/** The news of one Secret: told once for all groups that use it. */
const ofSecret = (
  secret: string,
  users: ReadonlyArray<GroupResource>,
  failing: string | undefined,
  grace: number
): ReadonlyArray<News> => {
  const words = users.flatMap((user) => find(user, "CredentialsHealthy") ?? [])
  const bad = words.filter(({ status }) => status === "False")
  const times = (bad.length > 0 ? bad : words).map(({ lastTransitionTime }) => lastTransitionTime).sort()
  const at = bad.length > 0 ? times[0] : times.at(-1)
  if (at === undefined || bad.length > 0 === (failing !== undefined)) return []
  const groups = users.map(({ metadata }) => metadata.name).sort()
  const kind = bad.length > 0 ? "CredentialsFailing" : "CredentialsRecovered"
  const base = { version, key: `${secret}/${kind}${Memory.mark}${at}`, at, secret, groups } as const
  const first = bad[0]
  if (first === undefined) {
    const summary = `netcup accepts the credentials of Secret ${secret} again`
    const notice: Notice = { ...base, kind: "CredentialsRecovered", summary }
    return [{ notice, dueAt: Date.parse(at), telling: { _tag: "Secret", name: secret } }]
  }
  const message = shorten(first.message)
  const summary = `the credentials of Secret ${secret} fail, and with them the next failover: ${message}`
  const notice: Notice = { ...base, kind: "CredentialsFailing", summary, message }
  return [{ notice, dueAt: Date.parse(at) + grace, telling: { _tag: "Secret", name: secret, failing: at } }]
}

/**
 * The news of a Secret's login that ends soon: once, and each week again while its end moves on and stays near. Of several groups
 * the latest end counts: the others have not heard yet.
 */
const ofLogin = (
  secret: string,
  users: ReadonlyArray<GroupResource>,
  told: string | undefined
): ReadonlyArray<News> => {
  const words = users
    .flatMap((user) => find(user, "CredentialsHealthy") ?? [])
    .flatMap(({ status, reason, message, lastTransitionTime }) => {
      const ends = status === "True" && reason === "LoginExpiring" ? Wording.dayOfLoginsEnd(message) : undefined
      return ends === undefined ? [] : [{ ends, message, since: lastTransitionTime }]
    })
    .sort((a, b) => (a.ends < b.ends ? 1 : -1))
  const [last] = words
  if (last === undefined) return []
  const { ends, since } = last
  if (told !== undefined && Date.parse(ends) < Date.parse(told) + Wording.expiringFor) return []
  const near = Date.parse(ends) - Wording.expiringFor
  const at = new Date(Math.max(near, Date.parse(since) || near)).toISOString()
  const message = shorten(last.message)
  const notice: Notice = {
    version,
    key: `${secret}/CredentialsExpiring${Memory.mark}${ends}`,
    at,
    secret,
    groups: users.map(({ metadata }) => metadata.name).sort(),
    kind: "CredentialsExpiring",
    summary: `the login of Secret ${secret} ends soon: ${message}`,
    ends,
    message
  }
  return [{ notice, dueAt: Date.parse(at), telling: { _tag: "Expiring", name: secret, ends } }]
}

/** Groups by their Secret. */
export const bySecret = (groups: ReadonlyArray<GroupResource>): ReadonlyMap<string, ReadonlyArray<GroupResource>> => {
  const users = new Map<string, Array<GroupResource>>()
  for (const group of groups) {
    const name = secretOf(group)
    users.set(name, [...(users.get(name) ?? []), group])
  }
  return users
}

/**
 * All news, the oldest first.
 *
 * @param now ms since the epoch
 * @param grace how long a failure has to last before it is news, ms
 */
export const of = (
  groups: ReadonlyArray<GroupResource>,
  memory: Memory.Memory,
  now: number,
  grace: number
): ReadonlyArray<News> => {
  const oldest = Math.max(Date.parse(memory.since), now - Memory.newsFor)
  const isNew = (time: string) => Date.parse(time) >= oldest
  const all = [
    ...groups.flatMap((one) => ofGroup(one, memory.groups[one.metadata.uid] ?? Memory.nothingTold, isNew, grace)),
    ...[...bySecret(groups)].flatMap(([secret, users]) => [
      ...ofSecret(secret, users, memory.secrets[secret], grace),
      ...ofLogin(secret, users, memory.expiring?.[secret])
    ])
  ]
  return all.sort((a, b) => a.dueAt - b.dueAt)
}
