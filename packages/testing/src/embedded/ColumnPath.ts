/**
 * The subset of JSONPath that printer columns use: `.a.b`, `['a.b']`, `[0]`, `[*]` and `[?(@.a=="b")]`.
 */
import * as Json from "./JsonValue.ts"

type Step = (value: Json.Json) => ReadonlyArray<Json.Json>

const key =
  (name: string): Step =>
  (value) => {
    const found = Json.at(value, name)
    return found === undefined ? [] : [found]
  }

const grammar = [
  [/^\.?\[\?\(\s*@((?:\.[\w-]+)+)\s*(==|!=)\s*(?:"([^"]*)"|'([^']*)'|([\w.-]+))\s*\)\]/, "filter"],
  [/^\.?\[\*\]/, "all"],
  [/^\.?\[(-?\d+)\]/, "index"],
  [/^\.?\[(?:'([^']*)'|"([^"]*)")\]/, "quoted"],
  [/^\.((?:[^.[\\]|\\.)+)/, "name"]
] as const

const stepOf = (kind: (typeof grammar)[number][1], match: RegExpExecArray): Step => {
  switch (kind) {
    case "filter": {
      const path = (match[1] ?? "").slice(1).split(".")
      const wanted = match[3] ?? match[4] ?? match[5] ?? ""
      return (value) =>
        Json.listOf(value).filter((one) => {
          const found = Json.at(one, ...path)
          return found !== undefined && (String(found) === wanted) === (match[2] === "==")
        })
    }
    case "all":
      return (value) => (Json.isObject(value) ? Object.values(value) : Json.listOf(value))
    case "index":
      return (value) => {
        const found = Json.listOf(value).at(Number(match[1]))
        return found === undefined ? [] : [found]
      }
    case "quoted":
      return key(match[1] ?? match[2] ?? "")
    case "name":
      return key((match[1] ?? "").replaceAll("\\", ""))
  }
}

/** `undefined`: not in the subset. */
export const parse = (path: string): ((value: Json.Json) => ReadonlyArray<Json.Json>) | undefined => {
  const steps: Array<Step> = []
  let rest = path.startsWith(".") || path.startsWith("[") ? path : `.${path}`
  while (rest !== "") {
    const found = grammar.map(([pattern, kind]) => ({ kind, match: pattern.exec(rest) })).find(({ match }) => match)
    if (found?.match == null) return undefined
    steps.push(stepOf(found.kind, found.match))
    rest = rest.slice(found.match[0].length)
  }
  return (value) => steps.reduce<ReadonlyArray<Json.Json>>((found, step) => found.flatMap(step), [value])
}
