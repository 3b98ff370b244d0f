/**
 * JSON Merge Patch (RFC 7386), and the part of Kubernetes' strategic merge patch that kubelets and kubectl use on the kinds here.
 */
import * as Json from "./JsonValue.ts"

/** `null` removes a key, lists are replaced. */
export const merge = (target: Json.Json | undefined, patch: Json.Json): Json.Json => {
  if (!Json.isObject(patch)) return patch
  const result: Record<string, Json.Json> = { ...Json.objectOf(target) }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merge(result[key], value)
  }
  return result
}

/** Lists whose entries are merged by a key; `""`: a set of texts. From the API's `patchMergeKey` tags. */
const mergeKeys: Readonly<Record<string, string>> = {
  "status.conditions": "type",
  "status.addresses": "type",
  "metadata.ownerReferences": "uid",
  "metadata.finalizers": ""
}

const mergeList = (target: ReadonlyArray<Json.Json>, patch: ReadonlyArray<Json.Json>, key: string): Json.Json => {
  if (patch.some((one) => Json.textAt(one, "$patch") === "replace")) {
    return patch.filter((one) => Json.at(one, "$patch") === undefined)
  }
  if (key === "") return [...target, ...patch.filter((one) => !target.includes(one))]
  const result = [...target]
  for (const one of patch) {
    const index = result.findIndex((other) => Json.equal(Json.at(other, key), Json.at(one, key)))
    if (Json.textAt(one, "$patch") === "delete") {
      if (index >= 0) result.splice(index, 1)
    } else if (index >= 0) result[index] = strategic(result[index], one, "")
    else result.push(strategic(undefined, one, ""))
  }
  return result
}

const deleteFrom = "$deleteFromPrimitiveList/"

/** `path` of `target` within the object: list keys go by it. Orders (`$setElementOrder`) are not kept. */
export const strategic = (target: Json.Json | undefined, patch: Json.Json, path = ""): Json.Json => {
  if (!Json.isObject(patch)) return patch
  if (patch.$patch === "replace") return Json.set(patch, { $patch: undefined })
  if (patch.$patch === "delete") return {}
  const result: Record<string, Json.Json> = { ...Json.objectOf(target) }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(deleteFrom)) {
      const name = key.slice(deleteFrom.length)
      result[name] = Json.listOf(result[name]).filter((one) => !Json.listOf(value).includes(one))
    } else if (key.startsWith("$")) continue
    else if (value === null) delete result[key]
    else {
      const inner = path === "" ? key : `${path}.${key}`
      const mergeKey = mergeKeys[inner]
      result[key] =
        mergeKey !== undefined && Json.isList(value)
          ? mergeList(Json.listOf(result[key]), value, mergeKey)
          : strategic(result[key], value, inner)
    }
  }
  return result
}
