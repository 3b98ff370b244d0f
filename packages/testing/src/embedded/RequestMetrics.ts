/**
 * `/metrics`: of the real server's metrics the one that scenarios look at, `apiserver_request_total`. Watches are counted when
 * they open, where the real server counts them when they end.
 */
import type { Registry } from "./Registry.ts"
import type { JournalEntry } from "./RequestJournal.ts"
import * as RequestPath from "./RequestPath.ts"
import type { Verb } from "./Verb.ts"

const verbs: Readonly<Record<Verb, string>> = {
  get: "GET",
  list: "LIST",
  watch: "WATCH",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  delete: "DELETE",
  deletecollection: "DELETECOLLECTION"
}

const seriesOf = (registry: Registry, { path, status, verb }: JournalEntry): string => {
  const found = RequestPath.parse(registry, path)
  const labels =
    found._tag === "Resource"
      ? {
          code: status,
          group: found.resource.group,
          resource: found.resource.plural,
          subresource: found.subresource ?? "",
          verb: verbs[verb],
          version: found.resource.version
        }
      : { code: status, group: "", resource: "", subresource: path, verb: verbs[verb], version: "" }
  const text = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(String(value))}`)
  return `apiserver_request_total{${text.join(",")}}`
}

/** In the text format of Prometheus. */
export const page = (registry: Registry, entries: ReadonlyArray<JournalEntry>): string => {
  const counts = new Map<string, number>()
  for (const entry of entries) {
    if (entry.status === undefined) continue
    const series = seriesOf(registry, entry)
    counts.set(series, (counts.get(series) ?? 0) + 1)
  }
  const lines = [...counts].map(([series, count]) => `${series} ${count}`)
  return ["# TYPE apiserver_request_total counter", ...lines.toSorted(), ""].join("\n")
}
