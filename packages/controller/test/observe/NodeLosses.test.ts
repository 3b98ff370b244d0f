import { assert, describe, it } from "@effect/vitest"
import * as NodeLosses from "@netcup-failover/controller/observe/NodeLosses"
import { fromDeclared } from "@netcup-failover/core/Verdict"
import { candidate, node } from "../Given.ts"

const failed = (n: number) => candidate(n, { verdict: fromDeclared({ ready: "False", deleting: false }) })

describe("losses of nodes", () => {
  it("are dated by the first word of them, until the node is well again", () => {
    const losses = NodeLosses.make()
    losses.learn([candidate(1)], 10)
    assert.isUndefined(losses.lostAt(node(1)))
    losses.learn([failed(1)], 20)
    losses.learn([failed(1)], 30)
    assert.strictEqual(losses.lostAt(node(1)), 20)
    losses.learn([candidate(1)], 40)
    assert.isUndefined(losses.lostAt(node(1)))
    losses.learn([failed(1)], 50)
    assert.strictEqual(losses.lostAt(node(1)), 50)
  })

  it("are those of nodes that go, too; one that failed before it went was lost then", () => {
    const losses = NodeLosses.make()
    losses.learn([candidate(1), failed(2)], 10)
    losses.learn([], 20)
    losses.learn([], 30)
    assert.deepStrictEqual(
      [losses.lostAt(node(1)), losses.lostAt(node(2)), losses.lostAt(node(3))],
      [20, 10, undefined]
    )
  })

  it("of nodes that went are forgotten after an hour, and of nodes that are there never", () => {
    const losses = NodeLosses.make()
    losses.learn([failed(1), failed(2)], 0)
    losses.learn([failed(2)], 3_599_999)
    assert.strictEqual(losses.lostAt(node(1)), 0)
    losses.learn([failed(2)], 3_600_000)
    assert.deepStrictEqual([losses.lostAt(node(1)), losses.lostAt(node(2))], [undefined, 0])
  })
})
