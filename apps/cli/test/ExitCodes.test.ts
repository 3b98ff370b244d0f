/**
 * How runs end that do not do what they were asked for.
 */
import { assert } from "@effect/vitest"
import { TaskFault } from "@netcup-failover/testing/netcup/RestTasks"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { complaint, json, type Scene, scenario } from "./Scene.ts"
import * as Tool from "./Tool.ts"

const Complaint = Schema.Struct({
  error: Schema.Struct({
    code: Schema.Int,
    reason: Schema.String,
    message: Schema.NonEmptyString,
    taskId: Schema.NullOr(Schema.String)
  })
})

/** A run with `--json` that fails like that; gives its line on stderr and its task. */
const fails = Effect.fnUntraced(function* (run: Scene["run"], code: number, reason: string, ...args: Array<string>) {
  const ended = yield* run(...args, "--json")
  assert.strictEqual(ended.code, code, ended.stderr)
  const { error } = Schema.decodeUnknownSync(Complaint, { onExcessProperty: "error" })(json(ended))
  assert.strictEqual(error.code, code)
  assert.strictEqual(error.reason, reason)
  const line = complaint(ended)
  assert.strictEqual(line, `netcup-failover: ${error.message}`)
  return { line, taskId: error.taskId }
})

scenario("1: what does not exist is named, and nothing is sent", ({ api, changes, run }) =>
  Effect.gen(function* () {
    const server = yield* fails(run, 1, "ServerNotFound", "route", "198.51.100.4", "--to", "v99")
    assert.match(server.line, /v99/u)
    // SOAP tells only when it is asked to.
    const address = yield* fails(run, 1, "AddressNotFound", "route", "192.0.2.99", "--to", "v2")
    assert.match(address.line, /192\.0\.2\.99/u)
    assert.strictEqual(yield* changes, api === "soap" ? 1 : 0)
  })
)

scenario("1: a server that cannot take it is refused before anything is sent", ({ changes, run }) =>
  Effect.gen(function* () {
    const off = yield* fails(run, 1, "ServerNotRunning", "route", "198.51.100.4", "--to", "v3")
    assert.match(off.line, /v3 is off/u)
    const rescue = yield* fails(run, 1, "ServerNotRunning", "route", "198.51.100.4", "--to", "v5", "--dry-run")
    assert.match(rescue.line, /v5 is in the rescue system/u)
    assert.strictEqual(yield* changes, 0)
  })
)

scenario(
  "1: the wrong site, and an address that is not ours to route, are refused before anything is sent",
  ({ changes, run }) =>
    Effect.gen(function* () {
      const { line } = yield* fails(run, 1, "WrongSite", "route", "198.51.100.4", "--to", "v4", "--dry-run")
      assert.match(line, /198\.51\.100\.4\/32 is at Nuremberg, and v4 at Vienna/u)
      yield* fails(run, 1, "Refused", "route", "198.51.100.6", "--to", "v1")
      yield* fails(run, 1, "Refused", "unroute", "198.51.100.6")
      yield* fails(run, 1, "AddressNotFound", "unroute", "192.0.2.99")
      assert.strictEqual(yield* changes, 0)
    }),
  { apis: ["rest"] }
)

scenario(
  "1: a task that netcup gave up is named with its end",
  ({ rest, run }) =>
    Effect.gen(function* () {
      yield* rest.inject({ task: TaskFault.End({ state: "ROLLBACK", message: "the router said no" }) })
      const { line, taskId } = yield* fails(run, 1, "TaskFailed", "route", "198.51.100.4", "--to", "v2")
      assert.match(line, /ROLLBACK\): the router said no/u)
      assert.isNotNull(taskId)
      assert.include(line, String(taskId))
    }),
  { apis: ["rest"] }
)

scenario("2: wrong usage is told without a word to netcup", ({ run, runWith, simulator }) =>
  Effect.gen(function* () {
    const cases: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
      ["not a CIDR", ["route", "198.51.100.300", "--to", "v2"]],
      ["netcup routes single IPv4 addresses only", ["route", "198.51.100.0/24", "--to", "v2"]],
      ["exclude each other", ["servers", "--secret", "a/b", "--credentials-file", "c"]],
      ["is not NAMESPACE/NAME", ["servers", "--secret", "netcup"]],
      ["names no Secret", ["servers", "--secret", "../x"]],
      ["--timeout must be more than 0", ["unroute", "198.51.100.4", "--timeout", "0"]],
      ["exclude each other", ["login", "--apply", "--save", "x"]],
      ["names no Secret", ["login", "--name", "Not A Name"]]
    ]
    for (const [words, args] of cases) {
      const ended = yield* run(...args)
      assert.strictEqual(ended.code, 2, args.join(" "))
      assert.strictEqual(ended.stdout, "")
      assert.include(complaint(ended), words)
    }
    const unknown: ReadonlyArray<ReadonlyArray<string>> = [
      ["reroute"],
      ["servers", "--frobnicate"],
      ["route", "198.51.100.4"],
      ["route", "198.51.100.4", "--to", ""],
      ["servers", "--password", "x"]
    ]
    for (const args of unknown) {
      const ended = yield* run(...args)
      assert.strictEqual(ended.code, 2, args.join(" "))
      // Help that nobody asked for would be taken for a result.
      assert.strictEqual(ended.stdout, "")
      assert.match(ended.stderr, /^netcup-failover: .+\nnetcup-failover: see netcup-failover.* --help\n$/u)
    }
    const url = yield* runWith({ NETCUP_REST_URL: "ftp://example.com" }, "servers")
    assert.strictEqual(url.code, 2)
    assert.match(complaint(url), /NETCUP_REST_URL: Expected a URL with http or https/u)
    assert.deepStrictEqual(yield* simulator.journal.calls, [])
  })
)

scenario("3: refused credentials", ({ run, spoil }) =>
  Effect.gen(function* () {
    yield* spoil("12345")
    const ended = yield* run("failover-ips")
    assert.strictEqual(ended.code, 3, ended.stderr)
    assert.strictEqual(ended.stdout, "")
    complaint(ended)
  })
)

scenario("4: netcup's limit", ({ limit, run, world }) =>
  Effect.gen(function* () {
    yield* limit({ cidr: "198.51.100.4/32" })
    const { line } = yield* fails(run, 4, "RateLimited", "route", "198.51.100.4", "--to", "v2")
    assert.match(line, /netcup's limit: .* Try again in a few minutes/u)
    assert.strictEqual([...(yield* world.routes)].find(([prefix]) => prefix === "198.51.100.4/32")?.[1], "v1")
  })
)

scenario("4: netcup cannot be reached", ({ run, simulator }) =>
  Effect.gen(function* () {
    yield* simulator.stop
    yield* fails(run, 4, "Unreachable", "route", "198.51.100.4", "--to", "v2")
    yield* fails(run, 4, "Unreachable", "servers")
  })
)

scenario("5: an answer that is lost says what to do, and the change is not repeated", (scene) =>
  Effect.gen(function* () {
    const { changes, operations, run, simulator } = scene
    yield* simulator.inject({ operation: operations.route, fault: { _tag: "Reset", applied: true } })
    const { line } = yield* fails(run, 5, "UnknownOutcome", "route", "198.51.100.4", "--to", "v2")
    assert.match(line, /Do not repeat it yet: .*netcup-failover failover-ips/u)
    assert.strictEqual(yield* changes, 1)
  })
)

scenario(
  "5: a task that does not end in time is named",
  ({ rest, run }) =>
    Effect.gen(function* () {
      yield* rest.inject({ task: TaskFault.Hold({ at: "RUNNING" }) })
      const { line, taskId } = yield* fails(
        run,
        5,
        "UnknownOutcome",
        "route",
        "198.51.100.4",
        "--to",
        "v2",
        "--timeout",
        "0.5"
      )
      const [task] = yield* rest.tasks.all
      assert.strictEqual(taskId, task?.uuid)
      assert.include(line, String(taskId))
    }),
  { apis: ["rest"] }
)

scenario(
  "130: who interrupts is told that the task goes on",
  ({ byEnvironment, environment, inspect, rest }) =>
    Effect.gen(function* () {
      yield* rest.inject({ task: TaskFault.Hold({ at: "RUNNING" }) })
      const tool = yield* Tool.start(["route", "198.51.100.4", "--to", "v2"], { ...environment, ...byEnvironment })
      yield* rest.awaitCall({ operation: "task" })
      yield* tool.interrupt
      const ended = yield* tool.end
      yield* inspect(ended.stderr)
      assert.strictEqual(ended.code, 130)
      const [task] = yield* rest.tasks.all
      assert.include(complaint(ended), `interrupted: task ${task?.uuid} may go on at netcup`)
    }),
  { apis: ["rest"] }
)
