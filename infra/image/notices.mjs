/**
 * A rolldown plugin: writes `NOTICES.txt` beside the bundle, with the licence of every package whose code is in it.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

const licenceFile = /^(licen[cs]e|copying|notice)/iu

/** The folder of the package that a module is of; none for modules of ours and of the bundler. */
const packageOf = (id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/u.exec(id)?.[0]

/** `name version (licence)` and the texts. Fails on a package without a licence: it may not be handed on. */
const notice = (folder) => {
  const { license, name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
  const files = readdirSync(folder)
    .filter((file) => licenceFile.test(file))
    .toSorted()
  if (typeof license !== "string") throw new Error(`${name} names no licence: it cannot be part of the image`)
  const texts = files.map((file) => readFileSync(join(folder, file), "utf8").trim())
  return [`${name} ${version} (${license})`, ...texts].join("\n\n")
}

export const notices = () => ({
  name: "notices",
  generateBundle(_options, files) {
    const modules = Object.values(files).flatMap((file) =>
      file.type === "chunk" ? Object.entries(file.modules).filter(([, { renderedLength }]) => renderedLength > 0) : []
    )
    const folders = new Set(modules.map(([id]) => packageOf(id)).filter((folder) => folder !== undefined))
    const source = [...folders]
      .map(notice)
      .toSorted()
      .join(`\n\n${"-".repeat(80)}\n\n`)
    this.emitFile({ type: "asset", fileName: "NOTICES.txt", source: `${source}\n` })
  }
})
