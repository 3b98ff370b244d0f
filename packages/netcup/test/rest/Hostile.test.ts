/**
 * Bodies that nobody should send, as answers to everything: always an error with a name, never a defect.
 */
import { assert, describe, it } from "@effect/vitest"
import { NetcupError } from "@netcup-failover/netcup/NetcupError"
import * as FailoverIp from "@netcup-failover/netcup/rest/FailoverIp"
import * as Refusal from "@netcup-failover/netcup/rest/Refusal"
import { json } from "@netcup-failover/netcup/rest/RestCall"
import * as Server from "@netcup-failover/netcup/rest/Server"
import { ServerInterface } from "@netcup-failover/netcup/rest/ServerInterface"
import { Task } from "@netcup-failover/netcup/rest/Task"
import { User } from "@netcup-failover/netcup/rest/User"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { always, client, type Reply, world } from "./Endpoint.ts"
import { failover, task, taskId } from "./Samples.ts"

const hostile: ReadonlyArray<readonly [string, unknown]> = [
  ["nothing", ""],
  ["blanks", " \n\t"],
  ["null", "null"],
  ["a number", "1e999"],
  ["a text", '"FINISHED"'],
  ["half a text", '"\\ud800'],
  ["a lone surrogate", '{"uuid":"\\ud800","state":"\\udc00","id":1,"name":"\\ud800"}'],
  ["a list of nulls", "[null,null]"],
  ["a list of lists", "[[],[[]]]"],
  ["deep nesting", "[".repeat(500_000)],
  ["deep nesting that ends", "[".repeat(200_000) + "]".repeat(200_000)],
  ["deep objects", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`],
  ["a prototype", '{"__proto__":{"uuid":"x","state":"FINISHED"},"constructor":{"prototype":1}}'],
  ["wrong types", { uuid: 1, state: {}, id: "1", name: 2, message: [], errors: "x" }],
  ["huge numbers", '{"id":1e308,"name":"v1","uuid":"x","state":"FINISHED","startedAt":1e308}'],
  [
    "an address that is none",
    [{ id: 1, ip: "999.1.1.1", cidrSuffix: -5, networkPrefix: "::g", networkPrefixLength: 1e9 }]
  ],
  ["NUL", "\u0000\u0001"],
  ["HTML", "<!DOCTYPE html><html></html>"],
  ["two documents", '{"id":1}{"id":2}'],
  ["a BOM", '\ufeff{"id":1}']
]

const asks = Effect.fnUntraced(function* (reply: Reply) {
  const { client: rest } = yield* client(reply, { tries: 1, taskTimeout: "20 millis" })
  return [
    rest.ping,
    rest.user,
    Stream.runDrain(rest.servers()),
    rest.server(1),
    rest.interfaces(1),
    rest.failoverIps("IPv4"),
    rest.failoverIps("IPv6"),
    Stream.runDrain(rest.tasks()),
    rest.task(taskId),
    rest.awaitTask(taskId),
    rest.cancelTask(taskId),
    rest.route(failover, 1),
    rest.unroute(failover),
    rest.setPower(1, { state: "OFF", option: "POWEROFF" }),
    rest.setHostname(1, "web.example.org")
  ] satisfies ReadonlyArray<Effect.Effect<unknown, NetcupError>>
})

const named = (exit: Exit.Exit<unknown, NetcupError>) =>
  Exit.isSuccess(exit) ||
  exit.cause.reasons.every((reason) => Cause.isFailReason(reason) && reason.error instanceof NetcupError)

describe("RestClient: hostile answers", () => {
  for (const [what, body] of hostile) {
    it.live(`${what} is no defect, whatever is asked and whatever the status`, () =>
      Effect.gen(function* () {
        for (const status of [200, 202, 400, 404, 429, 503]) {
          for (const ask of yield* asks(always(status, body))) {
            const exit = yield* Effect.exit<unknown, NetcupError, never>(ask)
            assert.isTrue(named(exit), String(exit))
            if (Exit.isFailure(exit)) assert.isBelow(String(exit.cause).length, 2000)
          }
        }
      }).pipe(Effect.provide(world))
    )
  }

  it.live("ten megabytes of garbage are not read to their end", () =>
    Effect.gen(function* () {
      let sent = 0
      const flood: Reply = (response, { method }) => {
        response.writeHead(method === "GET" ? 200 : 202, { "content-type": "application/json" })
        const piece = "[".repeat(64 * 1024)
        const pump = () => {
          while (sent < 10 * 1024 * 1024 && !response.destroyed) {
            sent += piece.length
            if (!response.write(piece)) return void response.once("drain", pump)
          }
          response.end()
        }
        pump()
      }
      for (const [ask, tag] of [
        [(yield* client(flood, { tries: 1 })).client.user, "MalformedAnswer"],
        [(yield* client(flood, { tries: 1 })).client.route(failover, 1), "UnknownOutcome"]
      ] as const) {
        sent = 0
        const { reason } = yield* Effect.flip<unknown, NetcupError, never>(ask)
        assert.strictEqual(reason._tag, tag)
        // What the sockets hold has been sent as well.
        assert.isBelow(sent, 8 * 1024 * 1024)
      }
    }).pipe(Effect.provide(world))
  )

  const schemas = [
    Schema.Array(Server.ServerSummary),
    Server.Server,
    Schema.Array(ServerInterface),
    Schema.Array(FailoverIp.FailoverIpv4),
    Schema.Array(FailoverIp.FailoverIpv6),
    Task,
    User
  ]

  it.prop("any text is read, or is not", [Schema.String, Schema.Unknown], ([text, value]) => {
    for (const body of [text, JSON.stringify(value) ?? ""]) {
      for (const schema of schemas)
        assert.isTrue(Result.isResult(json<Schema.ConstraintDecoder<unknown>>(schema)({ status: 200, text: body })))
    }
  })

  it.prop(
    "any answer that is no success has a meaning, in words of bounded length",
    [Schema.Int, Schema.String],
    ([number, text]) => {
      const status = Math.abs(number) % 700
      for (const kind of ["read", "change"] as const) {
        for (const body of [
          text,
          JSON.stringify({ message: text }),
          JSON.stringify({ errors: [{ field: text, message: text }] })
        ]) {
          const reason = Refusal.classify({ kind }, { status, text: body, retryAt: undefined }, (words) =>
            words.slice(0, 500)
          )
          assert.notStrictEqual(reason.message, "")
          assert.isBelow(reason.message.length, 700)
          // What may have been heard has no certain end, unless netcup or a limit said no.
          if (kind === "change") assert.include(["RateLimited", "Refused", "UnknownOutcome"], reason._tag)
          else assert.notStrictEqual(reason._tag, "UnknownOutcome")
        }
      }
    }
  )

  it.live("what only informs may come in any shape: the route does not fail of it", () =>
    Effect.gen(function* () {
      const odd = {
        startedAt: 1787851296,
        finishedAt: "soon",
        message: { en: "done" },
        executingUser: "max",
        taskProgress: { progressInPercent: "100 %", expectedFinishedAt: {} },
        steps: { first: {} },
        responseError: []
      }
      const { client: rest } = yield* client(always(200, task("FINISHED", odd)))
      assert.strictEqual((yield* rest.awaitTask(taskId)).state, "FINISHED")
      const { client: other } = yield* client(
        always(200, { id: 1, name: "v1", disabled: "no", template: [], ipv4Addresses: {}, hostname: 5 })
      )
      assert.deepStrictEqual<unknown>(yield* other.server(1), { id: 1, name: "v1" })
      const { client: refused } = yield* client(always(409, { code: 409, message: "busy", errors: "none" }))
      assert.strictEqual((yield* Effect.flip(refused.user)).message, "busy")
    }).pipe(Effect.provide(world))
  )

  it.live("what decides may not: a server that can't be read is not one that runs, nor an address nowhere", () =>
    Effect.gen(function* () {
      for (const odd of [{ rescueSystemActive: "yes" }, { site: "Vienna" }, { serverLiveInfo: { state: 1 } }]) {
        const { client: rest } = yield* client(always(200, { id: 1, name: "v1", ...odd }))
        assert.strictEqual((yield* Effect.flip(rest.server(1))).reason._tag, "MalformedAnswer")
      }
      const { client: rest } = yield* client(always(200, [{ id: 1, ip: "198.51.100.4", cidrSuffix: 32, server: "v1" }]))
      assert.strictEqual((yield* Effect.flip(rest.failoverIps("IPv4"))).reason._tag, "MalformedAnswer")
    }).pipe(Effect.provide(world))
  )

  it.live("states, names and fields that are not known yet are no errors", () =>
    Effect.gen(function* () {
      const { client: rest } = yield* client(
        always(200, { ...task("MEDITATING"), name: "NewTask", onRollback: null, brandNew: { deep: [1] } })
      )
      assert.strictEqual((yield* rest.task(taskId)).state, "MEDITATING")
      const { client: other } = yield* client(
        always(200, { id: 1, name: "v1", brandNew: true, serverLiveInfo: { state: "DREAMING" }, architecture: "RISCV" })
      )
      const server = yield* other.server(1)
      assert.strictEqual(server.serverLiveInfo?.state, "DREAMING")
      assert.isUndefined(Server.running(server))
      assert.notProperty(server, "brandNew")
    }).pipe(Effect.provide(world))
  )
})
