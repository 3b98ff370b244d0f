import { createServer } from "node:http"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Stream from "effect/Stream"
import * as Helm from "../../helm/Helm.ts"

/** A replica on loopback, until the scope ends; gives its port. */
const replica = (paths: Readonly<Record<string, readonly [number, string]>>) =>
  Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const server = createServer(({ url = "" }, response) => {
        const [status, body] = paths[url] ?? [404, ""]
        response.writeHead(status).end(body)
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close().closeAllConnections())
  ).pipe(
    Effect.map((server) => {
      const address = server.address()
      return typeof address === "object" && address !== null ? `${address.port}` : ""
    })
  )

/** What `helm test` would run in its Pod, against the Service of this name. */
const helmTest = Effect.fn(function* (env: Readonly<Record<string, string>>) {
  const child = yield* ChildProcess.make(process.execPath, [`${Helm.chart}/files/helm-test.cjs`], {
    env: { SERVICE: "127.0.0.1", REPLICAS: "1", WAIT_SECONDS: "0", ...env }
  })
  const said = yield* Stream.mkString(Stream.decodeText(child.all))
  return { code: yield* child.exitCode, said: said.trim() }
})

layer(NodeServices.layer, { excludeTestServices: true })("helm test", (it) => {
  const patience = 30_000
  const metrics = ["/metrics", [200, "netcup_failover_leader 1\n"]] as const

  it.effect(
    "passes when each replica is ready and has metrics",
    () =>
      Effect.gen(function* () {
        const port = yield* replica(Object.fromEntries([["/readyz", [200, "ok"]], metrics]))
        assert.deepStrictEqual(yield* helmTest({ HEALTH_PORT: port, METRICS_PORT: port }), {
          code: 0,
          said: "ready: 1 of 1 replicas"
        })
      }),
    patience
  )

  it.effect(
    "fails, and says what is missing",
    () =>
      Effect.gen(function* () {
        const unready = yield* replica(Object.fromEntries([["/readyz", [503, "nodes: not listed yet"]], metrics]))
        const mute = yield* replica({ "/readyz": [200, "ok"], "/metrics": [200, ""] })
        const ready = yield* replica(Object.fromEntries([["/readyz", [200, "ok"]], metrics]))
        const cases = [
          [{ HEALTH_PORT: unready, METRICS_PORT: unready }, /503: nodes: not listed yet$/u],
          [{ HEALTH_PORT: mute, METRICS_PORT: mute }, /has no metrics$/u],
          [{ HEALTH_PORT: ready, METRICS_PORT: ready, REPLICAS: "2" }, /^1 of 2 replicas found$/u],
          [{ HEALTH_PORT: "1", METRICS_PORT: "1" }, /fetch failed/u]
        ] as const
        for (const [env, message] of cases) {
          const { code, said } = yield* helmTest(env)
          assert.match(said, message)
          assert.strictEqual(code, 1)
        }
      }),
    patience
  )
})
