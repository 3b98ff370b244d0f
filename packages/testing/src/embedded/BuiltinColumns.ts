/**
 * The columns of the built-in kinds' Tables, as kube-apiserver has them.
 */
import { age } from "./Age.ts"
import * as Json from "./JsonValue.ts"
import { type KubeObject, labelsOf, nameOf } from "./KubeObject.ts"
import type { Column } from "./Resource.ts"

const text = (name: string, cell: Column["cell"], priority = 0): Column => ({ name, type: "string", cell, priority })

const at =
  (absent: string, ...path: ReadonlyArray<string>) =>
  (object: KubeObject): string =>
    Json.textAt(object, ...path) || absent

const agoOf =
  (...path: ReadonlyArray<string>): Column["cell"] =>
  (object, now) =>
    age(Json.textAt(object, ...path), now)

const name: Column = { name: "Name", type: "string", format: "name", cell: nameOf }
const ageColumn = text("Age", agoOf("metadata", "creationTimestamp"))
const size = (...keys: ReadonlyArray<string>) =>
  text("Data", (object) => keys.reduce((sum, key) => sum + Object.keys(Json.objectOf(object[key])).length, 0))

const role = "node-role.kubernetes.io/"

const rolesOf = (node: KubeObject): string => {
  const roles = Object.entries(labelsOf(node)).flatMap(([key, value]) => {
    if (key.startsWith(role) && key.length > role.length) return [key.slice(role.length)]
    return key === "kubernetes.io/role" && value !== "" ? [value] : []
  })
  return roles.length === 0 ? "<none>" : [...new Set(roles)].toSorted().join(",")
}

const statusOf = (node: KubeObject): string => {
  const ready = Json.listOf(Json.at(node, "status", "conditions")).find((one) => Json.textAt(one, "type") === "Ready")
  const said = ready === undefined ? "Unknown" : Json.textAt(ready, "status") === "True" ? "Ready" : "NotReady"
  return Json.at(node, "spec", "unschedulable") === true ? `${said},SchedulingDisabled` : said
}

const addressOf = (type: string) => (node: KubeObject) => {
  const found = Json.listOf(Json.at(node, "status", "addresses")).find((one) => Json.textAt(one, "type") === type)
  return Json.textAt(found, "address") ?? "<none>"
}

const nodeInfo = (key: string) => at("<unknown>", "status", "nodeInfo", key)

export const nodes: ReadonlyArray<Column> = [
  name,
  text("Status", statusOf),
  text("Roles", rolesOf),
  ageColumn,
  text("Version", at("", "status", "nodeInfo", "kubeletVersion")),
  text("Internal-IP", addressOf("InternalIP"), 1),
  text("External-IP", addressOf("ExternalIP"), 1),
  text("OS-Image", nodeInfo("osImage"), 1),
  text("Kernel-Version", nodeInfo("kernelVersion"), 1),
  text("Container-Runtime", nodeInfo("containerRuntimeVersion"), 1)
]

export const namespaces: ReadonlyArray<Column> = [name, text("Status", at("", "status", "phase")), ageColumn]
export const configMaps: ReadonlyArray<Column> = [name, size("data", "binaryData"), ageColumn]
export const secrets: ReadonlyArray<Column> = [name, text("Type", at("", "type")), size("data"), ageColumn]
export const leases: ReadonlyArray<Column> = [name, text("Holder", at("", "spec", "holderIdentity")), ageColumn]
export const definitions: ReadonlyArray<Column> = [
  name,
  { name: "Created At", type: "date", cell: at("", "metadata", "creationTimestamp") }
]

const involved = (event: KubeObject) =>
  `${at("", "involvedObject", "kind")(event).toLowerCase()}/${at("", "involvedObject", "name")(event)}`

/** An Event of the newer kind has only `eventTime`. */
const seen =
  (key: string): Column["cell"] =>
  (event, now) =>
    age(Json.textAt(event, key) ?? Json.textAt(event, "eventTime"), now)

const sourceOf = (event: KubeObject) => {
  const component = at("", "source", "component")(event) || at("", "reportingComponent")(event)
  const host = at("", "source", "host")(event)
  return host === "" ? component : `${component}, ${host}`
}

export const events: ReadonlyArray<Column> = [
  text("Last Seen", seen("lastTimestamp")),
  text("Type", at("", "type")),
  text("Reason", at("", "reason")),
  text("Object", involved),
  text("Subobject", at("", "involvedObject", "fieldPath"), 1),
  text("Source", sourceOf, 1),
  text("Message", (event) => at("", "message")(event).trim()),
  text("First Seen", seen("firstTimestamp"), 1),
  text("Count", (event) => Json.at(event, "count") ?? 1, 1),
  { name: "Name", type: "string", format: "name", cell: nameOf, priority: 1 }
]
