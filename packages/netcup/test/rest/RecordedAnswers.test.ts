import { existsSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as FailoverIp from "@netcup-failover/netcup/rest/FailoverIp"
import { json } from "@netcup-failover/netcup/rest/RestCall"
import * as Server from "@netcup-failover/netcup/rest/Server"
import { ServerInterface } from "@netcup-failover/netcup/rest/ServerInterface"
import * as Task from "@netcup-failover/netcup/rest/Task"
import { User } from "@netcup-failover/netcup/rest/User"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** Answers that others recorded, and netcup's own document: not part of the project, used where they lie beside it. */
const folder = new URL("../../../../../shared/reference/contracts/rest/", import.meta.url)
const Recorded = Schema.fromJsonString(Schema.Struct({ responseBody: Schema.Unknown }))
const Document = Schema.fromJsonString(
  Schema.Struct({
    components: Schema.Struct({
      schemas: Schema.Record(
        Schema.String,
        Schema.Struct({
          properties: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
          enum: Schema.optionalKey(Schema.Array(Schema.String))
        })
      )
    })
  })
)

/** A recorded body as the client reads it. */
const read = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, name: string) => {
  const text = readFileSync(new URL(`recorded/${name}.json`, folder), "utf8")
  const { responseBody } = Schema.decodeUnknownSync(Recorded)(text)
  return Result.getOrThrow(json(schema)({ status: 200, text: JSON.stringify(responseBody) }))
}

describe.skipIf(!existsSync(folder))("answers recorded from netcup", () => {
  it("a list of servers", () => {
    const servers = read(Schema.Array(Server.ServerSummary), "GET_servers")
    assert.strictEqual(servers.length, 8)
    assert.deepStrictEqual<unknown>(servers[0], {
      id: 111001,
      name: "v0000000000000000001",
      disabled: false,
      hostname: "mail.example.net",
      nickname: "mail-box",
      template: { id: 809, name: "VPS 200 G10s" }
    })
  })

  it("one server, with routed addresses among those of its interface", () => {
    const server = read(Server.Server, "GET_servers_111003")
    assert.deepStrictEqual<unknown>(
      [server.id, server.site, server.rescueSystemActive, Server.running(server)],
      [111003, { id: 1, city: "Nuremberg" }, false, true]
    )
    const [first] = server.serverLiveInfo?.interfaces ?? []
    assert.include(first?.ipv4Addresses ?? [], "198.18.88.63")
    assert.include(first?.ipv6NetworkPrefixes ?? [], "2001:db8:a:20:33d::/64")
    const other = read(Server.Server, "GET_servers_111007")
    const [, vlan] = other.serverLiveInfo?.interfaces ?? []
    assert.deepStrictEqual([vlan?.vlanInterface, vlan?.vlanId, vlan?.ipv4Addresses], [true, 222001, []])
    assert.notProperty(other.serverLiveInfo?.interfaces?.[0], "vlanId")
  })

  it("the interfaces of a server", () => {
    const [first, second] = read(Schema.Array(ServerInterface), "GET_servers_111007_interfaces")
    assert.strictEqual(first?.ipv4Addresses?.[0]?.type, "IP")
    assert.notProperty(first?.ipv4Addresses?.[0], "destinationIp")
    assert.deepStrictEqual(
      first?.ipv6Addresses?.map(({ id, linkLocal, rdns }) => [id, linkLocal, rdns]),
      [
        [0, true, {}],
        [666016, false, { "2001:db8:c1:5e9e:0:0:0:0": "demo-k8s-wrk-02.example.com" }]
      ]
    )
    assert.deepStrictEqual([second?.ipv4Addresses, second?.ipv6Addresses], [[], []])
  })

  it("failover addresses of both families", () => {
    const told = [
      ...read(Schema.Array(FailoverIp.FailoverIpv4), "GET_users_555001_failoverips_v4"),
      ...read(Schema.Array(FailoverIp.FailoverIpv6), "GET_users_555001_failoverips_v6")
    ]
    assert.deepStrictEqual<unknown>(
      told.map((one) => {
        const { address, ...more } = Result.getOrThrow(FailoverIp.of(one))
        return { ...more, prefix: address.prefix }
      }),
      [
        ["198.18.88.63/32", 333001],
        ["2001:db8:a:20::/64", 333002]
      ].map(([prefix, id]) => ({
        id,
        prefix,
        editable: true,
        site: { id: 1, city: "Nuremberg" },
        server: { id: 111003, name: "v0000000000000000003" }
      }))
    )
  })

  it("tasks: one that runs, one that has finished, one that was just begun, and a list", () => {
    const running = read(Task.Task, "GET_tasks_running")
    assert.deepStrictEqual([running.state, running.startedAt], ["RUNNING", Date.UTC(2026, 7, 28, 20, 55, 46, 364)])
    assert.notProperty(running, "finishedAt")
    assert.deepStrictEqual(
      running.steps?.map(({ state }) => state),
      ["RUNNING", "PENDING"]
    )
    const finished = read(Task.Task, "GET_tasks_finished")
    assert.deepStrictEqual([finished.state, finished.finishedAt], ["FINISHED", Date.UTC(2026, 7, 27, 15, 54, 38, 911)])
    const begun = read(Task.Task, "PATCH_servers_111007_202_pending")
    assert.deepStrictEqual([begun.state, begun.startedAt], ["PENDING", Date.UTC(2026, 7, 27, 17, 21, 36, 93)])
    const list = read(Schema.Array(Task.Task), "GET_tasks_failover_entries")
    assert.deepStrictEqual(list.map(Task.isRouting), Array(6).fill(true))
    assert.isFalse(Task.isRouting(finished))
  })

  it("the user", () => {
    const user = read(User, "GET_users_555001")
    assert.deepStrictEqual([user.id, user.username], [555001, "100000"])
    assert.notProperty(user, "apiIpLoginRestrictions")
  })
})

describe.skipIf(!existsSync(folder))("netcup's document of the API", () => {
  const { schemas } = existsSync(folder)
    ? Schema.decodeUnknownSync(Document)(readFileSync(new URL("openapi.json", folder), "utf8")).components
    : { schemas: {} }

  it("has every field that we read", () => {
    for (const [name, fields] of [
      ["ServerListMinimal", Server.ServerSummary.fields],
      ["Server", Server.Server.fields],
      ["Interface", ServerInterface.fields],
      ["FailoverIPv4", FailoverIp.FailoverIpv4.fields],
      ["FailoverIPv6", FailoverIp.FailoverIpv6.fields],
      ["TaskInfo", Task.Task.fields],
      ["User", User.fields]
    ] as const) {
      assert.includeMembers(Object.keys(schemas[name]?.properties ?? {}), Object.keys(fields), name)
    }
  })

  it("has no state of a server or a task that we don't know how to take", () => {
    const told = (state: string) => Server.running({ ...serverOf, serverLiveInfo: { state } })
    assert.deepStrictEqual(
      (schemas.ServerState?.enum ?? []).map((state) => [state, told(state)]),
      [
        ["NOSTATE", undefined],
        ["RUNNING", true],
        ["BLOCKED", undefined],
        ["PAUSED", undefined],
        ["SHUTDOWN", false],
        ["SHUTOFF", false],
        ["CRASHED", false],
        ["PMSUSPENDED", undefined],
        ["DISK_SNAPSHOT", undefined]
      ]
    )
    assert.deepStrictEqual(
      (schemas.TaskState?.enum ?? []).filter((state) => Task.isFailure(state)),
      ["ERROR", "CANCELED", "ROLLBACK"]
    )
  })
})

const serverOf: Server.Server = Result.getOrThrow(Schema.decodeUnknownResult(Server.Server)({ id: 1, name: "v1" }))
