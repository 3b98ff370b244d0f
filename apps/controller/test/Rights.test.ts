import { assert } from "@effect/vitest"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Manifests from "@netcup-failover/testing/stage/Manifests"
import * as Rights from "@netcup-failover/testing/stage/Rights"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { account, loginName } from "./Account.ts"
import { suite } from "./Suite.ts"

const ips = ["198.51.100.1/32", "2001:db8:a::/64"]

/** As a person reads it: `patch netcupfailoverips/status (netcup.digilol.net) in …`. */
const line = ({ verb, apiGroup, resource, namespace, name }: Rights.Right): string =>
  `${verb} ${resource} (${apiGroup}) in ${namespace ?? "the cluster"}, ${name ?? "any"}`

// By REST: tokens rotate, and are kept in a Secret.
suite("the controller's rights", { apis: ["rest"] }, (scenario) => {
  scenario(
    "are all used by a controller that is installed, fails over, repeats an Event, hands over and is started again",
    Effect.gen(function* () {
      const { audit, enforcesRoles } = yield* KubeCluster
      if (!enforcesRoles) return
      const stage = yield* Stage.make({ limitWindow: "10 millis", rest: { accessTokenLifetime: "2 seconds" } })
      yield* stage.world.addAccount(
        account(
          2,
          ips.map((cidr) => ({ cidr }))
        )
      )
      const kubelets = yield* Effect.forEach([1, 2], (n) => stage.addNode(`node-${n}`, { server: `v${n}` }))
      yield* stage.putCredentials("netcup", loginName)
      const first = yield* stage.startController({ NETCUP_REFRESH_INTERVAL: "1s" })
      // Its Pods are looked for, and none is there.
      const workload = { namespace: Stage.namespace, selector: { matchLabels: { app: "ingress" } } }
      yield* stage.putGroup("primary", { ips, wishes: { workload, reclaimPolicy: "Unroute" } })
      // The same facts again and again are one Event whose count grows.
      for (let round = 0; round < 2; round++) {
        for (const kubelet of kubelets) {
          const node = yield* stage.routedNode("primary")
          if (kubelet.name !== node) continue
          yield* kubelet.setReady("False", "KubeletNotReady")
          yield* stage.groupUntil("primary", ({ status }) => status?.currentNode !== node)
          yield* kubelet.setReady("True", "KubeletReady")
        }
      }
      yield* first.end("SIGTERM")
      yield* stage.startController({ NETCUP_REFRESH_INTERVAL: "1s", DETECTION_LEASE_STALE_AFTER: "4s" })
      const last = yield* stage.routedNode("primary")
      // A Lease that seems overdue, after it was seen renewed, is read.
      yield* Effect.sleep("3 seconds")
      for (const kubelet of kubelets) if (kubelet.name !== last) yield* kubelet.pause
      const rights = yield* Rights.granted(yield* Manifests.read("rbac"))
      assert.isAbove(rights.length, 10)
      const missing = yield* Effect.repeat(
        Effect.map(audit, (requests) => Rights.unused(rights, requests).map(line)),
        {
          schedule: Schedule.spaced("250 millis"),
          until: (unused) => unused.length === 0,
          times: 40
        }
      )
      assert.deepStrictEqual(missing, [])
    })
  )
})
