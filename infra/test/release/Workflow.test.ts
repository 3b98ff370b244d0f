import { readFileSync } from "node:fs"
import { assert, test } from "vitest"
import { parse } from "yaml"

const text = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8")
const chart = "infra/helm/netcup-failover-controller"

interface Job {
  readonly needs?: string | ReadonlyArray<string>
  readonly uses?: string
  readonly steps?: ReadonlyArray<{ readonly run?: string }>
}
const { jobs }: { readonly jobs: Readonly<Record<string, Job>> } = parse(text(".github/workflows/release.yml"))

/** All that has to have passed before a job. */
const before = (name: string): ReadonlySet<string> => {
  const direct = [jobs[name]?.needs ?? []].flat()
  return new Set(direct.flatMap((need) => [need, ...before(need)]))
}
const scripts = (name: string) => (jobs[name]?.steps ?? []).flatMap(({ run }) => run ?? [])

test("nothing is published before the tag is the version of everything, and before all tests have passed", () => {
  assert.isTrue(scripts("version").some((run) => run.includes('node infra/release/version.ts "$GITHUB_REF_NAME"')))
  assert.strictEqual(jobs.tests?.uses, "./.github/workflows/ci.yml")
  for (const job of ["image", "chart", "packages", "release", "pages"]) {
    assert.includeMembers([...before(job)], ["version", "tests"], job)
  }
})

test("the chart that is published has the tag's version, and names the image that is published with it", () => {
  const [named, packed] = scripts("chart").slice(-2)
  assert.include(packed, 'test -f "chart/netcup-failover-controller-$VERSION.tgz"')
  const [, pattern = "", by] = /"s\|(.*?)\|(.*?)\|"/u.exec(named ?? "") ?? []
  assert.strictEqual(by, "  repository: $" + "{IMAGE,,}")
  for (const path of [`${chart}/values.yaml`, `${chart}/files/defaults.yaml`]) {
    assert.include(named, path.replace(chart, "$CHART"))
    const renamed: unknown = parse(
      text(path).replaceAll(new RegExp(pattern, "gmu"), "  repository: ghcr.io/mine/image")
    )
    const expected: { image: { repository: string } } = parse(text(path))
    expected.image.repository = "ghcr.io/mine/image"
    assert.deepStrictEqual(renamed, expected)
  }
})
