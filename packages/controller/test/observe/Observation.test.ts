import { assert, describe, it } from "@effect/vitest"
import { Accounts } from "@netcup-failover/controller/observe/Accounts"
import { Cluster, type ClusterView } from "@netcup-failover/controller/observe/Cluster"
import type { GroupResource } from "@netcup-failover/controller/observe/GroupResource"
import * as Observation from "@netcup-failover/controller/observe/Observation"
import { secrets } from "@netcup-failover/controller/observe/SecretResource"
import type { SecretView } from "@netcup-failover/controller/observe/Secrets"
import { Undecodable } from "@netcup-failover/kubernetes/WatchEvent"
import type { Credentials } from "@netcup-failover/netcup/Credentials"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { account, accountState, candidate, resource, server } from "../Given.ts"
import { settingsOf } from "../TestSettings.ts"

const secret = (name: string, data: Readonly<Record<string, string>>): SecretView => ({
  _tag: "Found",
  secret: Schema.decodeUnknownSync(secrets.schema)({
    metadata: { name, namespace: "netcup-system", uid: name, resourceVersion: "1" },
    data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")]))
  })
})

const group = (name: string, secretName: string): GroupResource =>
  resource({ name, spec: { credentialsSecret: { name: secretName, namespace: "netcup-system" } } })

const good = { loginName: "12345", password: "geheim" }
const state = accountState({ account: { servers: new Set([server(1)]), routes: new Map() } })

/** Looks at a cluster whose Secrets are these, with an account for every credentials but those of the login `unopened`. */
const look = Effect.fnUntraced(function* (
  view: Partial<ClusterView>,
  views: Readonly<Record<string, SecretView>> = {}
) {
  const used: Array<{ readonly wanted: ReadonlyArray<Credentials>; readonly servers: ReadonlySet<string> }> = []
  const opened: Array<Credentials> = []
  const usable = account({ state: Effect.succeed(state) })
  const cluster: ClusterView = {
    nodes: [],
    groups: [],
    undecodable: [],
    secret: ({ namespace, name }) => (namespace === "netcup-system" ? views[name] : undefined),
    ...view
  }
  const observation = yield* Observation.look.pipe(
    Effect.provide(Layer.mock(Cluster, { view: Effect.succeed(cluster) })),
    Effect.provide(settingsOf({})),
    Effect.provide(
      Layer.mock(Accounts, {
        use: (wanted, servers) =>
          Effect.sync(() => {
            used.push({ wanted, servers })
            return (credentials) => {
              opened.push(credentials)
              return credentials._tag === "Soap" && credentials.loginName === "unopened" ? undefined : usable
            }
          })
      })
    )
  )
  return { observation, used, opened, usable }
})

describe("a look", () => {
  it.effect("gives the cluster as it is", () =>
    Effect.gen(function* () {
      const nodes = [candidate(1), candidate(2)]
      const undecodable = [
        new Undecodable({
          metadata: { name: "broken", uid: "u", resourceVersion: "1" },
          message: "Missing key",
          object: {}
        })
      ]
      const { observation } = yield* look({ nodes, undecodable })
      assert.deepStrictEqual(observation, { nodes, undecodable, groups: [] })
    })
  )

  it.effect("names the servers of all nodes, and each credentials once", () =>
    Effect.gen(function* () {
      const nodes = [
        candidate(1),
        candidate(2, { server: undefined }),
        candidate(3),
        candidate(4, { server: server(1) })
      ]
      const groups = [group("a", "one"), group("b", "same"), group("c", "other")]
      const { used } = yield* look(
        { nodes, groups },
        {
          one: secret("one", good),
          same: secret("same", good),
          other: secret("other", { ...good, password: "another" })
        }
      )
      assert.strictEqual(used.length, 1)
      assert.deepStrictEqual(used[0]?.servers, new Set([server(1), server(3)]))
      const wanted = used[0]?.wanted ?? []
      assert.strictEqual(wanted.length, 2)
      assert.isFalse(Equal.equals(wanted[0], wanted[1]))
    })
  )

  it.effect("gives each group the account of its own credentials, and how that fares", () =>
    Effect.gen(function* () {
      const groups = [group("a", "one")]
      const { observation, usable } = yield* look({ groups }, { one: secret("one", good) })
      assert.deepStrictEqual(observation.groups, [
        { resource: groups[0] ?? group("a", "one"), account: { _tag: "Usable", account: usable, state } }
      ])
    })
  )

  it.effect("has nodes that claim one server in dispute before any server was looked at", () =>
    Effect.gen(function* () {
      const nodes = [candidate(1), candidate(2, { server: server(1) })]
      const { observation } = yield* look({ nodes, groups: [group("a", "one")] }, { one: secret("one", good) })
      const seen = observation.groups[0]?.account
      assert.strictEqual(seen?._tag, "Usable")
      assert.deepStrictEqual(
        seen?._tag === "Usable" ? [...(seen.state.account?.mapping ?? [])].map(([name, { _tag }]) => [name, _tag]) : [],
        [
          ["node-1", "Shared"],
          ["node-2", "Shared"]
        ]
      )
    })
  )

  it.effect("takes a Secret with keys of both kinds for REST's", () =>
    Effect.gen(function* () {
      const both = secret("one", { ...good, refreshToken: "geheim" })
      const { used } = yield* look({ groups: [group("a", "one")] }, { one: both })
      assert.deepStrictEqual(
        used[0]?.wanted.map(({ _tag }) => _tag),
        ["Rest"]
      )
    })
  )

  it.effect("leaves out a group that is being deleted, with its credentials", () =>
    Effect.gen(function* () {
      const leaving = resource({ name: "a", deletionTimestamp: "2026-11-22T12:00:00Z" })
      const { observation, used } = yield* look({ groups: [leaving] }, { "netcup-credentials": secret("s", good) })
      assert.deepStrictEqual(observation.groups, [])
      assert.deepStrictEqual(used[0]?.wanted, [])
    })
  )

  it.effect("says nothing of an account whose Secret is not read yet, or that is not open", () =>
    Effect.gen(function* () {
      const groups = [group("a", "unread"), group("b", "unopened")]
      const { observation } = yield* look({ groups }, { unopened: secret("u", { ...good, loginName: "unopened" }) })
      assert.deepStrictEqual(
        observation.groups.map((one) => one.account),
        [undefined, undefined]
      )
    })
  )

  const unusable: ReadonlyArray<readonly [string, SecretView, string]> = [
    [
      "is missing",
      { _tag: "Missing" },
      "does not exist: create it with the key refreshToken, or with loginName and password"
    ],
    [
      "may not be read",
      { _tag: "Unreadable", message: "GET /api/v1/…: secrets is forbidden" },
      "cannot be read: GET /api/v1/…: secrets is forbidden"
    ],
    ["has half of the keys", secret("s", { loginName: "12345" }), "lacks password: add the key under stringData"],
    [
      "has a token that cannot be used",
      secret("s", { token: "{}" }),
      "has a key token that lacks the key refresh_token: log in with the scope offline_access"
    ]
  ]
  for (const [what, view, sentence] of unusable) {
    it.effect(`names the Secret that ${what}, and asks netcup nothing`, () =>
      Effect.gen(function* () {
        const { observation, used } = yield* look({ groups: [group("a", "s")] }, { s: view })
        assert.deepStrictEqual(observation.groups[0]?.account, {
          _tag: "Unusable",
          message: `Secret netcup-system/s ${sentence}`
        })
        assert.deepStrictEqual(used[0]?.wanted, [])
      })
    )
  }
})
