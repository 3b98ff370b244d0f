/**
 * Logins by the device flow. Each waits for one interval of netcup's (5 s), so they are few and run side by side.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { EmbeddedKube } from "@netcup-failover/testing/embedded/EmbeddedKube"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as NetcupStage from "@netcup-failover/testing/stage/NetcupStage"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Scene from "./Scene.ts"
import * as Tool from "./Tool.ts"

const path = "/api/v1/namespaces/netcup-system/secrets/netcup-credentials"
const SecretData = Schema.Struct({ data: Schema.Record(Schema.String, Schema.StringFromBase64) })

const make = Effect.gen(function* () {
  const scene = yield* Scene.make()
  const { rest, world } = scene
  return {
    ...scene,
    /** A login that its user decides on as he sees the code. */
    login: Effect.fnUntraced(function* (
      decision: "approve" | "deny",
      env: Tool.Environment,
      ...args: ReadonlyArray<string>
    ) {
      const tool = yield* Tool.start(["login", ...args], { ...scene.environment, ...env })
      const [, code = ""] = yield* tool.said(/if the code there is ([A-Z]{4}-[A-Z]{4})\./u)
      yield* rest.devices[decision](code)
      const ended = yield* tool.end
      assert.include(ended.stderr, `Open ${rest.issuer}/device?user_code=${code}\n`)
      yield* scene.inspect(ended.stderr)
      return ended
    }),
    /** The refresh tokens that live. */
    alive: Effect.map(world.state, (accounts) =>
      accounts.flatMap(({ refreshTokens }) =>
        refreshTokens.filter(({ ended }) => !ended).map(({ token }) => Redacted.value(token))
      )
    )
  }
})
type Stage = Effect.Success<typeof make>

const scenario = (title: string, play: (stage: Stage) => Effect.Effect<void, unknown, Scope.Scope>) =>
  it.live(
    title,
    () =>
      Effect.flatMap(make, play).pipe(
        Effect.scoped,
        Effect.provideService(NetcupStage.Api, "soap"),
        Effect.provide(NodeServices.layer)
      ),
    60_000
  )

const withCluster = (play: (kube: KubeCluster["Service"]) => Effect.Effect<void, unknown, Scope.Scope>) =>
  Effect.gen(function* () {
    const kube = yield* KubeCluster
    yield* kube.http.create("/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "netcup-system" }
    })
    yield* play(kube)
  }).pipe(Effect.provide(EmbeddedKube.layer()))

describe.concurrent("login", () => {
  scenario("prints a Secret, warns of restrictions, and its token works", ({ alive, login, runWith, world }) =>
    Effect.gen(function* () {
      yield* world.setLoginRestrictions(Scene.loginName, "192.0.2.1,\u001b[31m192.0.2.2")
      const ended = yield* login("approve", {}, "--name", "netcup", "--namespace", "apps")
      assert.strictEqual(ended.code, 0, ended.stderr)
      const [token = "", ...others] = yield* alive
      assert.deepStrictEqual(others, [])
      // YAML, of which JSON's texts are a part.
      assert.strictEqual(
        ended.stdout,
        [
          "apiVersion: v1",
          "kind: Secret",
          "metadata:",
          '  name: "netcup"',
          '  namespace: "apps"',
          "type: Opaque",
          "stringData:",
          `  refreshToken: ${JSON.stringify(token)}`,
          ""
        ].join("\n")
      )
      assert.match(ended.stderr, /warning: netcup lets the API be used from 192\.0\.2\.1, \[31m192\.0\.2\.2 only\./u)
      const used = yield* runWith({ NETCUP_REFRESH_TOKEN: token }, "servers")
      assert.strictEqual(used.code, 0, used.stderr)
    })
  )

  scenario("prints it as JSON with --json, and says nothing of restrictions that are none", ({ alive, login }) =>
    Effect.gen(function* () {
      const ended = yield* login("approve", {}, "--json")
      assert.strictEqual(ended.code, 0, ended.stderr)
      const [token = ""] = yield* alive
      assert.deepInclude(Scene.json(ended), {
        metadata: { name: "netcup-credentials", namespace: "netcup-system" },
        stringData: { refreshToken: token }
      })
      assert.notInclude(ended.stderr, "warning")
    })
  )

  scenario("--save writes a file for its owner only, which --credentials-file and logout take", (stage) =>
    Effect.gen(function* () {
      const { alive, file, fs, home, inspect, login, runWith } = stage
      const saved = `${home}/netcup.json`
      yield* file("netcup.json", "an-older-token")
      const ended = yield* login("approve", {}, "--save", saved)
      assert.strictEqual(ended.code, 0, ended.stderr)
      yield* inspect(ended.stdout)
      assert.strictEqual((yield* fs.stat(saved)).mode & 0o777, 0o600)
      assert.strictEqual((yield* runWith({}, "servers", "--credentials-file", saved)).code, 0)
      const out = yield* runWith({}, "logout", "--credentials-file", saved)
      assert.strictEqual(out.code, 0, out.stderr)
      assert.deepStrictEqual(yield* alive, [])
      const after = yield* runWith({}, "servers", "--credentials-file", saved)
      assert.strictEqual(after.code, 3)
      assert.include(Scene.complaint(after), "run `netcup-failover login`")
    })
  )

  scenario("--save leaves a file alone that is no login, and asks nobody to log in", ({ file, fs, rest, runWith }) =>
    Effect.gen(function* () {
      const precious = yield* file("notes", "do not lose me")
      const ended = yield* runWith({}, "login", "--save", precious)
      assert.strictEqual(ended.code, 2)
      assert.include(Scene.complaint(ended), "it is left alone")
      assert.strictEqual(yield* fs.readFileString(precious), "do not lose me")
      assert.deepStrictEqual(yield* rest.journal.calls, [])
    })
  )

  scenario("--apply creates the Secret, and of one that is there changes the token only", ({ alive, inspect, login }) =>
    withCluster((kube) =>
      Effect.gen(function* () {
        const env = { KUBECONFIG: kube.kubeconfig }
        const created = yield* login("approve", env, "--apply")
        assert.strictEqual(created.code, 0, created.stderr)
        assert.strictEqual(created.stdout, "Secret netcup-system/netcup-credentials created\n")
        const [first = ""] = yield* alive
        assert.deepStrictEqual((yield* kube.http.get(path, SecretData)).data, { refreshToken: first })

        yield* kube.http.patch(path, { stringData: { token: "older", loginName: "12345" } })
        const updated = yield* login("approve", env, "--apply", "--json")
        assert.deepStrictEqual(Scene.json(updated), {
          namespace: "netcup-system",
          name: "netcup-credentials",
          outcome: "updated"
        })
        yield* inspect(created.stdout + updated.stdout)
        const [second = ""] = (yield* alive).filter((token) => token !== first)
        // A key `token` would come before the new one.
        assert.deepStrictEqual((yield* kube.http.get(path, SecretData)).data, {
          refreshToken: second,
          loginName: "12345"
        })
      })
    )
  )

  scenario("a login that cannot be put into the cluster is ended again", ({ alive, login }) =>
    withCluster((kube) =>
      Effect.gen(function* () {
        const ended = yield* login("approve", { KUBECONFIG: kube.kubeconfig }, "--apply", "--namespace", "no-such")
        assert.strictEqual(ended.code, 1)
        assert.match(ended.stderr, /netcup-failover: Kubernetes: .*no-such/u)
        assert.deepStrictEqual(yield* alive, [])
      })
    )
  )

  scenario("who declines is believed", ({ alive, login }) =>
    Effect.gen(function* () {
      const ended = yield* login("deny", {}, "--json")
      assert.strictEqual(ended.code, 1)
      assert.deepInclude(Scene.json(ended), {
        error: {
          code: 1,
          reason: "AccessDenied",
          message: "the login was declined in the browser: begin again, and allow it",
          taskId: null
        }
      })
      assert.deepStrictEqual(yield* alive, [])
    })
  )

  scenario("without netcup's login it is code 4, and without a cluster to apply to nobody is asked", (stage) =>
    Effect.gen(function* () {
      const { rest, runWith } = stage
      const nowhere = yield* runWith({ KUBECONFIG: "/nonexistent" }, "login", "--apply")
      assert.strictEqual(nowhere.code, 3)
      assert.deepStrictEqual(yield* rest.journal.calls, [])
      yield* rest.stop
      const ended = yield* runWith({}, "login")
      assert.strictEqual(ended.code, 4)
      Scene.complaint(ended)
    })
  )

  scenario("login name and password cannot be logged out", ({ run }) =>
    Effect.gen(function* () {
      const ended = yield* run("logout")
      assert.strictEqual(ended.code, 2)
      assert.include(Scene.complaint(ended), "change the password in the panel")
    })
  )
})
