import { request } from "node:https"
import { assert, describe, layer } from "@effect/vitest"
import * as KubeBinaries from "@netcup-failover/testing/kubernetes/KubeBinaries"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as KubeHttp from "@netcup-failover/testing/kubernetes/KubeHttp"
import { KubeFault } from "@netcup-failover/testing/kubernetes/KubeInjection"
import * as KubeProxy from "@netcup-failover/testing/kubernetes/KubeProxy"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

const kube = await Effect.runPromise(KubeBinaries.forTests)
const patience = 120_000

const configMaps = "/api/v1/namespaces/default/configmaps"
const configMap = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { n: "0" } })
const Numbered = Schema.Struct({ data: Schema.Struct({ n: Schema.String }) })

/** A proxy, a client through it, and the administrator's own beside it; `name` is of a new ConfigMap. */
const prepared = Effect.fn(function* (name: string) {
  const { accessFor, http } = yield* KubeCluster
  const proxy = yield* KubeProxy.make(yield* accessFor({ user: "proxied", groups: ["system:masters"] }))
  yield* http.delete(`${configMaps}/${name}`)
  yield* http.create(configMaps, configMap(name))
  const path = `${configMaps}/${name}`
  return {
    proxy,
    path,
    direct: http,
    through: yield* KubeHttp.make(proxy.access),
    number: Effect.map(http.get(path, Numbered), ({ data }) => data.n),
    write: (n: string) => ({ data: { n } })
  }
})

/** A watch as a raw client sees it: the text so far, and how it ended. */
const watch = Effect.fn(function* ({ access }: KubeProxy.KubeProxy, name: string) {
  const seen: { text: string; end: "ended" | "broken" | undefined } = { text: "", end: undefined }
  const target = `${configMaps}?watch=true&fieldSelector=metadata.name%3D${name}`
  const token = "token" in access.credentials ? Redacted.value(access.credentials.token) : ""
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const breaks = () => {
        seen.end ??= "broken"
      }
      const sent = request(new URL(target, access.server), {
        ca: access.authority,
        agent: false,
        headers: { authorization: `Bearer ${token}` }
      })
      sent.on("error", breaks).on("response", (answer) => {
        answer.setEncoding("utf8")
        answer.on("data", (piece: string) => {
          seen.text += piece
        })
        answer.on("end", () => {
          seen.end ??= "ended"
        })
        answer.on("error", breaks)
      })
      return sent.end()
    }),
    (sent) => Effect.sync(() => sent.destroy())
  )
  return {
    seen,
    until: (is: (now: typeof seen) => boolean) =>
      Effect.sync(() => is(seen)).pipe(
        Effect.delay("20 millis"),
        Effect.repeat({ until: (done) => done }),
        Effect.timeout("20 seconds")
      )
  }
})

describe.skipIf(kube.skip)(`KubeProxy${kube.note}`, () => {
  layer(KubeCluster.layer(), { excludeTestServices: true, timeout: patience })("in front of an API server", (it) => {
    it.effect(
      "passes requests on with its client's credentials, and tells verb, path and status of each",
      () =>
        Effect.gen(function* () {
          const { proxy, through } = yield* prepared("passed")
          const WhoAmI = Schema.Struct({
            status: Schema.Struct({ userInfo: Schema.Struct({ username: Schema.String }) })
          })
          const who = yield* through.create("/apis/authentication.k8s.io/v1/selfsubjectreviews", {
            apiVersion: "authentication.k8s.io/v1",
            kind: "SelfSubjectReview"
          })
          const { status } = yield* Schema.decodeUnknownEffect(WhoAmI)(who)
          assert.strictEqual(status.userInfo.username, "proxied")
          const missing = yield* Effect.flip(through.get(`${configMaps}/none?pretty=true`))
          assert.strictEqual(missing.reason, "NotFound")
          const [, last] = yield* proxy.journal.requests()
          assert.deepInclude(last, {
            verb: "GET",
            path: `${configMaps}/none`,
            watch: false,
            truth: 404,
            status: 404,
            outcome: { _tag: "Answered" }
          })
        }),
      patience
    )

    it.effect(
      "is a cluster that kubectl can use by the kubeconfig given",
      () =>
        Effect.gen(function* () {
          const { proxy } = yield* prepared("by-kubectl")
          const { kubectl } = yield* KubeCluster
          yield* kubectl(["--kubeconfig", proxy.kubeconfig, "get", "configmap", "by-kubectl", "-n", "default"])
          yield* proxy.awaitRequest({
            verb: "GET",
            path: /configmaps\/by-kubectl$/u,
            where: ({ status }) => status === 200
          })
        }),
      patience
    )

    for (const applied of [false, true]) {
      const does = applied ? "after the write was applied" : "instead of applying the write"
      it.effect(
        `refuses as the API server words it, with Retry-After, ${does}; only as often as told`,
        () =>
          Effect.gen(function* () {
            const { number, path, proxy, through, write } = yield* prepared("refused")
            const fault = KubeFault.Refuse({ status: 429, reason: "TooManyRequests", retryAfter: 7, applied })
            yield* proxy.inject({ verb: "PATCH", path: /configmaps/u, times: 1, fault })
            const refused = yield* Effect.flip(through.patch(path, write("1")))
            assert.deepInclude(refused, { status: 429, reason: "TooManyRequests" })
            assert.strictEqual(yield* number, applied ? "1" : "0")
            yield* through.patch(path, write("2"))
            assert.strictEqual(yield* number, "2")
            const [first, second] = yield* proxy.journal.requests({ verb: "PATCH" })
            assert.deepInclude(first, {
              status: 429,
              truth: applied ? 200 : undefined,
              outcome: { _tag: "Injected", fault: "Refuse" }
            })
            assert.deepInclude(second, { status: 200, outcome: { _tag: "Answered" } })
          }),
        patience
      )

      it.effect(
        `resets the connection ${does}, until the rule is removed`,
        () =>
          Effect.gen(function* () {
            const { number, path, proxy, through, write } = yield* prepared("reset")
            const rule = yield* proxy.inject({ verb: "PATCH", fault: KubeFault.Reset({ applied }) })
            for (const n of ["1", "2"]) {
              const broken = yield* Effect.flip(through.patch(path, write(n)))
              assert.isUndefined(broken.status)
              assert.match(broken.message, /ECONNRESET|socket hang up/u)
              assert.strictEqual(yield* number, applied ? n : "0")
            }
            yield* rule.remove
            yield* through.patch(path, write("3"))
            assert.strictEqual(yield* number, "3")
          }),
        patience
      )

      it.effect(
        `lets the sender wait for ever ${does}`,
        () =>
          Effect.gen(function* () {
            const { number, path, proxy, through, write } = yield* prepared("hung")
            yield* proxy.inject({ verb: "PATCH", fault: KubeFault.Hang({ applied }) })
            const waiting = yield* Effect.forkChild(through.patch(path, write("1")))
            yield* proxy.awaitRequest({ verb: "PATCH", where: ({ outcome }) => outcome._tag === "Injected" })
            assert.strictEqual(yield* number, applied ? "1" : "0")
            assert.isUndefined(waiting.pollUnsafe())
            yield* Fiber.interrupt(waiting)
          }),
        patience
      )
    }

    it.effect(
      "delays a write that its sender no longer waits for, and applies it all the same",
      () =>
        Effect.gen(function* () {
          const { direct, number, path, proxy, through, write } = yield* prepared("late")
          yield* proxy.inject({ verb: "PATCH", delayBefore: "1 second", times: 1 })
          const waiting = yield* Effect.forkChild(through.patch(path, write("1")))
          yield* proxy.awaitRequest({ verb: "PATCH" })
          yield* Fiber.interrupt(waiting)
          assert.strictEqual(yield* number, "0")
          yield* direct.waitUntil(path, Numbered, ({ data }) => data.n === "1")
        }),
      patience
    )

    it.effect(
      "delays an answer",
      () =>
        Effect.gen(function* () {
          const { number, path, proxy, through, write } = yield* prepared("delayed")
          yield* proxy.inject({ verb: "PATCH", delayAfter: "1 second" })
          const waiting = yield* Effect.forkChild(through.patch(path, write("1")))
          yield* proxy.awaitRequest({ verb: "PATCH", where: ({ truth }) => truth === 200 })
          assert.strictEqual(yield* number, "1")
          assert.isUndefined(waiting.pollUnsafe())
          yield* Fiber.join(waiting)
        }),
      patience
    )

    it.effect(
      "streams watches, and cuts, fails or stalls those that run and match",
      () =>
        Effect.gen(function* () {
          const { direct, path, proxy, write } = yield* prepared("watched")
          const [cut, failed, stalled] = yield* Effect.all([
            watch(proxy, "watched"),
            watch(proxy, "watched"),
            watch(proxy, "watched")
          ])
          const all = [cut, failed, stalled]
          yield* Effect.forEach(all, ({ until }) => until(({ text }) => text.includes(`"ADDED"`)))
          assert.strictEqual(yield* proxy.watches.cut({ path: /secrets/u }), 0)
          yield* direct.patch(path, write("1"))
          yield* Effect.forEach(all, ({ until }) => until(({ text }) => text.includes(`"n":"1"`)))

          assert.strictEqual(yield* proxy.watches.stall({ path: /configmaps/u }), 3)
          yield* direct.patch(path, write("2"))
          const after = yield* watch(proxy, "watched")
          yield* after.until(({ text }) => text.includes(`"n":"2"`))
          for (const { seen } of all) {
            assert.notInclude(seen.text, `"n":"2"`)
            assert.isUndefined(seen.end)
          }

          assert.strictEqual(yield* proxy.watches.fail(410, "Expired"), 4)
          yield* after.until(({ end }) => end === "ended")
          const error: unknown = JSON.parse(after.seen.text.trimEnd().split("\n").at(-1) ?? "")
          assert.deepInclude(error, { type: "ERROR" })
          assert.deepNestedInclude(error, { "object.code": 410, "object.reason": "Expired" })

          const last = yield* watch(proxy, "watched")
          yield* last.until(({ text }) => text.includes(`"ADDED"`))
          assert.strictEqual(yield* proxy.watches.cut(), 1)
          yield* last.until(({ end }) => end === "broken")
        }),
      patience
    )

    it.effect(
      "answers new watches with silence, or with an event of an error, as rules tell",
      () =>
        Effect.gen(function* () {
          const { direct, path, proxy, write } = yield* prepared("ruled")
          yield* proxy.inject({ watch: true, times: 1, fault: KubeFault.Stall() })
          yield* proxy.inject({
            watch: true,
            times: 1,
            fault: KubeFault.ErrorEvent({ status: 410, reason: "Expired" })
          })
          const stalled = yield* watch(proxy, "ruled")
          yield* proxy.awaitRequest({ watch: true, where: ({ status }) => status === 200 })
          const failed = yield* watch(proxy, "ruled")
          yield* failed.until(({ end }) => end === "ended")
          assert.include(failed.seen.text, `"reason":"Expired"`)
          const plain = yield* watch(proxy, "ruled")
          yield* direct.patch(path, write("1"))
          yield* plain.until(({ text }) => text.includes(`"n":"1"`))
          assert.deepStrictEqual(stalled.seen, { text: "", end: undefined })
        }),
      patience
    )

    it.effect(
      "refuses all while stopped, says nothing while silent, and is itself again after both",
      () =>
        Effect.gen(function* () {
          const { path, proxy, through, write } = yield* prepared("away")
          const watching = yield* watch(proxy, "away")
          yield* watching.until(({ text }) => text.includes(`"ADDED"`))
          yield* proxy.stop
          yield* watching.until(({ end }) => end === "broken")
          assert.include((yield* Effect.flip(through.get(path))).message, "ECONNREFUSED")
          yield* proxy.start
          yield* through.get(path)

          const silent = yield* watch(proxy, "away")
          yield* silent.until(({ text }) => text.includes(`"ADDED"`))
          yield* proxy.silence
          const { direct } = yield* prepared("away-too")
          yield* direct.patch(path, write("1"))
          const unheard = yield* Effect.timeoutOption(through.get(path), "500 millis")
          assert.strictEqual(unheard._tag, "None")
          assert.notInclude(silent.seen.text, `"n":"1"`)
          assert.isUndefined(silent.seen.end)
          yield* proxy.start
          yield* silent.until(({ end }) => end === "broken")
          yield* through.get(path)
        }),
      patience
    )

    it.effect(
      "resets when the API server itself is away, and passes on again when it is back",
      () =>
        Effect.gen(function* () {
          const { startApiServer, stopApiServer } = yield* KubeCluster
          const { path, proxy, through } = yield* prepared("without-server")
          const watching = yield* watch(proxy, "without-server")
          yield* watching.until(({ text }) => text.includes(`"ADDED"`))
          yield* stopApiServer
          yield* watching.until(({ end }) => end !== undefined)
          assert.isUndefined((yield* Effect.flip(through.get(path))).status)
          const [lost] = (yield* proxy.journal.requests({ watch: false })).slice(-1)
          assert.strictEqual(lost?.outcome._tag, "Lost")
          yield* startApiServer
          yield* through.get(path)
        }),
      patience
    )
  })
})
