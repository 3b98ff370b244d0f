/**
 * What would have to change for a group to go to a node, as short sentences.
 */
import {
  type Candidate,
  maintenanceAnnotation,
  moveToAnnotation,
  type NodeName,
  serverNameAnnotation
} from "./Candidate.ts"
import type { Against } from "./Explanation.ts"
import type { Group } from "./Group.ts"
import { Ineligibility } from "./Ineligibility.ts"
import { Sign } from "./Verdict.ts"

const ofSign = (node: NodeName): ((sign: Sign) => string) =>
  Sign.$match({
    NotReady: () => `${node} is Ready again`,
    Silent: () => `${node} is Ready again`,
    NeverReady: () => `${node} becomes Ready`,
    Deleting: () => `${node} comes back as a new Node`,
    OutOfService: ({ taint }) => `the taint is taken off: kubectl taint node ${node} ${taint}-`,
    Maintenance: () => `the maintenance ends: kubectl annotate node ${node} ${maintenanceAnnotation}-`,
    Draining: () => `${node} takes Pods again: kubectl uncordon ${node}`,
    LeaseStale: () => `${node} renews its Lease again`,
    Unanswering: () => `${node} answers again`,
    ServerDown: () => "netcup says that its server runs again",
    Recovering: () => `${node} has been back for longer`
  })

const ofIneligibility = (node: NodeName): ((reason: Ineligibility) => ReadonlyArray<string>) =>
  Ineligibility.$match({
    Failed: ({ signs }) => signs.map(ofSign(node)),
    MissingAnnotation: () => [`it names its server: kubectl annotate node ${node} ${serverNameAnnotation}=v…`],
    AmbiguousServer: ({ servers }) => [
      `it says which of ${servers.join(", ")} it is: kubectl annotate node ${node} ${serverNameAnnotation}=v…`
    ],
    SharedServer: ({ server, nodes }) => [
      `only one of ${[node, ...nodes].join(", ")} names ${server}: kubectl annotate node … --overwrite ${serverNameAnnotation}=v…`
    ],
    ContradictingServer: ({ other }) => [
      `its annotation is corrected: kubectl annotate node ${node} --overwrite ${serverNameAnnotation}=${other}`
    ],
    ForeignServer: ({ server }) => [`the account gets the server ${server}, or the annotation is corrected`],
    ServerNotRunning: ({ server }) => [`netcup says that ${server} runs again`],
    ServerUnroutable: ({ server }) => [`netcup enables ${server} again, and it has an interface with an IPv4 address`],
    WrongSite: ({ server }) => [`${server} is at the addresses' site, which netcup alone can change`],
    NotSelected: ({ unmet }) => [`${node} gets labels for ${unmet.join("; ")}, or spec.nodeSelector is changed`],
    Leaving: ({ taint }) => [`the autoscaler spares it: the taint ${taint} is taken off`],
    Suspect: ({ signs }) => signs.map(ofSign(node)),
    Guarded: ({ signs }) => signs.map(ofSign(node)),
    NotServing: () => [`a Pod that spec.workload selects is ready on ${node}`],
    Negated: ({ rule }) => [`the rule ${rule} no longer holds for it`]
  })

const ofPreference = (preference: string, { name }: Candidate): string => {
  switch (preference) {
    case "settled":
      return `${name} has been Ready for longer`
    case "unpressed":
      return `${name} is without pressure and has its network`
    case "uncordoned":
      return `${name} takes Pods again: kubectl uncordon ${name}`
    case "weighted":
      return `spec.preferences gives ${name} more weight`
    default:
      return `${name} is preferred more by ${preference}`
  }
}

/**
 * @param begun the node that a move has begun to, which a pin does not turn around; absent: there is none
 */
export const of = (
  group: Group,
  node: Candidate,
  against: Against,
  begun: NodeName | undefined
): ReadonlyArray<string> => {
  const overwrite = group.pin === undefined ? "" : "--overwrite "
  const annotate = `kubectl annotate netcupfailoverip ${group.name} ${overwrite}${moveToAnnotation}=${node.name}`
  const pin = begun === undefined || begun === node.name ? annotate : `once it has arrived on ${begun}: ${annotate}`
  switch (against._tag) {
    case "Ineligible":
      return against.reasons.flatMap(ofIneligibility(node.name))
    case "Held":
      return ["the group is no longer held"]
    case "SameServer":
      return [
        `one of the two nodes names another server: kubectl annotate node … --overwrite ${serverNameAnnotation}=v…`
      ]
    case "Stays":
      return [
        ...(against.failback ? ["spec.failback is WhenPreferred"] : []),
        ...(against.rebalance ? ["spec.rebalance is WhenUneven"] : []),
        pin
      ]
    case "Fuller":
      return [`${node.name} has fewer other groups than the chosen node`, pin]
    case "LessPreferred":
    case "Unsteady":
      return [ofPreference(against.preference, node), pin]
    default:
      return [pin]
  }
}
