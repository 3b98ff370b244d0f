/**
 * A page of the docs as its reader uses it: the commands of a section, to the letter.
 */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** The repository. */
export const root = fileURLToPath(new URL("../../..", import.meta.url))

export interface Step {
  /** As it is typed, over several lines where the page has it so. */
  readonly command: string
  /** What the page shows below it. */
  readonly shown: ReadonlyArray<string>
}

const fences = /^```console\n([\s\S]*?)^```$/gmu

/** Whether the shell would read on after these lines. */
const isOpen = (command: string): boolean => {
  if (command.endsWith("\\")) return true
  const end = /<<'?(\w+)'?/u.exec(command)?.[1]
  return end !== undefined && !command.split("\n").slice(1).includes(end)
}

/** What the page says to type under a heading, in order; nothing where there is no such heading. */
export const steps = (page: string, heading: string): ReadonlyArray<Step> => {
  const text = readFileSync(`${root}/${page}`, "utf8")
  const [, section = ""] = `${text}\n## `.split(new RegExp(`^## ${heading}\\n`, "mu"))
  const own = section.slice(0, section.search(/^## /mu))
  const found: Array<{ command: string; shown: Array<string> }> = []
  for (const [, block = ""] of own.matchAll(fences)) {
    for (const line of block.trimEnd().split("\n")) {
      const last = found.at(-1)
      if (last !== undefined && isOpen(last.command)) last.command += `\n${line}`
      else if (line.startsWith("$ ")) found.push({ command: line.slice(2), shown: [] })
      else last?.shown.push(line)
    }
  }
  return found
}
