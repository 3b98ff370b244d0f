/**
 * Checks that a tag is the version that everything in the repository says: `node infra/release/version.ts v1.2.3`. Prints, for a
 * workflow's output, the version, the tags of the image, and whether it is a pre-release; the notes with `--notes`.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as Release from "./Release.ts"

const folders = ["apps", "packages"].flatMap((parent) => readdirSync(parent).map((name) => join(parent, name)))
const packages = folders.map((folder) => join(folder, "package.json")).filter(existsSync)
const chart = "infra/helm/netcup-failover-controller/Chart.yaml"

const files = [...packages, "CHANGELOG.md", ...(existsSync(chart) ? [chart] : [])]
const [tag = "", wanted] = process.argv.slice(2)
const checked = Release.check(
  tag,
  files.map((name) => ({ name, text: readFileSync(name, "utf8") }))
)
if (checked._tag === "Differs") {
  for (const problem of checked.problems) process.stderr.write(`${problem}\n`)
  process.exitCode = 1
} else {
  const { imageTags, isPrerelease, notes, version } = checked.release
  process.stdout.write(
    wanted === "--notes" ? notes : `version=${version}\ntags=${imageTags.join(" ")}\nprerelease=${isPrerelease}\n`
  )
}
