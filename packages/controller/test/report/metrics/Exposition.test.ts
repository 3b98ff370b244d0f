import { assert, describe, it } from "@effect/vitest"
import { definitions } from "@netcup-failover/controller/Metrics"
import * as Exposition from "@netcup-failover/controller/report/metrics/Exposition"
import * as Schema from "effect/Schema"

const { sample } = Exposition

/** What Prometheus reads of a label's value. */
const unescape = (text: string) =>
  text.replace(/\\(.)/gu, (_, letter) => (letter === "n" ? "\n" : letter === '"' || letter === "\\" ? letter : "?"))

describe("the exposition", () => {
  it("tells each metric's help and type once, and all its series below them", () => {
    const help = definitions.netcup_failover_group_routed.help
    assert.strictEqual(
      Exposition.format([
        sample("netcup_failover_group_routed", 1, { group: "a" }),
        sample("process_resident_memory_bytes", 5),
        sample("netcup_failover_group_routed", 0, { group: "b" })
      ]),
      `# HELP netcup_failover_group_routed ${help}
# TYPE netcup_failover_group_routed gauge
netcup_failover_group_routed{group="a"} 1
netcup_failover_group_routed{group="b"} 0
# HELP process_resident_memory_bytes ${definitions.process_resident_memory_bytes.help}
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 5
`
    )
  })

  it("tells nothing of nothing", () => {
    assert.strictEqual(Exposition.format([]), "")
  })

  it("of two samples of one series tells the last: Prometheus refuses a page with both", () => {
    const text = Exposition.format([
      sample("netcup_failover_group_routed", 1, { group: "a" }),
      sample("netcup_failover_group_routed", 0, { group: "a" })
    ])
    assert.deepStrictEqual(text.match(/^netcup\S* .*$/gmu), ['netcup_failover_group_routed{group="a"} 0'])
  })

  it("writes numbers that have no end as Prometheus does", () => {
    const value = (number: number) =>
      Exposition.format([sample("netcup_failover_budget_wait_seconds", number)])
        .trim()
        .split(" ")
        .at(-1)
    assert.deepStrictEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN].map(value), [
      "+Inf",
      "-Inf",
      "NaN"
    ])
  })

  it.prop("keeps any label value on its line, and gives it back as it was", [Schema.String], ([group]) => {
    const text = Exposition.format([sample("netcup_failover_group_routed", 1, { group })])
    const lines = text.split("\n")
    assert.lengthOf(lines, 4)
    const [, written = ""] =
      /^netcup_failover_group_routed\{group="((?:[^"\\]|\\.)*)"\} 1$/su.exec(lines[2] ?? "") ?? []
    assert.strictEqual(unescape(written), group)
  })

  it("escapes quotes, backslashes and line ends of labels", () => {
    assert.include(
      Exposition.format([sample("netcup_failover_group_routed", 1, { group: 'a"b\\c\nd' })]),
      '{group="a\\"b\\\\c\\nd"} 1'
    )
  })
})
