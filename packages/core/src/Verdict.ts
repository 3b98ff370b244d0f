/**
 * What is known of a node's health, folded into one answer. Today the conditions of the Node, its deletion and taints feed it.
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
}>
export const Sign = Data.taggedEnum<Sign>()

/** `changesAt`: when time alone may change the verdict (ms since the epoch); absent when only a new signal can. */
export interface Verdict {
  readonly state: "Healthy" | "Failed"
  readonly reasons: ReadonlyArray<Sign>
  readonly changesAt: number | undefined
}

/** What the Node object declares. `ready` is the status of its `Ready` condition. */
export interface Declared {
  readonly ready: "True" | "False" | "Unknown" | undefined
  readonly deleting: boolean
  /** Taints that say that the node is down. */
  readonly outOfService?: ReadonlyArray<string>
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

/** The verdict by what the Node object declares alone: as the seed system judges, and by what taints say of its being down. */
export const fromDeclared = ({ ready, deleting, outOfService = [] }: Declared): Verdict => {
  const reasons = [
    ...(deleting ? [Sign.Deleting()] : []),
    ...outOfService.map((taint) => Sign.OutOfService({ taint })),
    ...readiness(ready)
  ]
  return { state: reasons.length === 0 ? "Healthy" : "Failed", reasons, changesAt: undefined }
}

/** A sign as the end of "the node …". */
export const renderSign: (sign: Sign) => string = Sign.$match({
  NotReady: () => "is not ready",
  Silent: () => "is silent (Ready=Unknown)",
  NeverReady: () => "has not reported yet",
  Deleting: () => "is being deleted",
  OutOfService: ({ taint }) => `is out of service (taint ${taint})`
})
