/**
 * Brings into the chart what is made elsewhere, since helm reads nothing outside of it: the CRD, the admission policy, alert rules
 * and dashboard, the names of the settings, and its own defaults (see `templates/_helpers.tpl`). Run by `npm run build`.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { aboutAll } from "@netcup-failover/controller/Setting"
import { settings } from "@netcup-failover/controller/Settings"
import { telemetrySettings } from "@netcup-failover/controller/telemetry/TelemetrySettings"

const at = (path: string) => new URL(`../${path}`, import.meta.url)
const chart = "helm/netcup-failover-controller"

const copies = {
  "crd/netcupfailoverips.yaml": "crd.yaml",
  "admission/server-name-policy.yaml": "server-name-policy.yaml",
  "monitoring/rules.yaml": "rules.yaml",
  "monitoring/dashboard.json": "dashboard.json",
  [`${chart}/values.yaml`]: "defaults.yaml"
}
for (const [from, to] of Object.entries(copies)) writeFileSync(at(`${chart}/files/${to}`), readFileSync(at(from)))

/** What the Deployment sets itself, and what has no place in a Pod. */
const notForUsers = ["KUBECONFIG", "POD_NAME", "POD_NAMESPACE", "NODE_NAME", "HEALTH_ADDR", "METRICS_ADDR"]
const names = [...aboutAll(settings), ...aboutAll(telemetrySettings)]
  // A secret has no flag, and no place among a chart's values: `extraEnv` takes it from a Secret.
  .filter(({ variable, flag }) => flag !== undefined && !notForUsers.includes(variable))
  .map(({ variable }) => variable)

const schemaFile = at(`${chart}/values.schema.json`)
const schema = JSON.parse(readFileSync(schemaFile, "utf8"))
schema.properties.settings.properties = Object.fromEntries(
  names.map((name) => [name, { type: ["string", "number", "boolean"] }])
)
writeFileSync(schemaFile, `${JSON.stringify(schema, undefined, 2)}\n`)
