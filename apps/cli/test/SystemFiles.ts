/**
 * Files of Linux systems, read as those read them. What is no line of theirs is an error.
 */
import { assert } from "@effect/vitest"

/** systemd's: sections in their order, one of a name beside another. */
export const readIni = (text: string): ReadonlyArray<readonly [string, Readonly<Record<string, string>>]> => {
  const sections: Array<[string, Record<string, string>]> = []
  for (const line of text.split("\n")) {
    if (line.trim() === "" || /^[#;]/u.test(line)) continue
    const section = /^\[([A-Za-z]+)\]$/u.exec(line)?.[1]
    if (section !== undefined) {
      sections.push([section, {}])
      continue
    }
    const [, key = "", value = ""] =
      /^([A-Za-z0-9]+)=(\S.*)$/u.exec(line) ?? assert.fail(`no line of an ini file: ${line}`)
    const [, entries] = sections.at(-1) ?? assert.fail(`a key before any section: ${line}`)
    assert.notProperty(entries, key)
    entries[key] = value
  }
  return sections
}

/** interfaces(5)'s: stanzas with their commands. */
export const readInterfaces = (text: string) => {
  const stanzas: Array<{ readonly iface: string; readonly up: Array<string>; readonly down: Array<string> }> = []
  for (const line of text.split("\n")) {
    if (line.trim() === "" || line.startsWith("#")) continue
    const [, word = "", rest = ""] = /^\s*(\S+) (\S.*)$/u.exec(line) ?? assert.fail(`no option: ${line}`)
    if (word === "iface") {
      assert.match(rest, /^\S+ inet6? \w+$/u)
      stanzas.push({ iface: rest, up: [], down: [] })
      continue
    }
    const stanza = stanzas.at(-1) ?? assert.fail(`an option before any iface: ${line}`)
    assert.isTrue(word === "up" || word === "down", line)
    stanza[word === "up" ? "up" : "down"].push(rest)
  }
  return stanzas
}
