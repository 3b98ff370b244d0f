/**
 * The plain manifests that an operator applies, as objects: what scenarios run under is what is shipped.
 */
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import { parseAllDocuments } from "yaml"

const root = fileURLToPath(new URL("../../../../infra/manifests", import.meta.url))

const Manifest = Schema.StructWithRest(
  Schema.Struct({
    apiVersion: Schema.String,
    kind: Schema.String,
    metadata: Schema.StructWithRest(
      Schema.Struct({ name: Schema.String, namespace: Schema.optionalKey(Schema.String) }),
      [Schema.Record(Schema.String, Schema.Json)]
    )
  }),
  [Schema.Record(Schema.String, Schema.Json)]
)
export type Manifest = typeof Manifest.Type

/** All objects of the manifests in a folder of `infra/manifests`; that one cannot be read is a bug. */
export const read = Effect.fn("Manifests.read")(
  function* (folder: string) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const names = (yield* fs.readDirectory(path.join(root, folder))).filter((name) => name.endsWith(".yaml")).sort()
    const texts = yield* Effect.forEach(names, (name) => fs.readFileString(path.join(root, folder, name)))
    return yield* Effect.forEach(
      texts.flatMap((text) => parseAllDocuments(text).map((document): unknown => document.toJS())),
      (document) => Schema.decodeUnknownEffect(Manifest)(document)
    )
  },
  Effect.provide(NodeServices.layer),
  Effect.orDie
)
