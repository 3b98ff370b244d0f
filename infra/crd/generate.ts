/**
 * Writes `netcupfailoverips.yaml` beside this file from the schemas in `packages/core`. Run by `npm run build`.
 */
import { writeFileSync } from "node:fs"
import { crd } from "@netcup-failover/core/Crd"
import { stringify } from "yaml"

const header = "# Generated from packages/core/src/FailoverIpResource.ts by `npm run build`: change it there.\n"

writeFileSync(new URL("./netcupfailoverips.yaml", import.meta.url), `${header}${stringify(crd(), { lineWidth: 0 })}`)
