import { fileURLToPath } from "node:url"
import { defineConfig } from "rolldown"
import { treeshake } from "../../infra/bundle/clientNode.mjs"

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  input: here("src/main.ts"),
  platform: "node",
  treeshake,
  // As in the controller: requests are made by node:http.
  resolve: { alias: { undici: here("../controller/src/undiciStub.ts") } },
  output: {
    file: here("dist/main.mjs"),
    format: "esm",
    minify: true,
    codeSplitting: false,
    banner: "#!/usr/bin/env node"
  }
})
