/**
 * What is served now: the built-in kinds, and those of the CRDs in the store.
 */
import * as CustomResource from "./CustomResource.ts"
import type { ObjectStore } from "./ObjectStore.ts"
import { idOf, type Resource } from "./Resource.ts"

export const definitionsId = idOf({ group: "apiextensions.k8s.io", plural: "customresourcedefinitions" })
export const namespacesId = idOf({ group: "", plural: "namespaces" })
export const nodesId = idOf({ group: "", plural: "nodes" })
export const leasesId = idOf({ group: "coordination.k8s.io", plural: "leases" })

export interface Registry {
  readonly resources: () => ReadonlyArray<Resource>
  readonly find: (group: string, version: string, plural: string) => Resource | undefined
}

export const make = (store: ObjectStore, builtin: ReadonlyArray<Resource>): Registry => {
  let custom: ReadonlyArray<Resource> = []
  const refresh = () => {
    custom = store.entries(definitionsId).flatMap(([, crd]) => CustomResource.resourcesOf(crd))
  }
  store.listen(definitionsId, { change: refresh, gone: refresh })
  const resources = () => [...builtin, ...custom]
  return {
    resources,
    find: (group, version, plural) =>
      resources().find((one) => one.group === group && one.version === version && one.plural === plural)
  }
}
