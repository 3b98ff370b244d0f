import { writeFileSync } from "node:fs"
import { assert, it } from "@effect/vitest"
import * as Agents from "@netcup-failover/kubernetes/Agents"
import * as Credentials from "@netcup-failover/kubernetes/Credentials"
import * as Effect from "effect/Effect"
import { kubeconfigOf, temporaryFile } from "./FakeApiServer.ts"

const failure = (content: string) =>
  Effect.gen(function* () {
    const path = yield* temporaryFile(content)
    const cluster = yield* Credentials.load(path)
    return yield* cluster.credentials
  }).pipe(Effect.flip, Effect.scoped)

it.effect("without a kubeconfig and outside of a pod the error says what to set", () =>
  Effect.gen(function* () {
    const { reason } = yield* Effect.flip(Credentials.load(undefined))
    assert.strictEqual(reason._tag, "CredentialsUnavailable")
    assert.include(reason.message, "set KUBECONFIG")
  })
)

it.effect("an unreadable kubeconfig is named", () =>
  Effect.gen(function* () {
    const { reason } = yield* Effect.flip(Credentials.load("/nowhere/kubeconfig"))
    assert.strictEqual(reason._tag, "CredentialsUnavailable")
    assert.include(reason.message, "/nowhere/kubeconfig")
  })
)

it.effect("what is no kubeconfig is refused with a reason, never with a defect", () =>
  Effect.gen(function* () {
    for (const content of ["", "{", "[]", "a: [", "{}", '{"clusters":[{"name":"c"}]}', kubeconfigOf("not a url")]) {
      assert.strictEqual((yield* failure(content)).reason._tag, "CredentialsUnavailable", content)
    }
  })
)

it.effect("an http: server is refused unless the kubeconfig allows it, and the error says how", () =>
  Effect.gen(function* () {
    const content = kubeconfigOf("http://127.0.0.1:1", { token: "t" }, { "insecure-skip-tls-verify": false })
    assert.include((yield* failure(content)).message, "insecure-skip-tls-verify: true")
  })
)

it.effect("of several kubeconfigs the first that names a context wins", () =>
  Effect.gen(function* () {
    const first = yield* temporaryFile(kubeconfigOf("https://192.0.2.1:6443/base"))
    const second = yield* temporaryFile(
      kubeconfigOf("https://192.0.2.2:6443").replaceAll('"c"', '"d"').replaceAll('"u"', '"v"').replaceAll('"x"', '"y"')
    )
    const cluster = yield* Credentials.load(`${first}:${second}`)
    assert.strictEqual(cluster.server.href, "https://192.0.2.1:6443/base")
    assert.strictEqual(cluster.namespace, "ours")
  }).pipe(Effect.scoped)
)

it.effect("a certificate file that was renewed is used, on a new agent; an unchanged one keeps its agent", () =>
  Effect.gen(function* () {
    const authority = yield* temporaryFile("CA 1")
    const config = kubeconfigOf(
      "https://192.0.2.1",
      { token: "t\n" },
      { "certificate-authority": authority, "insecure-skip-tls-verify": false }
    )
    const cluster = yield* Credentials.load(yield* temporaryFile(config))
    const agents = yield* Agents.make({ secure: true, maxConnections: 1 })
    const before = yield* cluster.credentials
    const agent = agents.agentFor(before)
    assert.strictEqual(before.headers.Authorization, "Bearer t")
    assert.strictEqual(agents.agentFor(yield* cluster.credentials), agent)
    writeFileSync(authority, "CA 2")
    const renewed = agents.agentFor(yield* cluster.credentials)
    assert.notStrictEqual(renewed, agent)
    assert.strictEqual(String((yield* cluster.credentials).tls.ca), "CA 2")
  }).pipe(Effect.scoped)
)
