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
          sequence: { groupOrder: 1 },
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
          sequence: { groupOrder: 2 },
          // Each file has a cluster of its own, and most of its time is waiting.
          maxWorkers: 2
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
          sequence: { groupOrder: 3 },
          fileParallelism: false
        }
      }
    ]
  }
})
