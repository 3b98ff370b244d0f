import { fileURLToPath } from "node:url"
import { defineConfig } from "rolldown"

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

// client-node lacks `sideEffects: false`: without this its 900 model classes stay in the bundle.
const moduleSideEffects = [
  { test: /client-node\/dist\/polyfill/, sideEffects: true },
  { test: /@kubernetes\/client-node/, sideEffects: false }
]

export default defineConfig({
  input: here("src/main.ts"),
  platform: "node",
  treeshake: { moduleSideEffects },
  // 715 KB that only client-node's own requests and Effect's undici client need; we use neither.
  resolve: { alias: { undici: here("src/undiciStub.ts") } },
  output: { file: here("dist/main.mjs"), format: "esm", minify: true, codeSplitting: false }
})
