/**
 * Builds the package in the current folder for others: JavaScript and types in `dist/lib`. Run by `pnpm pack` and `pnpm publish`,
 * as the package's script `prepack`; within this repository packages are imported as their sources.
 */
import { spawnSync } from "node:child_process"
import { rmSync } from "node:fs"

// What is no longer a source would be published.
rmSync("dist/lib", { recursive: true, force: true })
const { status } = spawnSync("tsc", ["-b", "tsconfig.build.json"], { stdio: "inherit" })
process.exitCode = status ?? 1
