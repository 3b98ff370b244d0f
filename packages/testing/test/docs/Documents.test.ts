/**
 * Every page leads to what is there: files, headings, scripts.
 */
import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Markdown from "./Markdown.ts"

const root = fileURLToPath(new URL("../../../..", import.meta.url))

const pages = globSync(["*.md", "docs/**/*.md", "{apps,packages,bench}/**/*.md", "infra/**/*.md"], {
  cwd: root,
  exclude: (name) => name === "node_modules" || name === "dist"
}).toSorted()

const read = (page: string) => readFileSync(join(root, page), "utf8")

const Manifest = Schema.fromJsonString(Schema.Struct({ scripts: Schema.Record(Schema.String, Schema.String) }))
const { scripts } = Schema.decodeUnknownSync(Manifest)(read("package.json"))

/** Starts with a scheme: somebody else's. */
const foreign = /^[a-z][a-z0-9+.-]*:/iu

const brokenLink = (page: string, target: string): string | undefined => {
  const [path = "", anchor] = target.split("#", 2)
  const file = path === "" ? join(root, page) : resolve(root, dirname(page), decodeURIComponent(path))
  if (relative(root, file).startsWith("..")) return "leads out of the repository"
  if (!existsSync(file)) return "does not exist"
  if (anchor === undefined) return undefined
  if (!file.endsWith(".md")) return "has an anchor, but is no page"
  return Markdown.anchors(readFileSync(file, "utf8")).has(anchor) ? undefined : "has no such heading"
}

/** A path of the repository, perhaps with a pattern. What is built is there only after it was. */
const repositoryPath = /^(?:apps|packages|infra|docs|bench|\.ci|\.github)\/[\w./*{},-]*$/u
const built = /\/(?:dist|node_modules)(?:\/|$)/u

describe("documentation", () => {
  it("has the pages that this is about", () => {
    for (const page of ["README.md", "docs/quickstart.md", "apps/cli/README.md", "packages/netcup/README.md"]) {
      assert.include(pages, page)
    }
  })

  for (const page of pages) {
    it(`${page} leads to files and headings that are there`, () => {
      const broken = Markdown.targets(read(page))
        .filter((target) => !foreign.test(target))
        .flatMap((target) => {
          const why = brokenLink(page, target)
          return why === undefined ? [] : [`${target} ${why}`]
        })
      assert.deepStrictEqual(broken, [])
    })

    // It tells of what was.
    if (page === "CHANGELOG.md") continue
    it(`${page} names paths and scripts that are there`, () => {
      const text = read(page)
      const paths = Markdown.codes(text).filter((code) => repositoryPath.test(code) && !built.test(code))
      assert.deepStrictEqual(
        paths.filter((path) => globSync(path.replace(/\/$/u, ""), { cwd: root }).length === 0),
        []
      )
      const named = Array.from(text.matchAll(/\bnpm run ([a-z][\w:-]*)/gu), ([, script = ""]) => script)
      assert.deepStrictEqual(
        named.filter((script) => !Object.hasOwn(scripts, script)),
        []
      )
    })
  }
})
