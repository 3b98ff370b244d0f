/**
 * All objects of a kind, read in pages, so that no answer is large.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { KubeClient } from "./KubeClient.ts"
import { KubeError } from "./KubeError.ts"
import type { KubeObject } from "./ObjectMeta.ts"
import { collectionPath, type ResourceKind } from "./ResourceKind.ts"
import type { Observed } from "./WatchEvent.ts"
import * as WatchFrame from "./WatchFrame.ts"

export interface Selection {
  /** Of a namespaced kind; absent: all namespaces. */
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
}

const Page = Schema.Struct({
  metadata: Schema.Struct({ resourceVersion: Schema.NonEmptyString, continue: Schema.optionalKey(Schema.String) }),
  // An empty list of Go is null.
  items: Schema.NullOr(Schema.Array(Schema.Unknown))
})

/** Fails with `Gone` when the list changed too much between two pages: begin again. */
export const list = Effect.fn("List.list")(function* <A extends KubeObject>(
  kind: ResourceKind<A>,
  { namespace, ...selectors }: Selection,
  pageSize: number
) {
  const client = yield* KubeClient
  const path = collectionPath(kind, namespace)
  const decode = WatchFrame.item(kind)
  const page = (token: string | undefined) =>
    client.request({
      method: "GET",
      path,
      query: { ...selectors, limit: String(pageSize), continue: token },
      schema: Page,
      // The watch, which is who lists, has its own delays.
      retries: 0
    })
  const objects: Array<Observed<A>> = []
  let token: string | undefined
  // All pages show the state as of the first one.
  let version: string | undefined
  do {
    const { metadata, items } = yield* page(token)
    for (const object of items ?? []) {
      objects.push(
        yield* Effect.mapError(
          Effect.fromResult(decode(object)),
          (reason) => new KubeError({ request: `GET ${path}`, reason })
        )
      )
    }
    version ??= metadata.resourceVersion
    token = metadata.continue === "" ? undefined : metadata.continue
  } while (token !== undefined)
  return { version, objects }
})
