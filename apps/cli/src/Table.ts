/**
 * Rows as aligned columns, for people.
 */
import * as CliOutput from "effect/cli/CliOutput"
import * as Shown from "./Shown.ts"

const gap = "   "

/** What is not known is shown as `-`. */
export const render = (
  header: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string | undefined>>
): string => {
  const cells = [header, ...rows.map((row) => row.map((cell) => Shown.line(cell ?? "") || "-"))]
  const widths = header.map((_, column) => Math.max(...cells.map((row) => CliOutput.displayWidth(row[column] ?? ""))))
  const pad = (cell: string, column: number) =>
    cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - CliOutput.displayWidth(cell)))
  return cells.map((row) => row.map(pad).join(gap).trimEnd()).join("\n")
}
