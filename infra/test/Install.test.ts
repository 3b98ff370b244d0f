/**
 * The README, followed to the letter on a real cluster whose Pods really run.
 */
import { assert } from "@effect/vitest"
import * as FakeKubelet from "@netcup-failover/testing/kubernetes/FakeKubelet"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as NetcupStage from "@netcup-failover/testing/stage/NetcupStage"
import * as Rights from "@netcup-failover/testing/stage/Rights"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { suite } from "./Cluster.ts"
import { at } from "./helm/Rendered.ts"
import * as Guide from "./install/Guide.ts"
import * as Kubelet from "./install/Kubelet.ts"
import * as Reader from "./install/Reader.ts"

const release = "netcup-failover-controller"
const user = `system:serviceaccount:${Stage.namespace}:${release}`
const deploymentPath = `/apis/apps/v1/namespaces/${Stage.namespace}/deployments/${release}`
const addresses = ["198.51.100.1/32", "2001:db8::/64"]
/** As the docs name them. */
const servers = ["v1234567890123456789", "v9876543210987654321"]

const account = {
  loginName: "12345",
  password: "word",
  servers: servers.map((name, i) => ({
    name,
    nickname: ["first", "second"][i] ?? "",
    interfaces: [
      { mac: `02:00:00:00:00:0${i + 1}`, ipv4: [`203.0.113.${i + 1}`], ipv6: [`2001:db8:100:${i + 1}::/64`] }
    ]
  })),
  addresses: addresses.map((cidr) => ({ cidr }))
}

const portsIn = (urls: Readonly<Record<string, string>>) =>
  Array.from(
    Object.values(urls)
      .join(" ")
      .matchAll(/127\.0\.0\.1:(\d+)/gu),
    ([, port]) => Number(port)
  )

/** A cluster as users have one: a control plane and two workers; and who reads. */
const prepared = Effect.gen(function* () {
  const { http } = yield* KubeCluster
  const netcup = yield* NetcupStage.make()
  yield* netcup.world.addAccount(account)
  const labels = { "node-role.kubernetes.io/control-plane": "" }
  yield* FakeKubelet.start(http, { name: "control-1", labels })
  const workers = yield* Effect.forEach(["worker-1", "worker-2"], (name) => FakeKubelet.start(http, { name }))
  const kubelet = yield* Kubelet.start([...new Set(portsIn(netcup.environment))])
  const run = yield* Reader.make({ environment: netcup.environment, devices: netcup.rest.devices })
  /** Follows a section; gives what its last command printed. What the tests' own setup has done already is not done again. */
  const follow = Effect.fnUntraced(function* (page: string, heading: string) {
    const steps = Guide.steps(page, heading).filter(({ command }) => !/^(npm|alias) /u.test(command))
    assert.isNotEmpty(steps, `${page} has commands under "${heading}"`)
    let printed = ""
    for (const { command, shown } of steps) {
      printed = yield* run(command)
      // What the tool prints is as the page has it; what kubectl prints has ages in it.
      if (shown.length > 0 && command.startsWith("netcup-failover")) {
        assert.deepStrictEqual(printed.trimEnd().split("\n"), shown)
      }
    }
    return printed
  })
  // A scenario that failed is explained by what the controllers said.
  const explain = Effect.gen(function* () {
    for (const { container } of yield* kubelet.running) yield* Effect.logError(yield* container.log)
  })
  const routedNode = http
    .waitUntil(`${Stage.groupsPath}/primary`, Stage.GroupObject, (group) => Stage.routed(group)?.status === "True")
    .pipe(
      Effect.map(({ status }) => status?.currentNode ?? ""),
      Effect.tapError(() => explain)
    )
  return {
    netcup,
    workers,
    kubelet,
    run,
    follow,
    routedNode,
    routes: netcup.simulator.journal.callsOf(netcup.operations.route),
    available: run(`kubectl -n ${Stage.namespace} rollout status deployment ${release} --timeout=90s`),
    allEnded: Effect.repeat(kubelet.running, {
      until: (now) => now.length === 0,
      schedule: Schedule.spaced("200 millis")
    }).pipe(Effect.timeout("60 seconds"))
  }
}).pipe(Effect.provideService(NetcupStage.Api, "rest"))

suite(
  "a reader of the README",
  (test) => {
    test(
      "installs, sees the sample routed and moved, upgrades, uninstalls and installs again, and loses nothing",
      Effect.gen(function* () {
        const { http, audit } = yield* KubeCluster
        const { allEnded, available, follow, kubelet, netcup, routedNode, routes, run, workers } = yield* prepared

        yield* follow("README.md", "Install")
        yield* available
        const first = yield* routedNode
        const shown = (Guide.steps("README.md", "Install").at(-1)?.shown ?? []).map((line) => line.split(/\s+/u))
        const seen = (yield* run("kubectl get netcupfailoverips")).trimEnd().split("\n")
        assert.deepStrictEqual(
          seen.map((line) => line.split(/\s+/u).slice(0, 3)),
          [
            ["NAME", "NODE", "ROUTED"],
            ["primary", first, "True"]
          ]
        )
        assert.deepStrictEqual(shown[0], ["NAME", "NODE", "ROUTED", "AGE"])
        const told = (yield* routes).map(({ routing }) => routing)
        const server = servers[workers.findIndex(({ name }) => name === first)]
        assert.sameDeepMembers(
          told,
          addresses.map((prefix) => ({ prefix, server }))
        )

        // By the token in the Pod, as its own ServiceAccount, which was allowed all that was asked.
        const running = yield* kubelet.running
        assert.lengthOf(running, 2)
        const requests = yield* audit
        assert.isTrue(requests.some(({ user: { username } }) => username === user))
        assert.deepStrictEqual(
          Rights.refused(requests).map(({ requestURI, verb }) => `${verb} ${requestURI}`),
          []
        )

        yield* Effect.forEach(
          workers.filter(({ name }) => name === first),
          (worker) => worker.setReady("False", "KubeletNotReady")
        )
        yield* http.waitUntil(
          `${Stage.groupsPath}/primary`,
          Stage.GroupObject,
          ({ status }) => status?.currentNode !== first && status?.currentNode !== undefined
        )
        const second = yield* routedNode
        assert.notStrictEqual(second, first)
        assert.lengthOf(yield* routes, 4)
        yield* Effect.forEach(workers, (worker) => worker.setReady("True", "KubeletReady"))

        // A setting is changed first, as `helm upgrade` of a newer chart changes the image.
        yield* run(
          `helm upgrade ${release} ./infra/helm/${release} --reset-then-reuse-values --set settings.LOG_LEVEL=Debug`
        )
        const printed = yield* follow("README.md", "Upgrade")
        assert.match(printed, /Phase:\s+Succeeded/u)
        const replaced = (yield* kubelet.ended).filter(({ asked }) => asked)
        assert.deepStrictEqual(
          replaced.map(({ exitCode }) => exitCode),
          [0, 0]
        )
        assert.deepStrictEqual((yield* kubelet.running).length, 2)
        for (const { pod } of yield* kubelet.running) {
          assert.deepInclude(pod.spec.containers[0].env, { name: "LOG_LEVEL", value: "Debug" })
        }
        assert.strictEqual(yield* routedNode, second)
        assert.lengthOf(yield* routes, 4)

        const kept = [
          Stage.crdPath,
          `/api/v1/namespaces/${Stage.namespace}`,
          `/api/v1/namespaces/${Stage.namespace}/secrets/netcup-credentials`,
          `${Stage.groupsPath}/primary`
        ]
        const uids = Effect.forEach(kept, (path) =>
          Effect.map(http.get(path), (object) => at(object, "metadata", "uid"))
        )
        const before = yield* uids
        yield* follow("README.md", "Uninstall")
        yield* allEnded
        assert.isTrue(yield* Effect.isFailure(http.get(deploymentPath)))
        assert.deepStrictEqual(yield* uids, before)
        assert.isUndefined(at(yield* http.get(kept[1] ?? ""), "metadata", "deletionTimestamp"))

        const calls = (yield* netcup.simulator.journal.calls).length
        const [install] = Guide.steps("README.md", "Install")
        yield* run(install?.command ?? "")
        yield* available
        yield* Effect.repeat(netcup.simulator.journal.calls, {
          until: (now) => now.length > calls,
          schedule: Schedule.spaced("200 millis")
        }).pipe(Effect.timeout("60 seconds"))
        yield* Effect.sleep("2 seconds")
        assert.strictEqual(yield* routedNode, second)
        assert.lengthOf(yield* routes, 4)
        assert.deepStrictEqual(yield* uids, before)
        for (const { asked, exitCode, pod } of yield* kubelet.ended) {
          assert.strictEqual(exitCode, 0, pod)
          assert.isTrue(asked || pod.endsWith("-test"), `${pod} ended by itself`)
        }
      })
    )
  },
  { workloads: true }
)

suite(
  "a reader of the quickstart",
  (test) => {
    test(
      "gets from an account to a routed group",
      Effect.gen(function* () {
        const { available, follow, routedNode, routes, run } = yield* prepared
        for (const heading of [
          "1. The tool",
          "2. Say which node is which server",
          "3. Configure the addresses on the nodes",
          "4. Install the controller",
          "5. Give it a login",
          "6. Create a group"
        ]) {
          yield* follow("docs/quickstart.md", heading)
        }
        yield* available
        assert.include(["worker-1", "worker-2"], yield* routedNode)
        assert.lengthOf(yield* routes, 2)
        assert.match(yield* run("kubectl describe netcupfailoverip primary"), /Reason: +NodeSelected/u)
      })
    )
  },
  { workloads: true }
)
