import { assert, describe, it } from "@effect/vitest"
import { parse } from "@netcup-failover/core/FailoverAddress"
import { FailoverIpResource, Spec, Status } from "@netcup-failover/core/FailoverIpResource"
import * as LabelSelector from "@netcup-failover/core/LabelSelector"
import * as Schema from "effect/Schema"

/** The resources that the README of the Go controller shows, as the API server gives them out. */
const resource = (name: string, spec: object) => ({
  apiVersion: "netcup.digilol.net/v1alpha1",
  kind: "NetcupFailoverIP",
  metadata: { name, generation: 1, resourceVersion: "42" },
  spec
})
const credentialsSecret = { name: "netcup-credentials", namespace: "netcup-system" }
const ips = ["198.51.100.1/32", "2001:db8::/64"]

const controlPlane = { matchLabels: { "node-role.kubernetes.io/control-plane": "" } }
const workers = { matchExpressions: [{ key: "node-role.kubernetes.io/control-plane", operator: "DoesNotExist" }] }

const samples: ReadonlyArray<readonly [string, object]> = [
  ["any ready node", { ips, credentialsSecret }],
  ["control-plane nodes only", { ips, credentialsSecret, nodeSelector: controlPlane }],
  ["worker nodes only", { ips, credentialsSecret, nodeSelector: workers }],
  ["group-a", { ips, credentialsSecret: { ...credentialsSecret, name: "netcup-credentials-account1" } }],
  [
    "group-b",
    {
      ips: ["198.51.100.2/32", "2001:db8::2/64"],
      credentialsSecret: { ...credentialsSecret, name: "netcup-credentials-account2" }
    }
  ]
]

const decode = Schema.decodeUnknownSync(FailoverIpResource)
const refuses = (spec: unknown) => Schema.decodeUnknownResult(Spec)(spec)._tag === "Failure"

describe("a resource", () => {
  for (const [name, spec] of samples) {
    it(`as the seed's samples have it is decoded as written: ${name}`, () => {
      const decoded = decode(resource("primary", spec))
      assert.deepStrictEqual(decoded, { spec } as unknown)
      for (const ip of decoded.spec.ips) assert.strictEqual(parse(ip)._tag, "Success")
      assert.deepStrictEqual(LabelSelector.problems(decoded.spec.nodeSelector ?? LabelSelector.everything), [])
    })
  }

  it("for control planes or for workers selects as its labels say", () => {
    const select = (nodeSelector: object, labels: LabelSelector.Labels) => {
      const { spec } = decode(resource("primary", { ips, credentialsSecret, nodeSelector }))
      return LabelSelector.unmet(spec.nodeSelector ?? LabelSelector.everything, labels).length === 0
    }
    const labels = { "node-role.kubernetes.io/control-plane": "", "kubernetes.io/hostname": "k8s-control-plane-1" }
    assert.isTrue(select(controlPlane, labels))
    assert.isFalse(select(controlPlane, { "kubernetes.io/hostname": "worker-1" }))
    assert.isFalse(select(workers, labels))
    assert.isTrue(select(workers, { "kubernetes.io/hostname": "worker-1" }))
  })

  it("with the status that the Go controller wrote is decoded", () => {
    const status = {
      currentNode: "k8s-control-plane-1",
      conditions: [
        {
          type: "Routed",
          status: "True",
          reason: "NodeSelected",
          message: "routed to k8s-control-plane-1",
          lastTransitionTime: "2026-05-01T10:00:00Z",
          observedGeneration: 1
        }
      ]
    }
    assert.deepStrictEqual(
      decode({ ...resource("primary", { ips, credentialsSecret }), status }).status,
      status as unknown
    )
  })

  it("with a full status survives being decoded and encoded", () => {
    const status: typeof Status.Type = {
      currentNode: "n1",
      targetNode: "n2",
      observedGeneration: 3,
      addresses: [
        { ip: "198.51.100.1/32", server: "v1", node: "n1", state: "Routed", since: "2026-05-01T10:00:00Z" },
        {
          ip: "2001:db8::/64",
          state: "Failed",
          attemptedAt: "2026-05-01T10:00:00Z",
          taskId: "7f3c",
          nextAttemptAt: "2026-05-01T10:05:00Z",
          lastError: { reason: "RateLimited", message: "wait" }
        }
      ],
      moves: [{ at: "2026-05-01T10:00:00Z", from: "n1", to: "n2", reason: "LeftNode" }],
      conditions: []
    }
    assert.deepStrictEqual(Schema.decodeUnknownSync(Status)(Schema.encodeSync(Status)(status)), status)
  })

  it("that lacks what it needs is refused", () => {
    assert.isFalse(refuses({ ips, credentialsSecret }))
    assert.isTrue(refuses({ credentialsSecret }))
    assert.isTrue(refuses({ ips }))
    assert.isTrue(refuses({ ips: [], credentialsSecret }))
    assert.isTrue(refuses({ ips: "198.51.100.1/32", credentialsSecret }))
    assert.isTrue(refuses({ ips: [1], credentialsSecret }))
    assert.isTrue(refuses({ ips, credentialsSecret: { name: "a" } }))
    assert.isTrue(refuses({ ips, credentialsSecret: { name: "", namespace: "b" } }))
    assert.isTrue(refuses({ ips, credentialsSecret: { name: "a", namespace: "" } }))
    assert.isTrue(refuses({ ips, credentialsSecret: "netcup-credentials" }))
    assert.isTrue(refuses({ ips, credentialsSecret, nodeSelector: { matchLabels: { role: 1 } } }))
    assert.isTrue(refuses({ ips, credentialsSecret, nodeSelector: { matchExpressions: [{ operator: "Exists" }] } }))
    assert.isTrue(
      refuses({ ips, credentialsSecret, nodeSelector: { matchExpressions: [{ key: "", operator: "Exists" }] } })
    )
    assert.isTrue(refuses(null))
  })

  it("has a priority that is a whole number, also a negative one, or none", () => {
    for (const priority of [0, 7, -3]) assert.isFalse(refuses({ ips, credentialsSecret, priority }))
    for (const priority of [1.5, "7", null, true]) assert.isTrue(refuses({ ips, credentialsSecret, priority }))
  })

  it("with a state of an address that is not in the list is refused", () => {
    const read = Schema.decodeUnknownResult(Status)
    assert.strictEqual(read({ addresses: [{ ip: "198.51.100.1/32", state: "routed" }] })._tag, "Failure")
    assert.strictEqual(read({ addresses: [{ state: "Routed" }] })._tag, "Failure")
  })
})
