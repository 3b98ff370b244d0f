/**
 * Why a group is where it is, as its cluster tells.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { EmbeddedKube } from "@netcup-failover/testing/embedded/EmbeddedKube"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as NetcupStage from "@netcup-failover/testing/stage/NetcupStage"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { complaint, json, make as makeScene } from "./Scene.ts"

const groups = "/apis/netcup.digilol.net/v1alpha1/netcupfailoverips"
const time = "2026-11-22T12:00:00Z"
const routed = { type: "Routed", status: "True", reason: "Routed", message: "all is well\u001b[2J" }

const make = Effect.gen(function* () {
  const { http, kubeconfig } = yield* KubeCluster
  const put = Effect.fnUntraced(function* (path: string, manifest: Schema.JsonObject) {
    yield* Effect.addFinalizer(() => Effect.ignore(http.delete(path)))
    yield* http.apply(path, manifest)
  })
  const node = Effect.fnUntraced(function* (name: string, server: string | undefined, ready: string) {
    const annotations = server === undefined ? {} : { "netcup.digilol.net/server-name": server }
    yield* put(`/api/v1/nodes/${name}`, { apiVersion: "v1", kind: "Node", metadata: { name, annotations } })
    const heartbeat = { lastHeartbeatTime: time, lastTransitionTime: time, reason: "Test", message: "" }
    const conditions = [{ type: "Ready", status: ready, ...heartbeat }]
    yield* http.strategicPatch(`/api/v1/nodes/${name}/status`, { status: { conditions } })
  })
  const group = Effect.fnUntraced(function* (name: string, more: Schema.JsonObject, status?: Schema.JsonObject) {
    yield* put(`${groups}/${name}`, {
      apiVersion: "netcup.digilol.net/v1alpha1",
      kind: "NetcupFailoverIP",
      metadata: { name },
      spec: { ips: ["2001:db8:f::2/64"], credentialsSecret: { name: "netcup", namespace: "netcup-system" }, ...more }
    })
    if (status !== undefined) yield* http.patch(`${groups}/${name}/status`, { status })
  })
  yield* node("a", "v1", "True")
  yield* node("b", "v2", "True")
  yield* node("c", undefined, "False")
  yield* group(
    "web",
    {},
    {
      currentNode: "a",
      addresses: [{ ip: "2001:db8:f::2/64", server: "v1", node: "a", state: "Routed" }],
      moves: [{ at: time, from: "b", to: "a", reason: "b was not ready" }],
      conditions: [{ ...routed, lastTransitionTime: time, observedGeneration: 1 }]
    }
  )
  const scene = yield* makeScene()
  const explain = (...args: ReadonlyArray<string>) => scene.runWith({ KUBECONFIG: kubeconfig }, "explain", ...args)
  return { ...scene, group, explain }
})
type Scene = Effect.Success<typeof make>

const notHeard =
  "Nodes are judged by what they declare: Leases, answers and netcup's word, by which the controller finds that one is dead, are not heard here."
const known =
  "As far as the cluster tells: which servers an account has, which of them a node without annotation is, whether they run and at which site they are, only netcup knows."

layer(EmbeddedKube.layer(), { excludeTestServices: true, timeout: 60_000 })("explain", (it) => {
  const scenario = (title: string, play: (scene: Scene) => Effect.Effect<void, unknown, Scope.Scope>) =>
    it.effect(
      title,
      () =>
        Stage.install().pipe(
          Effect.andThen(make),
          Effect.flatMap(play),
          Effect.scoped,
          Effect.provideService(NetcupStage.Api, "rest"),
          Effect.provide(NodeServices.layer)
        ),
      60_000
    )

  scenario("tells where a group is, since when, why not elsewhere, and asks nothing of netcup", (scene) =>
    Effect.gen(function* () {
      const ended = yield* scene.explain("web")
      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.deepStrictEqual(ended.stdout.trimEnd().split("\n"), [
        "web is on a since 2026-11-22T12:00:00.000Z: all its addresses are there, and it may keep them",
        "  b could have it, but the group stays where it is well",
        "    goes there if: kubectl annotate netcupfailoverip web netcup.digilol.net/move-to=b",
        "  c is not ready, has no annotation netcup.digilol.net/server-name, and nothing else tells which server it is",
        "    needs: c is Ready again",
        "    and: it names its server: kubectl annotate node c netcup.digilol.net/server-name=v…",
        "The controller says: Routed=True (Routed), all is well [2J",
        `Its last move, at ${time}: from b to a, because b was not ready`,
        known,
        notHeard
      ])
      assert.deepStrictEqual(yield* scene.simulator.journal.calls, [])
    })
  )

  scenario("gives the same as JSON, in which reasons are data", (scene) =>
    Effect.gen(function* () {
      const ended = yield* scene.explain("web", "--json")
      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.deepStrictEqual(json(ended), {
        group: "web",
        node: "a",
        since: Date.parse(time),
        because: { _tag: "Stay", pinned: false },
        others: [
          {
            node: "b",
            against: { _tag: "Stays", failback: false, rebalance: false },
            wouldChange: ["kubectl annotate netcupfailoverip web netcup.digilol.net/move-to=b"]
          },
          {
            node: "c",
            against: {
              _tag: "Ineligible",
              reasons: [{ _tag: "Failed", signs: [{ _tag: "NotReady" }] }, { _tag: "MissingAnnotation" }]
            },
            wouldChange: [
              "c is Ready again",
              "it names its server: kubectl annotate node c netcup.digilol.net/server-name=v…"
            ]
          }
        ],
        routed: { status: "True", reason: "Routed", message: routed.message }
      })
    })
  )

  scenario("takes from statuses what the controller has said, and from others what they claim", (scene) =>
    Effect.gen(function* () {
      yield* scene.group("paused", { ips: ["198.51.100.4/32"], paused: true }, { currentNode: "b" })
      const refused = { type: "CredentialsHealthy", status: "False", reason: "CredentialsError", message: "no Secret" }
      const conditions = [{ ...refused, lastTransitionTime: time, observedGeneration: 1 }]
      yield* scene.group("locked", { ips: ["198.51.100.5/32"] }, { conditions })
      yield* scene.group("younger", { ips: ["198.51.100.4/32"] })
      const first = (name: string) => Effect.map(scene.explain(name), ({ stdout }) => stdout.split("\n")[0])
      assert.strictEqual(
        yield* first("paused"),
        "paused is left alone, on b: nothing is moved while spec.paused is true"
      )
      assert.strictEqual(yield* first("locked"), "locked is left alone, on no node: no Secret")
      assert.match(`${yield* first("younger")}`, /198\.51\.100\.4\/32 belongs to the older paused/u)
    })
  )

  scenario("says in a line that there is no such group, or no cluster", (scene) =>
    Effect.gen(function* () {
      const missing = yield* scene.explain("nowhere")
      assert.strictEqual(missing.code, 2)
      assert.strictEqual(complaint(missing), "netcup-failover: the cluster has no group nowhere")
      const alone = yield* scene.runWith({ KUBECONFIG: "/nowhere" }, "explain", "web", "--json")
      assert.strictEqual(alone.code, 3)
      assert.match(complaint(alone), /Kubernetes/u)
    })
  )
})
