import { assert, it } from "@effect/vitest"
import * as Markdown from "./Markdown.ts"

const page = `# What it is, and why
See [one](one.md), [two](two.md#a-b "title"), ![three](three.png), [four][ref] and \`[five](five.md)\`.

\`\`\`sh
# no heading
[six](six.md)
\`\`\`

## netcup's limits
## \`npm test\` & co.
## [A link](seven.md) to Größe_1
## netcup's limits

[ref]: eight.md
`

it("headings are named as GitHub names them", () => {
  assert.deepStrictEqual(Array.from(Markdown.anchors(page)), [
    "what-it-is-and-why",
    "netcups-limits",
    "npm-test--co",
    "a-link-to-größe_1",
    "netcups-limits-1"
  ])
})

it("links are found, but not those that are only shown", () => {
  assert.deepStrictEqual(Markdown.targets(page), ["one.md", "two.md#a-b", "three.png", "seven.md", "eight.md"])
})

it("inline code is found, but not blocks", () => {
  assert.deepStrictEqual(Markdown.codes(page), ["[five](five.md)", "npm test"])
})
