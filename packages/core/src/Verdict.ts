/**
 * What is known of a node's health, folded into one answer.
 */
import * as Data from "effect/Data"

/** Evidence against a node. */
export type Sign = Data.TaggedEnum<{
  /** The kubelet says `Ready=False`. */
  NotReady: {}
  /** The cluster has not heard of the kubelet for its grace period: `Ready=Unknown`. */
  Silent: {}
  /** The node has no `Ready` condition yet. */
  NeverReady: {}
  /** The Node object is being deleted. */
  Deleting: {}
  /** Somebody who knows says that the node is down: an operator or the cloud, by this taint. */
  OutOfService: { readonly taint: string }
  /** An operator says that the node is to be left, by our annotation; `note` is what it says. */
  Maintenance: { readonly note: string }
  /** The node is cordoned and its Pods are being evicted. */
  Draining: {}
  /** Its Lease was last renewed at `since` (ms since the epoch, by our clock), while the watch was live. */
  LeaseStale: { readonly since: number }
  /** TCP connects have found no answer since then (ms since the epoch). */
  Unanswering: { readonly since: number }
  /** netcup says so of its server, in its own word, since we first heard it (ms since the epoch). */
  ServerDown: { readonly word: string; readonly since: number }
  /** It had failed; what convicted it is over since then (ms since the epoch), but not yet for long enough. */
  Recovering: { readonly since: number }
}>
export const Sign = Data.taggedEnum<Sign>()

/** `changesAt`: when the verdict will change if nothing else is heard (ms since the epoch); absent where that cannot be told. */
export interface Verdict {
  /** A suspect keeps what it has and is given nothing. */
  readonly state: "Healthy" | "Suspect" | "Failed"
  readonly reasons: ReadonlyArray<Sign>
  readonly changesAt: number | undefined
  /** The reasons would do, but it is taken for our own trouble, or the API server's: too many nodes were lost together, or it was away. */
  readonly guarded?: boolean
}

/** What the Node object declares. `ready` is the status of its `Ready` condition. */
export interface Declared {
  readonly ready: "True" | "False" | "Unknown" | undefined
  readonly deleting: boolean
  /** Taints that say that the node is down. */
  readonly outOfService?: ReadonlyArray<string>
  /** What the annotation of an operator says of why the node is to be left. */
  readonly maintenance?: string
  /** It is cordoned, and its Pods are being evicted. */
  readonly draining?: boolean
}

const readiness = (ready: Declared["ready"]): ReadonlyArray<Sign> => {
  switch (ready) {
    case "True":
      return []
    case "False":
      return [Sign.NotReady()]
    case "Unknown":
      return [Sign.Silent()]
    case undefined:
      return [Sign.NeverReady()]
  }
}

/**
 * The verdict by what the Node object declares alone: as the seed system judges, and by what taints say of its being down and operators
 * of their plans.
 */
export const fromDeclared = ({
  ready,
  deleting,
  outOfService = [],
  maintenance,
  draining = false
}: Declared): Verdict => {
  const reasons = [
    ...(deleting ? [Sign.Deleting()] : []),
    ...outOfService.map((taint) => Sign.OutOfService({ taint })),
    ...(maintenance === undefined ? [] : [Sign.Maintenance({ note: maintenance })]),
    ...(draining ? [Sign.Draining()] : []),
    ...readiness(ready)
  ]
  return { state: reasons.length === 0 ? "Healthy" : "Failed", reasons, changesAt: undefined }
}

/** A time (ms since the epoch) as sentences have it: of the day, to the second. */
export const clock = (time: number): string => `${new Date(time).toISOString().slice(11, 19)}Z`

/** A sign as the end of "the node …". */
export const renderSign: (sign: Sign) => string = Sign.$match({
  NotReady: () => "is not ready",
  Silent: () => "is silent (Ready=Unknown)",
  NeverReady: () => "has not reported yet",
  Deleting: () => "is being deleted",
  OutOfService: ({ taint }) => `is out of service (taint ${taint})`,
  Maintenance: ({ note }) => `is in maintenance (${note})`,
  Draining: () => "is being drained",
  LeaseStale: ({ since }) => `has not renewed its Lease since ${clock(since)}`,
  Unanswering: ({ since }) => `has not answered since ${clock(since)}`,
  ServerDown: ({ word, since }) => `is a server that netcup calls ${word} since ${clock(since)}`,
  Recovering: ({ since }) => `has been back only since ${clock(since)}`
})
