import { assert, describe, it } from "@effect/vitest"
import { DetectionKey } from "@netcup-failover/core/detect/DetectionChoice"
import type { Group } from "@netcup-failover/core/Group"
import * as Plan from "@netcup-failover/core/Plan"
import { fromDeclared } from "@netcup-failover/core/Verdict"
import { holdReason } from "@netcup-failover/core/Wording"
import { accountA, address, candidate, newGroup, node, server, worlds } from "./Worlds.ts"

const [a, b] = [address("198.51.100.1/32"), address("198.51.100.2/32")]

interface Case {
  /** Which server each of both addresses is on; 9 is none of the cluster's, 0 is nowhere. */
  readonly at: readonly [number, number]
  readonly group?: Partial<Group>
  readonly nodes?: World["nodes"]
  readonly contested?: boolean
  readonly off?: number
}
type World = Plan.World

const all = [1, 2, 3].map((n) => candidate(n))
const failed = (n: number) => candidate(n, { verdict: fromDeclared({ ready: "False", deleting: false }) })

const detection = DetectionKey.make("own")
const verdict = {
  well: fromDeclared({ ready: "True", deleting: false }),
  ill: fromDeclared({ ready: "False", deleting: false })
}
const failedFor = (n: number) => candidate(n, { verdict: verdict.well, verdicts: new Map([[detection, verdict.ill]]) })
const aliveFor = (n: number) => candidate(n, { verdict: verdict.ill, verdicts: new Map([[detection, verdict.well]]) })

/** A group that was on the first node, and whose addresses elsewhere were moved by somebody. */
const decided = ({ at, group = {}, nodes = all, contested = false, off }: Case): Plan.Decision | undefined => {
  const addresses = [a, b]
  const routes = new Map(
    addresses.flatMap(({ prefix }, i) => (at[i] === 0 ? [] : [[prefix, server(at[i] ?? 0)] as const]))
  )
  const prefixes = addresses.filter((_, i) => at[i] !== 1).map(({ prefix }) => prefix)
  const one = newGroup("web", { addresses, current: node(1), strayed: { prefixes, contested }, ...group })
  const account = {
    servers: new Set([1, 2, 3].map(server)),
    routes,
    ...(off === undefined ? {} : { notRunning: new Set([server(off)]) })
  }
  return Plan.plan({ nodes, groups: [one], accounts: new Map([[accountA, account]]) }).get("web")
}

const brief = (decision: Plan.Decision | undefined): string => {
  switch (decision?._tag) {
    case "Move":
      return `Move ${decision.to} ${decision.because._tag}`
    case "Stay":
      return `Stay ${decision.node}${decision.adopted === undefined ? "" : ` ${decision.adopted._tag}`}`
    case "Hold":
      return `Hold ${decision.because._tag}`
    default:
      return `${decision?._tag}`
  }
}

const adopt = { drift: "Adopt" } as const
const alert = { drift: "Alert" } as const

describe("addresses that somebody has moved", () => {
  for (const [what, wanted, one] of [
    ["are put back where nobody says otherwise, all of them", "Move n1 Drifted", { at: [2, 2] }],
    ["are put back, one of them", "Move n1 Drifted", { at: [1, 2] }],
    ["are put back from nowhere", "Move n1 Drifted", { at: [1, 0] }],
    ["are put back from a server that is no node", "Move n1 Drifted", { at: [9, 9], group: { drift: "Enforce" } }],
    ["are followed by the others", "Move n2 Adopted", { at: [1, 2], group: adopt }],
    ["are followed, where all of them were moved", "Stay n2 Adopted", { at: [2, 2], group: adopt }],
    ["are put back, if the node cannot have them", "Move n1 Drifted", { at: [1, 9], group: adopt }],
    ["are followed to a node that can have them", "Move n3 Adopted", { at: [9, 3], group: adopt }],
    [
      "are put back, if the user pins the group there",
      "Move n1 Drifted",
      { at: [2, 2], group: { ...adopt, pin: node(1) } }
    ],
    ["are left there, and that is told", "Hold Drifted", { at: [1, 2], group: alert }],
    ["are left there, if all of them were moved", "Hold Drifted", { at: [2, 2], group: alert }],
    ["are left there after they were put back too often", "Hold Contested", { at: [2, 2], contested: true }],
    ["are followed all the same, which is no fight", "Stay n2 Adopted", { at: [2, 2], contested: true, group: adopt }],
    [
      "are fetched from a node that has failed",
      "Move n1 LeftNode",
      { at: [1, 2], group: alert, nodes: [candidate(1), failed(2)] }
    ],
    [
      "are fetched from a node that has failed by the group's own choice alone",
      "Move n1 LeftNode",
      { at: [1, 2], group: { ...alert, detection }, nodes: [candidate(1), failedFor(2)] }
    ],
    [
      "are left on a node that has failed for others alone",
      "Hold Drifted",
      { at: [1, 2], group: { ...alert, detection }, nodes: [candidate(1), aliveFor(2)] }
    ],
    ["are fetched from a server that is off", "Move n1 LeftNode", { at: [1, 2], group: alert, off: 2 }],
    [
      "are fetched so in a contest too",
      "Move n1 LeftNode",
      { at: [2, 2], contested: true, nodes: [candidate(1), failed(2)] }
    ],
    ["go to the pin", "Move n3 Pinned", { at: [9, 9], contested: true, group: { pin: node(3) } }],
    [
      "stay where they are when the group's own node fails",
      "Stay n2",
      { at: [2, 2], group: alert, nodes: [failed(1), candidate(2)] }
    ],
    [
      "are moved when the group's own node fails",
      "Move n2 LeftNode",
      { at: [9, 1], contested: true, nodes: [failed(1), candidate(2)] }
    ],
    [
      "go on with a move that had begun",
      "Move n3 Begun",
      { at: [1, 9], group: { ...alert, target: { node: node(3), committed: true } } }
    ]
  ] satisfies ReadonlyArray<readonly [string, string, Case]>) {
    it(`${what}: ${wanted}`, () => assert.strictEqual(brief(decided(one)), wanted))
  }

  it("are named with where they are, and what to do", () => {
    const decision = decided({ at: [2, 0], contested: true })
    if (decision?._tag !== "Hold") return assert.fail("not held")
    assert.match(
      holdReason(decision.because),
      /^198\.51\.100\.1\/32 is on s2, 198\.51\.100\.2\/32 is on none of the cluster's servers: somebody keeps moving them away from n1 .* netcup\.digilol\.net\/retry /u
    )
  })
})

describe("what is remembered of moves by others", () => {
  it.prop(
    "changes nothing for a group whose node has failed or is gone: a failover is always done",
    [worlds],
    ([world]) => {
      const dead = new Set(
        world.groups.flatMap(({ name, current }) => {
          const home = world.nodes.find((one) => one.name === current)
          return home === undefined || home.verdict.state === "Failed" ? [name] : []
        })
      )
      const told = world.with({
        groups: world.groups.map((group) =>
          dead.has(group.name)
            ? {
                ...group,
                drift: "Alert" as const,
                strayed: { prefixes: group.addresses.map(({ prefix }) => prefix), contested: true }
              }
            : group
        )
      })
      assert.deepStrictEqual(Plan.plan(told), Plan.plan(world))
    },
    { arbitrary: { runs: 300 } }
  )

  it.prop(
    "never moves a group of Alert but for the failure of a node, a pin, or what it had begun",
    [worlds],
    ([world]) => {
      const told = world.with({
        groups: world.groups.map((group) => ({
          ...group,
          drift: "Alert" as const,
          strayed: { prefixes: group.addresses.map(({ prefix }) => prefix), contested: false }
        }))
      })
      const isDead = world.nodes.some(({ verdict }) => verdict.state === "Failed")
      for (const [name, decision] of Plan.plan(told)) {
        const group = told.groups.find((one) => one.name === name)
        const isOff = group !== undefined && world.accountOf(group)?.notRunning !== undefined
        if (isDead || isOff || group?.target?.committed === true || decision._tag !== "Move") continue
        assert.notStrictEqual(decision.because._tag, "Drifted")
      }
    },
    { arbitrary: { runs: 300 } }
  )
})
