/**
 * As much of Markdown as it takes to find what a page refers to.
 */

/** Without fenced blocks: their contents are no Markdown. */
const prose = (text: string): string => text.replace(/^ {0,3}(`{3,}|~{3,})[^\n]*\n[\s\S]*?^ {0,3}\1[`~]*[ \t]*$/gmu, "")

const inlineCode = /(`+)(?!`)([\s\S]*?[^`])\1(?!`)/gu

/** The names that GitHub gives headings: lower case, without punctuation, `-` for a space, numbered where one comes again. */
export const anchors = (text: string): ReadonlySet<string> => {
  const names = new Set<string>()
  const seen = new Map<string, number>()
  for (const [, heading = ""] of prose(text).matchAll(/^#{1,6}[ \t]+(.+?)[ \t#]*$/gmu)) {
    const slug = heading
      .replace(/!?\[([^\]]*)\]\([^)]*\)/gu, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, "")
      .replaceAll(" ", "-")
    const before = seen.get(slug) ?? 0
    seen.set(slug, before + 1)
    names.add(before === 0 ? slug : `${slug}-${before}`)
  }
  return names
}

/** Where links and images lead to, in the order of the page; links that are only shown, as code, are none. */
export const targets = (text: string): ReadonlyArray<string> => {
  const shown = prose(text).replace(inlineCode, "")
  const inline = Array.from(shown.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/gu), ([, target = ""]) => target)
  const defined = Array.from(shown.matchAll(/^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?\s*$/gmu), ([, target = ""]) => target)
  return [...inline, ...defined]
}

/** What is written in backticks within a line. */
export const codes = (text: string): ReadonlyArray<string> =>
  Array.from(prose(text).matchAll(inlineCode), ([, , code = ""]) => code.trim())
