import { assert, describe, it } from "@effect/vitest"
import { isBeingEmptied, pods, toPod } from "@netcup-failover/controller/observe/PodResource"
import * as Schema from "effect/Schema"
import { type PodSketch, podJson } from "./Pods.ts"

const decode = Schema.decodeUnknownSync(pods.schema)
const read = (sketch: Partial<PodSketch>) => decode(podJson({ name: "a", node: "node-1", ...sketch }))

describe("a Pod", () => {
  it("serves while it is ready and not being deleted, and says whose it is", () => {
    const serving = { name: "a", node: "node-1", ready: true, deleting: false, daemon: false }
    assert.deepStrictEqual<unknown>(toPod(read({})), serving)
    assert.deepStrictEqual<unknown>(toPod(read({ ready: false })), { ...serving, ready: false })
    assert.deepStrictEqual<unknown>(toPod(read({ deleting: true })), { ...serving, ready: false, deleting: true })
    assert.deepStrictEqual<unknown>(toPod(read({ owner: "DaemonSet" })), { ...serving, daemon: true })
  })

  it("is on no node before it is scheduled, and not ready before it says so", () => {
    const { ownerReferences: _, ...metadata } = podJson({ name: "a", node: "node-1" }).metadata
    assert.isUndefined(toPod(decode({ metadata, spec: {} })))
    assert.deepInclude(toPod(decode({ metadata, spec: { nodeName: "b" } })), {
      ready: false,
      daemon: false
    })
  })
})

describe("a cordoned node", () => {
  const empties = (...sketches: ReadonlyArray<Partial<PodSketch>>) => isBeingEmptied(sketches.map(read))

  it("is being drained once a Pod is evicted, but not by the kubelet, which is short of something, nor for another Pod", () => {
    assert.isTrue(empties({}, { disruption: "EvictionByEvictionAPI" }))
    assert.isTrue(empties({}, { disruption: "DeletionByTaintManager" }))
    assert.isFalse(empties({}, { disruption: "TerminationByKubelet" }))
    assert.isFalse(empties({}, { disruption: "PreemptionByScheduler" }))
    assert.isFalse(empties({}, { disruption: "DeletionByPodGC" }))
    assert.isFalse(empties({}, {}))
  })

  it("is being drained when all that a drain would delete is being deleted, and not by a rollout", () => {
    const daemon = { owner: "DaemonSet" }
    const two = [{ deleting: true }, { deleting: true }]
    assert.isTrue(empties(...two, daemon))
    assert.isTrue(empties(...two, daemon, { owner: "Node" }, { phase: "Succeeded" }, { phase: "Failed" }))
    assert.isFalse(empties({ deleting: true }, {}, daemon))
    // The only one, as on a control plane that is cordoned for good: it may as well be a rollout.
    assert.isFalse(empties({ deleting: true }, daemon, { owner: "Node" }))
    assert.isFalse(empties({ ...daemon, deleting: true }))
    assert.isFalse(empties(daemon))
    assert.isFalse(empties())
  })
})
