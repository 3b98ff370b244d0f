import { assert, test } from "vitest"
import * as Release from "../../release/Release.ts"

const changelog = `# Changelog

## Unreleased

## 1.2.3 - 2026-11-22

### Added

- Routes.

## [1.2.2] - 2026-11-01

- Less.
`
const chart = "version: 1.2.3\nappVersion: v1.2.3\n"
const files = [
  { name: "packages/core/package.json", text: '{ "version": "1.2.3" }' },
  { name: "infra/helm/x/Chart.yaml", text: chart },
  { name: "CHANGELOG.md", text: changelog }
]
const replaced = (name: string, text: string) => files.map((file) => (file.name.endsWith(name) ? { name, text } : file))

test("a tag that agrees with everything gives the image's tags and the changelog's section", () => {
  assert.deepStrictEqual(Release.check("v1.2.3", files), {
    _tag: "Agrees",
    release: {
      version: "1.2.3",
      imageTags: ["v1.2.3", "v1.2", "v1"],
      isPrerelease: false,
      notes: "### Added\n\n- Routes.\n"
    }
  })
})

test("a pre-release moves none of the tags that stand for a line of versions", () => {
  const all = files.map(({ name, text }) => ({ name, text: text.replaceAll("1.2.3", "1.2.3-rc.1") }))
  const checked = Release.check("v1.2.3-rc.1", all)
  assert.deepStrictEqual(checked._tag === "Agrees" && [checked.release.imageTags, checked.release.isPrerelease], [
    ["v1.2.3-rc.1"],
    true
  ])
})

test("whatever says another version is named, and so is a changelog without the section", () => {
  const cases = [
    ["package.json", '{ "version": "1.2.2" }'],
    ["package.json", "{}"],
    ["Chart.yaml", "version: 1.2.2\nappVersion: v1.2.3\n"],
    ["Chart.yaml", "version: 1.2.3\nappVersion: v1.2.2\n"],
    ["CHANGELOG.md", changelog.replace("## 1.2.3 - 2026-11-22", "## Soon")],
    ["CHANGELOG.md", changelog.replace("1.2.3", "1.2.30")]
  ] as const
  for (const [name, text] of cases) {
    const checked = Release.check("v1.2.3", replaced(name, text))
    assert.strictEqual(checked._tag, "Differs", text)
    if (checked._tag !== "Differs") continue
    assert.lengthOf(checked.problems, 1)
    assert.include(checked.problems[0], name)
  }
})

test("a tag that is no version is refused", () => {
  for (const tag of ["", "1.2.3", "v1.2", "v1.2.3.4", "v01.2.3", "v1.2.3 ", "va.b.c"]) {
    assert.strictEqual(Release.check(tag, files)._tag, "Differs", tag)
  }
})
