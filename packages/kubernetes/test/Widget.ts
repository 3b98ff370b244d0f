/** A kind for tests: its schema keeps the colour and, of the metadata, who it is. */

import { Identity } from "@netcup-failover/kubernetes/ObjectMeta"
import type { ResourceKind } from "@netcup-failover/kubernetes/ResourceKind"
import * as Schema from "effect/Schema"
import type { Answer } from "./FakeApiServer.ts"
import { json } from "./FakeApiServer.ts"

export const Widget = Schema.Struct({ metadata: Identity, spec: Schema.Struct({ colour: Schema.String }) })
export type Widget = typeof Widget.Type

export const widgets: ResourceKind<Widget> = {
  group: "example.org",
  version: "v1",
  kind: "Widget",
  plural: "widgets",
  namespaced: false,
  schema: Widget
}

export const widget = (name: string, resourceVersion: string, colour: unknown = "red", more: object = {}) => ({
  apiVersion: "example.org/v1",
  kind: "Widget",
  metadata: { name, uid: `uid-${name}`, resourceVersion, managedFields: [{ time: resourceVersion }] },
  spec: { colour },
  ...more
})

export const page = (resourceVersion: string, items: ReadonlyArray<object>, more?: string): Answer =>
  json(200, {
    kind: "WidgetList",
    metadata: { resourceVersion, ...(more === undefined ? {} : { continue: more }) },
    items
  })

export const frame = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`
export const bookmark = (resourceVersion: string) =>
  frame("BOOKMARK", { kind: "Widget", metadata: { resourceVersion } })

/** Answers 200, writes the lines, and stays open. */
export const stream =
  (...lines: ReadonlyArray<string>): Answer =>
  (response) => {
    response.writeHead(200, { "content-type": "application/json" })
    response.flushHeaders()
    for (const line of lines) response.write(line)
  }

/** Like {@link stream}, then the server ends it as it does after `timeoutSeconds`. */
export const closing =
  (...lines: ReadonlyArray<string>): Answer =>
  (response) => {
    response.writeHead(200)
    response.end(lines.join(""))
  }

/** Like {@link stream}, then the connection is reset. */
export const cut =
  (...lines: ReadonlyArray<string>): Answer =>
  (response) => {
    response.writeHead(200)
    response.write(lines.join(""), () => setTimeout(() => response.socket?.resetAndDestroy(), 20))
  }
