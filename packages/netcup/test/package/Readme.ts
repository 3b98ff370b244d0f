/**
 * The programs in the README: its blocks of code that begin with the name of a file.
 */
import { readFileSync } from "node:fs"

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8")
const core = readFileSync(new URL("../../../core/README.md", import.meta.url), "utf8")

const programsOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    Array.from(text.matchAll(/^```ts\n\/\/ ([\w-]+)\.ts\n(.*?)^```$/gms), ([, name = "", code = ""]) => [name, code])
  )

/** By their names, without `.ts`. They are JavaScript as well, as they have no type annotations. */
export const programs = programsOf(readme)

/** The same of the README of core. */
export const ofCore = programsOf(core)

/** How many blocks of TypeScript there are, with a name or without. */
export const blocks = Array.from(readme.matchAll(/^```ts$/gm)).length

/** The tags in the table of what to do about errors. */
export const reasons = Array.from(readme.matchAll(/^\| `(\w+)` /gm), ([, tag = ""]) => tag)
