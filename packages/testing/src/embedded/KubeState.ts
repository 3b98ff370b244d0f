/**
 * All that the API server remembers.
 */
import type { ObjectStore } from "./ObjectStore.ts"
import type { Registry } from "./Registry.ts"

export interface KubeState {
  readonly store: ObjectStore
  readonly registry: Registry
}
