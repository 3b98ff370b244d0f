import { fileURLToPath } from "node:url"
import { defineConfig } from "rolldown"
import { treeshake } from "../../infra/bundle/clientNode.mjs"
import { notices } from "../../infra/image/notices.mjs"

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

/** One character beyond Latin-1, and V8 keeps the whole text of the bundle in two bytes a character. */
const ascii = {
  name: "ascii",
  // The last hook: the minifier undoes escapes.
  generateBundle: (_options, files) => {
    for (const chunk of Object.values(files).filter(({ type }) => type === "chunk")) {
      chunk.code = chunk.code.replace(/\P{ASCII}/gu, (character) =>
        character
          .split("")
          .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
          .join("")
      )
    }
  }
}

export default defineConfig({
  input: here("src/main.ts"),
  platform: "node",
  treeshake,
  plugins: [ascii, notices()],
  transform: { define: { "import.meta": "{}" } },
  resolve: {
    alias: {
      // 715 KB that only client-node's own requests and Effect's undici client need; we use neither.
      undici: here("src/undiciStub.ts"),
      // 250 KB for kubeconfigs that no controller has.
      "jsonpath-plus": here("src/kubeconfigStub.ts"),
      "openid-client": here("src/kubeconfigStub.ts"),
      socks: here("src/kubeconfigStub.ts"),
      "socks-proxy-agent": here("src/kubeconfigStub.ts")
    }
  },
  // Not ESM: to import `node:http` from there makes Node load its inner undici too, for 7 MiB.
  output: { file: here("dist/main.cjs"), format: "cjs", minify: true, codeSplitting: false }
})
