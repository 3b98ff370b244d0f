import { assert, describe, it } from "@effect/vitest"
import type { Account } from "@netcup-failover/core/Account"
import type { Candidate } from "@netcup-failover/core/Candidate"
import type { Group } from "@netcup-failover/core/Group"
import * as Plan from "@netcup-failover/core/Plan"
import { ServerMapping } from "@netcup-failover/core/ServerMapping"
import { fromDeclared, Sign, type Verdict } from "@netcup-failover/core/Verdict"
import { accountA, address, candidate, newGroup, node, server } from "./Worlds.ts"

const [a, b] = [address("198.51.100.1/32"), address("198.51.100.2/32")]

const suspect: Verdict = { state: "Suspect", reasons: [Sign.Unanswering({ since: 0 })], changesAt: undefined }
const dead = fromDeclared({ ready: "False", deleting: false })
const unknown = { server: undefined }

interface Case {
  /** Which server each of both addresses is on; 9 is none of the cluster's, 0 is nowhere. */
  readonly at: readonly [number, number]
  readonly nodes?: ReadonlyArray<Candidate>
  readonly group?: Partial<Group>
  readonly account?: Partial<Account>
}

const all = [1, 2, 3].map((n) => candidate(n))

/** A group that was on the first node. */
const decided = ({ at, nodes = all, group = {}, account = {} }: Case): string => {
  const addresses = [a, b]
  const routes = new Map(
    addresses.flatMap(({ prefix }, i) => (at[i] === 0 ? [] : [[prefix, server(at[i] ?? 0)] as const]))
  )
  const one = newGroup("web", { addresses, current: node(1), ...group })
  const known = { servers: new Set([1, 2, 3].map(server)), routes, ...account }
  const decision = Plan.plan({ nodes, groups: [one], accounts: new Map([[accountA, known]]) }).get("web")
  switch (decision?._tag) {
    case "Move":
      return `Move ${decision.to} ${decision.because._tag}`
    case "Stay":
      return `Stay ${decision.node}`
    case "Hold":
      return `Hold ${decision.because._tag}`
    default:
      return `${decision?._tag}`
  }
}

const locked = (...addresses: ReadonlyArray<typeof a>) => ({ locked: new Set(addresses.map(({ prefix }) => prefix)) })
const strayed = (...addresses: ReadonlyArray<typeof a>) => ({
  strayed: { prefixes: addresses.map(({ prefix }) => prefix), contested: false }
})
const mapped = (...mappings: ReadonlyArray<readonly [number, ServerMapping]>) => ({
  mapping: new Map(mappings.map(([n, mapping]) => [node(n), mapping]))
})
const by = (n: number) => ServerMapping.Mapped({ server: server(n), by: "address" })
const shared = (n: number) => ServerMapping.Shared({ server: server(n), nodes: [node(3)] })
const lost = (n: number, verdict?: Verdict) =>
  all.map((one) => (one.name === node(n) ? { ...one, ...unknown, ...(verdict === undefined ? {} : { verdict }) } : one))
const judged = (n: number, verdict: Verdict) => all.map((one) => (one.name === node(n) ? { ...one, verdict } : one))

const hold = (title: string, cases: ReadonlyArray<readonly [string, string, Case]>) =>
  describe(title, () => {
    for (const [what, wanted, one] of cases) it(`${what}: ${wanted}`, () => assert.strictEqual(decided(one), wanted))
  })

hold("an address that this login cannot route", [
  ["stays with its group", "Stay n1", { at: [1, 1], account: locked(a) }],
  [
    "holds its group when the node fails",
    "Hold AddressLocked",
    { at: [1, 1], nodes: judged(1, dead), account: locked(a) }
  ],
  ["holds its group where it is nowhere", "Hold AddressLocked", { at: [0, 0], account: locked(a) }],
  ["is followed by the others to where it is", "Move n2 Incomplete", { at: [1, 2], account: locked(b) }],
  ["does not leave its node for a pin", "Stay n1", { at: [1, 1], group: { pin: node(2) }, account: locked(a) }],
  [
    "does not keep the other, which somebody has moved, from being put back",
    "Move n1 Drifted",
    { at: [1, 2], group: strayed(b), account: locked(a) }
  ],
  [
    "is not put back by this login when somebody has moved it: the others follow",
    "Move n2 Incomplete",
    { at: [1, 2], group: strayed(b), account: locked(b) }
  ],
  [
    "is left where somebody has moved it, if that is only to be told",
    "Hold Drifted",
    { at: [1, 2], group: { ...strayed(b), drift: "Alert" }, account: locked(b) }
  ],
  [
    "does not follow another that somebody has moved",
    "Move n1 Drifted",
    { at: [1, 2], group: { ...strayed(b), drift: "Adopt" }, account: locked(a) }
  ],
  [
    "is followed where somebody has moved it",
    "Move n2 Adopted",
    { at: [1, 2], group: { ...strayed(b), drift: "Adopt" }, account: locked(b) }
  ],
  [
    "holds its group when somebody has moved it to a server of nobody's",
    "Hold AddressLocked",
    { at: [1, 9], group: strayed(b), account: locked(b) }
  ]
])

hold("what somebody has moved", [
  [
    "is put back to a node that is known by its address",
    "Move n1 Drifted",
    { at: [1, 2], nodes: lost(1), group: strayed(b), account: mapped([1, by(1)]) }
  ],
  [
    "is followed to such a node",
    "Move n2 Adopted",
    { at: [1, 2], nodes: lost(2), group: { ...strayed(b), drift: "Adopt" }, account: mapped([2, by(2)]) }
  ],
  [
    "is fetched from such a node when that has failed",
    "Move n1 LeftNode",
    { at: [1, 2], nodes: lost(2, dead), group: { ...strayed(b), drift: "Alert" }, account: mapped([2, by(2)]) }
  ],
  [
    "is not followed to a node in doubt",
    "Move n1 Drifted",
    { at: [1, 2], group: { ...strayed(b), drift: "Adopt" }, account: mapped([2, shared(2)]) }
  ]
])

hold("a node of which it is not known which server it is", [
  [
    "keeps its group while netcup has not told enough to say",
    "Hold ServerUnknown",
    { at: [0, 0], nodes: lost(1), account: { unidentified: new Set([server(1)]) } }
  ],
  [
    "keeps it then as a suspect, too",
    "Hold ServerUnknown",
    { at: [0, 0], nodes: lost(1, suspect), account: { unidentified: new Set([server(1)]) } }
  ],
  [
    "loses it when it fails",
    "Move n3 LeftNode",
    { at: [0, 0], nodes: lost(1, dead), account: { unidentified: new Set([server(1)]) } }
  ]
])

hold("a node in doubt", [
  ["keeps what it wholly has", "Stay n1", { at: [1, 1], account: mapped([1, shared(1)]) }],
  [
    "keeps what it may have, while netcup does not tell of its server",
    "Hold ServerUnknown",
    { at: [0, 0], account: { ...mapped([1, shared(1)]), unread: new Set([server(1)]) } }
  ],
  [
    "keeps that as a suspect that is known by its address",
    "Hold ServerUnknown",
    { at: [0, 0], nodes: lost(1, suspect), account: { ...mapped([1, by(1)]), unread: new Set([server(1)]) } }
  ],
  [
    "keeps what it has as a suspect that is known by its address",
    "Stay n1",
    { at: [1, 1], nodes: lost(1, suspect), account: mapped([1, by(1)]) }
  ]
])
