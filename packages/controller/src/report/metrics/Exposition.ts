/**
 * Samples as Prometheus' text format, version 0.0.4.
 */
import { type Definition, definitions, type Name } from "../../Metrics.ts"

/** One number of one series, as it is now. */
export interface Sample {
  readonly name: Name
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export const sample = (name: Name, value: number, labels: Sample["labels"] = {}): Sample => ({ name, labels, value })

const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"')

const number = (value: number): string =>
  value === Number.POSITIVE_INFINITY ? "+Inf" : value === Number.NEGATIVE_INFINITY ? "-Inf" : `${value}`

const seriesOf = ({ name, labels }: Sample): string => {
  const written = Object.entries(labels).map(([label, value]) => `${label}="${escapeLabel(value)}"`)
  return written.length === 0 ? name : `${name}{${written.join(",")}}`
}

/** The text of samples in any order. Of two of the same series the last one counts: Prometheus refuses a page with both. */
export const format = (samples: ReadonlyArray<Sample>): string => {
  const families = new Map<Name, Map<string, number>>()
  for (const one of samples) {
    const family = families.get(one.name) ?? new Map<string, number>()
    families.set(one.name, family.set(seriesOf(one), one.value))
  }
  return [...families]
    .flatMap(([name, series]) => {
      const { help, type }: Definition = definitions[name]
      const lines = [...series].map(([text, value]) => `${text} ${number(value)}\n`)
      return [`# HELP ${name} ${escapeHelp(help)}\n`, `# TYPE ${name} ${type}\n`, ...lines]
    })
    .join("")
}
