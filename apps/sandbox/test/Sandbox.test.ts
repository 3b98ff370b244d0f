import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))

/** Runs the sandbox as in a pipe, in a process group of its own; gives its exit code, what it said, and the group. */
const run = Effect.callback<{ readonly code: number | null; readonly said: string; readonly group: number }>(
  (resume) => {
    const child = spawn(process.execPath, [main, "--explain"], { detached: true, stdio: ["ignore", "pipe", "inherit"] })
    let said = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text
    })
    child.on("close", (code) => resume(Effect.succeed({ code, said, group: child.pid ?? 0 })))
    return Effect.sync(() => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL")
    })
  }
)

it.live(
  "tells both failovers with their times and why everything is where it is, ends with a summary and exit code 0, and leaves no process behind",
  () =>
    Effect.gen(function* () {
      const { code, said, group } = yield* run
      assert.strictEqual(code, 0, said)
      assert.match(said, /node-1 loses its power/u)
      assert.match(said, /netcup is told to route 198\.51\.100\.1\/32 to node-4/u)
      assert.match(said, /node-2 loses its power, and replica-a with it/u)
      const why = (told: RegExp) => assert.match(said, told)
      why(/^primary is on node-1: all its addresses are there, and it may keep them$/mu)
      why(/^primary is on node-4 since \S+: all its addresses are there/mu)
      why(
        /^ {2}Its last move, at \S+: from node-1 to node-4, because node-1 .*has not renewed its Lease since \S+Z and has not answered since \S+Z$/mu
      )
      why(/^Nodes are judged by what they declare: /mu)
      for (const node of ["node-1", "node-2"]) {
        const convicted = said.split(`What convicted ${node}, each with when it was seen first:\n`)[1] ?? ""
        assert.match(convicted, /^(?: .*\n)* +LeaseStale {2}\d\.\d\d s before its death$/mu)
        assert.match(convicted, /^(?: .*\n)* +Unanswering {2}/mu)
      }
      why(
        /^ {2}node-3 could have it, but the group stays where it is well\n {4}goes there if: kubectl annotate netcupfailoverip primary netcup\.digilol\.net\/move-to=node-3$/mu
      )
      assert.match(said, /s {2}replica-b leads/u)
      assert.match(said, /Done\. "primary" was back after .* netcup was told 4 times for 4 addresses\./u)
      // Nothing of its group is alive: a signal finds nobody.
      assert.throws(() => process.kill(-group, 0), /ESRCH/u)
    }),
  120_000
)
