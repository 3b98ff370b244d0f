import { defineConfig } from "vitest/config"

/** Suites that run against the real Kubernetes binaries. */
const endToEnd = ["apps/*/test/**/*.test.ts", "packages/testing/test/kubernetes/**/*.test.ts"]

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/test/**/*.test.ts"],
          // Laws over hundreds of schedules take seconds, more on a machine that does other things too.
          testTimeout: 30_000,
          exclude: ["**/node_modules/**", ...endToEnd]
        }
      },
      {
        test: {
          name: "end-to-end",
          include: endToEnd,
          exclude: ["**/node_modules/**"],
          // Builds what is missing before any test's time runs.
          globalSetup: ["packages/testing/src/kubernetes/KubeBinariesSetup.ts"],
          // Each file has a cluster of its own: two at a time starve each other on two cores.
          fileParallelism: false
        }
      },
      {
        test: {
          name: "infra",
          include: ["infra/test/**/*.test.ts"],
          exclude: ["**/node_modules/**"],
          globalSetup: [
            "packages/testing/src/kubernetes/KubeBinariesSetup.ts",
            "packages/testing/src/kubernetes/ToolsSetup.ts"
          ],
          fileParallelism: false
        }
      }
    ]
  }
})
