/**
 * What a release's tag has to agree with. Pure.
 */
import { parse } from "yaml"

interface NamedText {
  readonly name: string
  readonly text: string
}

interface Release {
  readonly version: string
  /** `v1.2.3`, and of what is no pre-release `v1.2` and `v1` too. */
  readonly imageTags: ReadonlyArray<string>
  readonly isPrerelease: boolean
  /** The version's section of the changelog, without its heading. */
  readonly notes: string
}

export type Checked =
  | { readonly _tag: "Agrees"; readonly release: Release }
  /** A sentence for each thing that is wrong. */
  | { readonly _tag: "Differs"; readonly problems: ReadonlyArray<string> }

const tagPattern = /^v(?<version>(?<major>0|[1-9]\d*)\.(?<minor>0|[1-9]\d*)\.(?:0|[1-9]\d*)(?<pre>-[0-9A-Za-z.-]+)?)$/u

/** The text under `## VERSION …`, until the next such heading; empty when there is none. */
const section = (changelog: string, version: string): string => {
  const lines = changelog.split("\n")
  const heading = (line: string) => /^## \[?([^\]\s]+)/u.exec(line)?.[1]
  const start = lines.findIndex((line) => heading(line) === version)
  if (start === -1) return ""
  const rest = lines.slice(start + 1)
  const end = rest.findIndex((line) => heading(line) !== undefined)
  return rest
    .slice(0, end === -1 ? undefined : end)
    .join("\n")
    .trim()
}

const versionsIn = ({ name, text }: NamedText): ReadonlyArray<readonly [string, unknown]> => {
  const { appVersion, version }: { readonly appVersion?: unknown; readonly version?: unknown } = parse(text)
  return name.endsWith("Chart.yaml")
    ? [
        [`${name}: version`, version],
        [`${name}: appVersion`, typeof appVersion === "string" ? appVersion.replace(/^v/u, "") : appVersion]
      ]
    : [[name, version]]
}

/** Files are `package.json`s, a chart's `Chart.yaml`, and `CHANGELOG.md`. */
export const check = (tag: string, files: ReadonlyArray<NamedText>): Checked => {
  const { major, minor, pre, version } = tagPattern.exec(tag)?.groups ?? {}
  if (version === undefined)
    return { _tag: "Differs", problems: [`"${tag}" is no version: write for example v1.2.3 or v1.2.3-rc.1`] }
  const notes = section(files.find(({ name }) => name.endsWith("CHANGELOG.md"))?.text ?? "", version)
  const problems = files
    .filter(({ name }) => !name.endsWith("CHANGELOG.md"))
    .flatMap(versionsIn)
    .filter(([, found]) => found !== version)
    .map(([where, found]) => `${where} is ${String(found)}: write ${version}`)
  if (notes === "") problems.push(`CHANGELOG.md has no section "## ${version}": rename Unreleased, and date it`)
  if (problems.length > 0) return { _tag: "Differs", problems }
  const isPrerelease = pre !== undefined
  const imageTags = isPrerelease ? [tag] : [tag, `v${major}.${minor}`, `v${major}`]
  return { _tag: "Agrees", release: { version, imageTags, isPrerelease, notes: `${notes}\n` } }
}
