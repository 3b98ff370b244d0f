import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it, layer } from "@effect/vitest"
import { type Definition, definitions } from "@netcup-failover/controller/Metrics"
import * as PromtoolBinary from "@netcup-failover/testing/kubernetes/PromtoolBinary"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { parse, stringify } from "yaml"

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const read = (path: string) => readFileSync(file(path), "utf8")
const promtool = await Effect.runPromise(PromtoolBinary.forTests)
const patience = 60_000

const list: Readonly<Record<string, Definition>> = definitions
const suffixes = ["_bucket", "_sum", "_count"]
/** All that a query may name. */
const series = new Set(
  Object.entries(list).flatMap(([name, { type }]) =>
    type === "histogram" ? suffixes.map((suffix) => `${name}${suffix}`) : [name]
  )
)

const Rules = Schema.Struct({
  groups: Schema.Array(
    Schema.Struct({
      rules: Schema.Array(
        Schema.Struct({
          alert: Schema.NonEmptyString,
          expr: Schema.NonEmptyString,
          for: Schema.optionalKey(Schema.String),
          labels: Schema.Struct({ severity: Schema.Literals(["critical", "warning"]) }),
          annotations: Schema.Struct({
            summary: Schema.NonEmptyString,
            description: Schema.NonEmptyString,
            runbook_url: Schema.NonEmptyString
          })
        })
      )
    })
  )
})
const rules = Schema.decodeUnknownSync(Rules)(parse(read("infra/monitoring/rules.yaml")), {
  onExcessProperty: "ignore"
}).groups.flatMap((group) => group.rules)

const RuleTests = Schema.Struct({
  tests: Schema.Array(
    Schema.Struct({
      input_series: Schema.Array(Schema.Struct({ series: Schema.String })),
      promql_expr_test: Schema.Array(
        Schema.Struct({
          expr: Schema.String,
          exp_samples: Schema.Array(Schema.Struct({ labels: Schema.String, value: Schema.Finite }))
        })
      )
    })
  )
})
const ruleTests = Schema.decodeUnknownSync(RuleTests)(parse(read("infra/monitoring/rules.test.yaml")), {
  onExcessProperty: "ignore"
}).tests

const Target = Schema.Struct({ expr: Schema.NonEmptyString, datasource: Schema.Struct({ uid: Schema.String }) })
const Dashboard = Schema.Struct({
  uid: Schema.NonEmptyString,
  schemaVersion: Schema.Int,
  templating: Schema.Struct({
    list: Schema.Array(Schema.Struct({ name: Schema.String, type: Schema.String, query: Schema.Unknown }))
  }),
  panels: Schema.Array(
    Schema.Struct({
      id: Schema.Int,
      type: Schema.String,
      title: Schema.NonEmptyString,
      gridPos: Schema.Struct({ x: Schema.Int, y: Schema.Int, w: Schema.Int, h: Schema.Int }),
      targets: Schema.optionalKey(Schema.Array(Target))
    })
  )
})
const dashboardText = read("infra/monitoring/dashboard.json")
const dashboard = Schema.decodeUnknownSync(Schema.fromJsonString(Dashboard))(dashboardText)

/** How Grafana writes that a data source is chosen by whoever looks. */
const variable = ["$", "{datasource}"].join("")

/** Grafana's variables with values of their kind. */
const promql = (expr: string) => expr.replaceAll("$__rate_interval", "5m").replaceAll("$__range", "1d")
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => promql(expr)))

/** The metrics that an expression names: words before a selector, and words that can be nothing else. */
const metricsOf = (expr: string): ReadonlyArray<string> =>
  expr.replace(/"(?:[^"\\]|\\.)*"/gu, '""').match(/\b(?:netcup|process|nodejs)_\w+/gu) ?? []

const unlisted = (exprs: ReadonlyArray<string>) => exprs.flatMap(metricsOf).filter((name) => !series.has(name))

describe("the alert rules", () => {
  it("name each alert once, and what is on the list of metrics only", () => {
    assert.lengthOf(new Set(rules.map(({ alert }) => alert)), rules.length)
    for (const { alert, expr } of rules) assert.isNotEmpty(metricsOf(expr), alert)
    assert.deepStrictEqual(unlisted(rules.map(({ expr }) => expr)), [])
  })

  it("have a runbook page each, and no page is without an alert", () => {
    const pages = readdirSync(file("docs/runbooks")).filter((name) => name !== "README.md")
    assert.sameMembers(
      pages,
      rules.map(({ alert }) => `${alert}.md`)
    )
    for (const { alert, annotations, labels } of rules) {
      assert.strictEqual(annotations.runbook_url, `https://runbooks.invalid/${alert}.md`)
      const page = read(`docs/runbooks/${alert}.md`)
      assert.match(page, new RegExp(`^# ${alert}\n\nSeverity: ${labels.severity}\\.\n`, "u"))
      for (const heading of ["Meaning", "Impact", "Diagnosis", "What to do"]) {
        assert.match(page, new RegExp(`^## ${heading}\n\n\\S`, "mu"), alert)
      }
      assert.include(read("docs/runbooks/README.md"), `(${alert}.md)`)
    }
  })

  it("are each tested where they fire and where they do not", () => {
    const tests = ruleTests.flatMap((test) => test.promql_expr_test)
    for (const { alert } of rules) {
      const named = `alertname="${alert}"`
      assert.isTrue(
        tests.some((test) => test.exp_samples.some(({ labels }) => labels.includes(named))),
        `${alert} never fires`
      )
      assert.isTrue(
        tests.some(({ expr, exp_samples }) => expr.includes(named) && exp_samples.length === 0),
        `${alert} always fires`
      )
    }
    assert.deepStrictEqual(
      unlisted(ruleTests.flatMap(({ input_series }) => input_series.map((one) => one.series.replace(/\{.*/u, "")))),
      []
    )
  })
})

describe("the dashboard", () => {
  it("has panels with ids of their own, side by side, and queries of the list's metrics only", () => {
    const { panels } = dashboard
    assert.lengthOf(new Set(panels.map(({ id }) => id)), panels.length)
    assert.deepStrictEqual(unlisted(queries), [])
    for (const query of queries) assert.isNotEmpty(metricsOf(query))
    for (const [i, a] of panels.entries()) {
      assert.isAtMost(a.gridPos.x + a.gridPos.w, 24, a.title)
      for (const b of panels.slice(i + 1)) {
        const apart =
          a.gridPos.x + a.gridPos.w <= b.gridPos.x ||
          b.gridPos.x + b.gridPos.w <= a.gridPos.x ||
          a.gridPos.y + a.gridPos.h <= b.gridPos.y ||
          b.gridPos.y + b.gridPos.h <= a.gridPos.y
        assert.isTrue(apart, `${a.title} overlaps ${b.title}`)
      }
    }
  })

  it("asks the data source that its variable names, and no other", () => {
    assert.isTrue(
      dashboard.templating.list.some(
        ({ name, type, query }) => name === "datasource" && type === "datasource" && query === "prometheus"
      )
    )
    const uids = [...dashboardText.matchAll(/"datasource":\s*\{\s*"type":\s*"(\w+)",\s*"uid":\s*"([^"]*)"/gu)]
    const found = new Set(uids.map(([, type, uid]) => `${type} ${uid}`))
    assert.deepStrictEqual(found, new Set(["grafana -- Grafana --", `prometheus ${variable}`]))
    for (const { targets = [] } of dashboard.panels)
      for (const { datasource } of targets) assert.strictEqual(datasource.uid, variable)
  })
})

describe("docs/metrics.md", () => {
  it("has each metric of the list once, as the list has it, and no other", () => {
    const rows = [...read("docs/metrics.md").matchAll(/^\|\s*`(\w+)`\s*\|\s*(\w+)\s*\|([^|]*)\|\s*(.*?)\s*\|$/gmu)].map(
      ([, name = "", type = "", labels = "", help = ""]) => {
        return { name, type, labels: [...labels.matchAll(/`(\w+)`/gu)].map(([, label]) => label), help }
      }
    )
    assert.deepStrictEqual(
      rows,
      Object.entries(list).map(([name, { type, labels, help }]) => ({ name, type, labels: [...labels], help }))
    )
  })

  it("is about names whose units and kinds end as Prometheus wants them", () => {
    for (const [name, { type, help }] of Object.entries(list)) {
      assert.strictEqual(name.endsWith("_total"), type === "counter", name)
      if (type === "histogram") assert.match(name, /_seconds$/u)
      assert.notMatch(name, /milli|_ms\b|minutes|_kb\b/u)
      assert.match(help, /\.$/u, name)
    }
  })
})

layer(NodeServices.layer, { excludeTestServices: true })("promtool", (it) => {
  const accepts = Effect.fnUntraced(function* (args: ReadonlyArray<string>) {
    const { promtool } = yield* PromtoolBinary.locate
    const child = yield* ChildProcess.make(promtool, args)
    const said = yield* child.all.pipe(Stream.decodeText, Stream.mkString)
    assert.strictEqual(yield* child.exitCode, 0, said)
  }, Effect.scoped)

  it.effect.skipIf(promtool.skip)(
    `accepts the rules, without a doubt${promtool.note}`,
    () => accepts(["check", "rules", "--lint=all", "--lint-fatal", file("infra/monitoring/rules.yaml")]),
    patience
  )

  it.effect.skipIf(promtool.skip)(
    `finds that each alert fires when it must, and only then${promtool.note}`,
    () => accepts(["test", "rules", file("infra/monitoring/rules.test.yaml")]),
    patience
  )

  it.effect.skipIf(promtool.skip)(
    `understands each query of the dashboard${promtool.note}`,
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const path = yield* fs.makeTempFileScoped({ suffix: ".yaml" })
        const rules = queries.map((expr, i) => ({ record: `dashboard:query:${i}`, expr }))
        yield* fs.writeFileString(path, stringify({ groups: [{ name: "dashboard", rules }] }))
        yield* accepts(["check", "rules", path])
      }).pipe(Effect.scoped),
    patience
  )
})
