/**
 * Why a group is where it is, as data: what {@link Explain} says, and what programs read as JSON.
 */
import * as Schema from "effect/Schema"
import { NodeName } from "./Candidate.ts"
import { Prefix } from "./FailoverAddress.ts"
import { ServerName } from "./ServerName.ts"

const texts = Schema.Array(Schema.String)

const Sign = Schema.TaggedUnion({
  NotReady: {},
  Silent: {},
  NeverReady: {},
  Deleting: {},
  OutOfService: { taint: Schema.String },
  Maintenance: { note: Schema.String },
  Draining: {},
  LeaseStale: { since: Schema.Finite },
  Unanswering: { since: Schema.Finite },
  ServerDown: { word: Schema.String, since: Schema.Finite },
  Recovering: { since: Schema.Finite }
})

const Ineligibility = Schema.TaggedUnion({
  Failed: { signs: Schema.Array(Sign) },
  MissingAnnotation: {},
  AmbiguousServer: { servers: texts },
  SharedServer: { server: Schema.String, nodes: texts },
  ContradictingServer: { server: Schema.String, other: Schema.String, address: Schema.String },
  ForeignServer: { server: Schema.String },
  ServerNotRunning: { server: Schema.String },
  ServerUnroutable: { server: Schema.String },
  WrongSite: { server: Schema.String, prefixes: texts },
  NotSelected: { unmet: texts },
  Leaving: { taint: Schema.String },
  Suspect: { signs: Schema.Array(Sign) },
  Guarded: { signs: Schema.Array(Sign) },
  NotServing: {},
  Negated: { rule: Schema.String }
})

const Reasons = Schema.Array(Ineligibility)

const MoveReason = Schema.TaggedUnion({
  FirstPlacement: {},
  Begun: {},
  LeftNode: { from: NodeName, reasons: Reasons },
  Incomplete: { missing: Schema.Array(Prefix) },
  Drifted: { missing: Schema.Array(Prefix) },
  Adopted: { moved: Schema.Array(Prefix) },
  Pinned: {},
  Preferred: { over: NodeName },
  Uneven: { from: NodeName, load: Schema.Int, other: Schema.Int }
})

const MovedAway = Schema.Array(Schema.Struct({ prefix: Prefix, server: Schema.optionalKey(ServerName) }))

const HoldReason = Schema.TaggedUnion({
  InvalidSpec: { message: Schema.String },
  CredentialsError: { message: Schema.String },
  AccountUnknown: { message: Schema.String },
  ServerUnknown: { server: Schema.String },
  WorkloadUnknown: {},
  AddressLocked: { prefixes: texts },
  Paused: { credentials: Schema.optionalKey(Schema.String) },
  Conflict: { prefix: Schema.String, holder: Schema.String },
  Drifted: { node: NodeName, moved: MovedAway },
  Contested: { node: NodeName, moved: MovedAway }
})

/** What is decided, and why. */
const Because = Schema.TaggedUnion({
  /** All addresses are on the node, and it may keep them. `pinned`: the user wants them there, too. */
  Stay: { pinned: Schema.Boolean },
  Move: { reason: MoveReason },
  /** Nothing is done before `until` (ms since the epoch), or before something outside changes. */
  Hold: { reason: HoldReason, until: Schema.optionalKey(Schema.Finite) },
  Unplaceable: {}
})

/** Why a group is not on a node. */
export const Against = Schema.TaggedUnion({
  /** It cannot have the group: all that speaks against it, never nothing. */
  Ineligible: { reasons: Reasons },
  /** Nothing is moved, so it is not weighed. */
  Held: {},
  /** netcup was told already to route to the chosen one. */
  Begun: {},
  /** The user names the chosen one. */
  Pinned: {},
  /** It says that it is the server that the chosen one is. */
  SameServer: { server: Schema.String },
  /** It could have the group, which stays where it is well. Whether that policy alone would bring it here now. */
  Stays: { failback: Schema.Boolean, rebalance: Schema.Boolean },
  /** It has fewer of the group's addresses than the chosen one. */
  FewerAddresses: { count: Schema.Int, chosen: Schema.Int },
  /** The group was on the chosen one before. */
  NotLast: {},
  /** The group is on its way to the chosen one. */
  NotTarget: {},
  /** It carries `load` other groups, more than the chosen one does. */
  Fuller: { load: Schema.Int, chosen: Schema.Int },
  /** It is less preferred, by this preference. */
  LessPreferred: { preference: Schema.String },
  /** Nothing that does well elsewhere is moved to it, for a weak sign: what it is not (`settled`, `unpressed`, `uncordoned`). */
  Unsteady: { preference: Schema.String },
  /** It is as good: the hash of the group's name picked the other. */
  AsGood: {},
  /** It is as preferred, and moves of other groups made room there only after this group had its turn. */
  RoomCameLater: {},
  /** This strategy of spreading chose without regard to what else is compared here. */
  Strategy: { spread: Schema.String }
})
export type Against = typeof Against.Type

const Other = Schema.Struct({
  node: NodeName,
  against: Against,
  /** What would have to change for the group to go there, as sentences. Of `Ineligible`: all of it, for the node to be weighed at all. */
  wouldChange: texts
})

export const Explanation = Schema.Struct({
  group: Schema.String,
  /** Where the group is to be; of one that is held, where it is. Absent: on no node. */
  node: Schema.optionalKey(NodeName),
  /** Since when it is there, ms since the epoch, if that is known. Absent while it is not there yet. */
  since: Schema.optionalKey(Schema.Finite),
  because: Because,
  /** The node that the user wants it on, and why that cannot have it. No reasons: there is no such node. */
  unpinned: Schema.optionalKey(Schema.Struct({ node: NodeName, reasons: Reasons })),
  /** Rules that yielded, since no node that could have it passes them. */
  setAside: Schema.optionalKey(texts),
  /** Every other node, by name. */
  others: Schema.Array(Other)
})
export type Explanation = typeof Explanation.Type
