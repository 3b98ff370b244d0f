/**
 * The addresses and the server of a node, as its cluster has them.
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
import { parse } from "yaml"
import { complaint, make as makeScene } from "./Scene.ts"

const groups = "/apis/netcup.digilol.net/v1alpha1/netcupfailoverips"
const edge = { matchLabels: { role: "edge" } }

const make = Effect.gen(function* () {
  const { http, kubeconfig } = yield* KubeCluster
  const put = Effect.fnUntraced(function* (path: string, manifest: Schema.JsonObject) {
    yield* Effect.addFinalizer(() => Effect.ignore(http.delete(path)))
    yield* http.apply(path, manifest)
  })
  const node = (name: string, labels: Schema.JsonObject, annotations: Schema.JsonObject) =>
    put(`/api/v1/nodes/${name}`, { apiVersion: "v1", kind: "Node", metadata: { name, labels, annotations } })
  const group = (name: string, ips: ReadonlyArray<string>, more: Schema.JsonObject = {}) =>
    put(`${groups}/${name}`, {
      apiVersion: "netcup.digilol.net/v1alpha1",
      kind: "NetcupFailoverIP",
      metadata: { name },
      spec: { ips, credentialsSecret: { name: "netcup", namespace: "netcup-system" }, ...more }
    })
  yield* node("edge-1", { role: "edge" }, { "netcup.digilol.net/server-name": "v1" })
  yield* node("plain", {}, {})
  const scene = yield* makeScene()
  return {
    ...scene,
    group,
    network: (...args: ReadonlyArray<string>) =>
      scene.runWith({ ...scene.byEnvironment, KUBECONFIG: kubeconfig }, "network", "--interface=eth0", ...args)
  }
})
type Scene = Effect.Success<typeof make>

const addressesOf = (netplan: string) => parse(netplan).network.ethernets.eth0.addresses

layer(EmbeddedKube.layer(), { excludeTestServices: true, timeout: 60_000 })("with a cluster", (it) => {
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

  scenario(
    "a node gets the addresses of all groups that may come to it, and its server's own one",
    ({ group, network }) =>
      Effect.gen(function* () {
        yield* group("primary", ["198.51.100.4/32", "2001:db8:f::2/64"])
        yield* group("edge", ["198.51.100.5/32"], { nodeSelector: edge })
        yield* group("elsewhere", ["198.51.100.6/32"], { nodeSelector: { matchLabels: { role: "core" } } })
        const ended = yield* network("--for", "netplan", "--node", "edge-1")
        assert.strictEqual(ended.code, 0, ended.stderr)
        assert.sameDeepMembers(addressesOf(ended.stdout), [
          "198.51.100.4/32",
          { "2001:db8:f::2/64": { lifetime: 0 } },
          "198.51.100.5/32",
          "2001:db8:100:1:0:ff:fe00:1/64"
        ])
      })
  )

  scenario("groups can be named, and then netcup is asked only if it has to be", ({ group, network, simulator }) =>
    Effect.gen(function* () {
      yield* group("primary", ["198.51.100.4/32"])
      yield* group("edge", ["198.51.100.5/32"], { nodeSelector: edge })
      const ended = yield* network("--for", "netplan", "--group", "edge")
      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.deepStrictEqual(addressesOf(ended.stdout), ["198.51.100.5/32"])
      assert.deepStrictEqual(yield* simulator.journal.calls, [])
      const missing = yield* network("--for", "netplan", "--group", "primary", "--group", "nowhere")
      assert.strictEqual(missing.code, 2)
      assert.match(complaint(missing), /no group nowhere/u)
    })
  )

  scenario("a node without annotation, no such node and no groups are told with what to do", ({ group, network }) =>
    Effect.gen(function* () {
      const nothing = yield* network("--for", "netplan", "--node", "edge-1")
      assert.strictEqual(nothing.code, 2)
      assert.match(complaint(nothing), /no failover addresses for the node edge-1.*--ip/u)
      yield* group("primary", ["2001:db8:f::2/64"])
      const bare = yield* network("--for", "netplan", "--node", "plain")
      assert.strictEqual(bare.code, 2)
      assert.match(complaint(bare), /kubectl annotate node plain netcup\.digilol\.net\/server-name=v/u)
      const absent = yield* network("--for", "netplan", "--node", "absent")
      assert.strictEqual(absent.code, 1)
      assert.match(complaint(absent), /absent/u)
    })
  )
})
