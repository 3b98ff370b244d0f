/**
 * Writes the plain manifests beside this file. Run by `npm run manifests`, after a change of the chart.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Helm from "../helm/Helm.ts"
import * as Manifests from "./Manifests.ts"

const at = (path: string) => new URL(path, import.meta.url)

const rendered = await Effect.runPromise(Effect.provide(Helm.manifests, NodeServices.layer))
for (const folder of ["crd", "rbac", "manager"]) {
  rmSync(at(folder), { recursive: true, force: true })
  mkdirSync(at(folder))
}
for (const { path, text } of Manifests.fromChart(rendered)) writeFileSync(at(path), text)
