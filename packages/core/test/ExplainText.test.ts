import { assert, describe, it } from "@effect/vitest"
import { explain } from "@netcup-failover/core/Explain"
import { render } from "@netcup-failover/core/ExplainText"
import { type Group, HoldReason } from "@netcup-failover/core/Group"
import type { World } from "@netcup-failover/core/Plan"
import { fromDeclared } from "@netcup-failover/core/Verdict"
import { accountA, address, candidate, newGroup, node, server } from "./Worlds.ts"

const now = Date.parse("2026-11-22T12:00:00Z")
const web = (more: Partial<Group> = {}) => newGroup("web", { addresses: [address("198.51.100.1/32")], ...more })

/** Of `web` and what else there is, as lines. `at`: the server that has web's address. */
const lines = (
  { nodes, groups }: Pick<World, "nodes" | "groups">,
  at: number | undefined,
  since?: ReadonlyMap<string, number>
) => {
  const everywhere = groups.flatMap((group) =>
    group.addresses.flatMap(({ prefix }) => {
      const on = group.name === "web" ? at : Number(group.name.slice(1))
      return on === undefined ? [] : [[prefix, server(on)] as const]
    })
  )
  const account = { servers: new Set([1, 2, 3, 4, 5].map(server)), routes: new Map(everywhere) }
  const world = { nodes, groups, accounts: new Map([[accountA, account]]), now }
  return explain(world, { only: new Set(["web"]), ...(since === undefined ? {} : { since }) })
    .map(render)
    .join("\n")
    .split("\n")
}

describe("an explanation in words", () => {
  it("says since when a group is where it is, why it stays, and what would move it", () => {
    const nodes = [candidate(1), candidate(2), candidate(3, { server: undefined })]
    const group = web({ current: node(1) })
    assert.deepStrictEqual(lines({ nodes, groups: [group] }, 1, new Map([["web", now]])), [
      "web is on n1 since 2026-11-22T12:00:00.000Z: all its addresses are there, and it may keep them",
      "  n2 could have it, but the group stays where it is well",
      "    goes there if: kubectl annotate netcupfailoverip web netcup.digilol.net/move-to=n2",
      "  n3 has no annotation netcup.digilol.net/server-name, and nothing else tells which server it is",
      "    needs: it names its server: kubectl annotate node n3 netcup.digilol.net/server-name=v…"
    ])
  })

  it("names the policy that would bring it to a node with more room", () => {
    const nodes = [candidate(1), candidate(2, { labels: { zone: "a" } })]
    const preferences = [{ weight: 1, nodeSelector: { matchLabels: { zone: "a" } } }]
    const groups = [web({ current: node(1), preferences }), newGroup("x1", { current: node(1) })]
    assert.deepStrictEqual(lines({ nodes, groups }, 1).slice(1), [
      "  n2 could have it, but the group stays where it is well",
      "    goes there if: spec.failback is WhenPreferred",
      "    or: spec.rebalance is WhenUneven",
      "    or: kubectl annotate netcupfailoverip web netcup.digilol.net/move-to=n2"
    ])
  })

  it("says why a group fails back to one node and to no other", () => {
    const labels = { zone: "a" }
    const nodes = [
      candidate(1),
      candidate(2, { labels }),
      candidate(3, { labels, settledAt: now + 1 }),
      candidate(4, { labels, pressures: ["DiskPressure"] }),
      candidate(5, { labels: { zone: "a", size: "large" } })
    ]
    const weigh = (matchLabels: Readonly<Record<string, string>>) => ({ weight: 1, nodeSelector: { matchLabels } })
    const preferences = [weigh(labels), weigh({ size: "large" })]
    const group = web({ current: node(1), preferences, failback: "WhenPreferred" })
    const groups = [group, newGroup("x1", { current: node(1) }), newGroup("x5", { current: node(5) })]
    const others = [newGroup("y5", { addresses: [address("198.51.100.9/32")], current: node(5) })]
    assert.deepStrictEqual(
      lines({ nodes, groups: [...groups, ...others] }, 1).filter((line) => !line.startsWith("    ")),
      [
        "web goes to n2: the group's preferences weigh it more than n1",
        "  n1 is less preferred: weighted",
        "  n3 gets nothing that does well elsewhere, since it is not settled",
        "  n4 gets nothing that does well elsewhere, since it is not unpressed",
        "  n5 carries 2 groups, n2 only 0 beside this one"
      ]
    )
  })

  it("compares loads, preferences by their names, and says when the hash picked", () => {
    const nodes = [
      candidate(1, { verdict: fromDeclared({ ready: "Unknown", deleting: false }) }),
      candidate(2),
      candidate(3, { cordoned: true }),
      candidate(4),
      candidate(5)
    ]
    const groups = [web({ current: node(1) }), newGroup("x4", { current: node(4) })]
    const found = lines({ nodes, groups }, 1).filter((line) => !line.startsWith("    "))
    const [to, other] = found[0]?.includes("goes to n2") === true ? ["n2", "n5"] : ["n5", "n2"]
    assert.sameMembers(found, [
      `web goes to ${to}: n1 is silent (Ready=Unknown)`,
      "  n1 is silent (Ready=Unknown)",
      "  n3 is less preferred: uncordoned",
      `  n4 carries 1 group, ${to} only 0 beside this one`,
      `  ${other} is as good: the hash of the group's name picked ${to}`
    ])
  })

  it("says why a group is left alone, and of one that no node can take what each needs", () => {
    const paused = web({ current: node(1), held: { because: HoldReason.Paused({}), until: undefined } })
    assert.deepStrictEqual(lines({ nodes: [candidate(1), candidate(2)], groups: [paused] }, 1), [
      "web is left alone, on n1: nothing is moved while spec.paused is true",
      "  n2 is not weighed: nothing is moved for now",
      "    goes there if: the group is no longer held"
    ])
    const down = candidate(1, {
      verdict: fromDeclared({ ready: "False", deleting: false, outOfService: ["node.kubernetes.io/out-of-service"] })
    })
    const picky = web({ selector: { matchLabels: { role: "edge" } }, pin: node(2) })
    assert.deepStrictEqual(lines({ nodes: [down], groups: [picky] }, undefined), [
      "web can be on no node: none can take it",
      "  n1 is out of service (taint node.kubernetes.io/out-of-service) and is not ready, is not selected (role In (edge))",
      "    needs: the taint is taken off: kubectl taint node n1 node.kubernetes.io/out-of-service-",
      "    and: n1 is Ready again",
      "    and: n1 gets labels for role In (edge), or spec.nodeSelector is changed"
    ])
  })

  it("tells of a pin that is followed, and of one that cannot be", () => {
    const nodes = [candidate(1), candidate(2)]
    assert.deepStrictEqual(lines({ nodes, groups: [web({ current: node(1), pin: node(1) })] }, 1), [
      "web is on n1: all its addresses are there, and it may keep them, and the annotation netcup.digilol.net/move-to names it",
      "  n2 could have it, but the annotation netcup.digilol.net/move-to names n1",
      "    goes there if: kubectl annotate netcupfailoverip web --overwrite netcup.digilol.net/move-to=n2"
    ])
    assert.include(
      lines({ nodes, groups: [web({ current: node(1), pin: node(6) })] }, 1),
      "  the annotation netcup.digilol.net/move-to names n6, which is no node of this cluster: correct or remove it"
    )
  })
})
