import { assert, describe, it } from "@effect/vitest"
import type { Attempt } from "@netcup-failover/controller/act/Mover"
import * as GroupStatus from "@netcup-failover/controller/report/GroupStatus"
import * as Wording from "@netcup-failover/controller/report/Wording"
import type { Account } from "@netcup-failover/core/Account"
import type { Candidate } from "@netcup-failover/core/Candidate"
import { keyOf } from "@netcup-failover/core/detect/DetectionChoice"
import type { Status } from "@netcup-failover/core/FailoverIpResource"
import { HoldReason } from "@netcup-failover/core/Group"
import { Ineligibility } from "@netcup-failover/core/Ineligibility"
import { Decision, MoveReason } from "@netcup-failover/core/Plan"
import * as Sighting from "@netcup-failover/core/Sighting"
import { fromDeclared, Sign } from "@netcup-failover/core/Verdict"
import * as NetcupError from "@netcup-failover/netcup/NetcupError"
import { account, address, candidate, node, resource, server } from "../Given.ts"

const now = Date.parse("2026-11-22T12:00:00Z")
const at = "2026-11-22T12:00:00.000Z"
const earlier = "2026-11-22T08:00:00.000Z"
const v4 = address("198.51.100.1/32")
const v6 = address("2001:db8::2/64")

const routedTo = (...places: ReadonlyArray<number | undefined>): Account => ({
  servers: new Set([1, 2, 3].map(server)),
  routes: new Map(
    [v4, v6].flatMap(({ prefix }, i) => {
      const place = places[i]
      return place === undefined ? [] : [[prefix, server(place)] as const]
    })
  )
})

const ill = candidate(1, { verdict: fromDeclared({ ready: "False", deleting: false }) })
const well = [1, 2, 3].map((n) => candidate(n))

const compose = (decision: Decision, more: Partial<GroupStatus.Situation> & { readonly status?: Status } = {}) => {
  const { status, ...rest } = more
  return GroupStatus.compose({
    resource: resource({ generation: 3, spec: { ips: [`${v4}`, `${v6}`] }, status }),
    addresses: [v4, v6],
    decision,
    attempts: new Map(),
    account: routedTo(1, 1),
    notices: [],
    nodes: well,
    now,
    ...rest
  })
}

const routed = (status: Status) => status.conditions?.find(({ type }) => type === "Routed")
const toTwo = Decision.Move({ to: node(2), because: MoveReason.LeftNode({ from: node(1), reasons: [] }) })
const failed = (reason: NetcupError.NetcupErrorReason, seconds = 30): Attempt => ({
  isCostly: false,
  to: node(2),
  server: server(2),
  account: account(),
  startedAt: now - 1_000,
  state: { _tag: "Failed", reason, retryAt: now + seconds * 1_000 },
  failures: 1
})
const limit = new NetcupError.RateLimited({ message: "once every 5 minutes" })
const settled: Status = {
  currentNode: "node-1",
  addresses: [v4, v6].map((one) => ({
    ip: `${one}`,
    server: "v1",
    node: "node-1",
    state: "Routed",
    since: earlier
  })),
  conditions: [
    {
      type: "Routed",
      status: "True",
      reason: "NodeSelected",
      message: "all is well",
      lastTransitionTime: earlier,
      observedGeneration: 2
    }
  ]
}

describe("the status of a group with a workload", () => {
  const spec = { workload: { namespace: "apps", selector: {} } }
  const stays = Decision.Stay({ node: node(1) })

  it("says that its Pods cannot be listed, and which value of the chart allows it", () => {
    const message = (decision: Decision) =>
      routed(
        compose(decision, {
          resource: resource({ spec }),
          workload: { _tag: "Unreadable", message: "pods is forbidden" }
        })
      )?.message
    const word =
      "; spec.workload is set aside, since the Pods of apps cannot be listed (pods is forbidden): install the chart with rbac.pods=true"
    assert.strictEqual(message(stays), `all 2 addresses are routed to node-1${word}`)
    assert.include(message(toTwo), word)
  })

  it("says that no node has a ready Pod, if it is so", () => {
    const workload = { _tag: "Known", serving: new Set<never>(), changesAt: undefined } as const
    const message = (decision: Decision) =>
      routed(compose(decision, { resource: resource({ spec }), workload }))?.message
    assert.strictEqual(
      message(Decision.Stay({ node: node(1), setAside: ["serving"] })),
      "all 2 addresses are routed to node-1; no node that could have it has a ready Pod that spec.workload selects: that rule is set aside"
    )
    assert.strictEqual(message(stays), "all 2 addresses are routed to node-1")
  })
})

describe("the status of a group that", () => {
  it("is where it belongs says so of the node, the addresses and the credentials", () => {
    assert.deepStrictEqual(compose(Decision.Stay({ node: node(1) })), {
      currentNode: "node-1",
      observedGeneration: 3,
      addresses: [
        { ip: "198.51.100.1/32", server: "v1", node: "node-1", state: "Routed", since: at },
        { ip: "2001:db8::2/64", server: "v1", node: "node-1", state: "Routed", since: at }
      ],
      conditions: [
        {
          type: "Routed",
          status: "True",
          reason: "NodeSelected",
          message: "all 2 addresses are routed to node-1",
          lastTransitionTime: at,
          observedGeneration: 3
        },
        {
          type: "Progressing",
          status: "False",
          reason: "NodeSelected",
          message: "nothing is under way: all addresses are where they belong",
          lastTransitionTime: at,
          observedGeneration: 3
        },
        {
          type: "CredentialsHealthy",
          status: "True",
          reason: "CredentialsAccepted",
          message: "netcup accepts the credentials",
          lastTransitionTime: at,
          observedGeneration: 3
        }
      ]
    })
  })

  it("remembers what convicted the node that a move leaves, each sign with its time", () => {
    const signs = [
      Sighting.of(Sign.LeaseStale({ since: now - 16_000 }), now),
      Sighting.of(Sign.Silent(), now - 1_000),
      Sighting.gone(now)
    ]
    const first = compose(toTwo, { signs })
    assert.deepStrictEqual(first.moves?.at(-1)?.signs, [
      { sign: "LeaseStale", since: "2026-11-22T11:59:44.000Z" },
      { sign: "Silent", since: "2026-11-22T11:59:59.000Z" },
      { sign: "Gone", since: at }
    ])
    // As it was when the move began.
    assert.deepStrictEqual(compose(toTwo, { status: first, signs: [] }).moves, first.moves)
    assert.notProperty(compose(toTwo).moves?.at(-1), "signs")
  })

  it("says of a node that keeps the group only by the guard that it does, whatever speaks against it", () => {
    const suspect = (guarded: boolean, ...reasons: ReadonlyArray<Sign>) =>
      candidate(1, { verdict: { state: "Suspect", reasons, changesAt: undefined, ...(guarded ? { guarded } : {}) } })
    const said = (one: Candidate) => routed(compose(Decision.Stay({ node: node(1) }), { nodes: [one] }))
    const held = said(suspect(true, Sign.Silent()))
    assert.strictEqual(held?.status, "True")
    assert.strictEqual(
      held?.message,
      "all 2 addresses are routed to node-1; node-1 is suspect and not taken for failed, since it may be our own trouble, or the API server's: the guard holds until that is clear"
    )
    assert.deepStrictEqual(said(suspect(true, Sign.Silent(), Sign.LeaseStale({ since: 1 }))), held)
    assert.strictEqual(said(suspect(false, Sign.Silent()))?.message, "all 2 addresses are routed to node-1")
  })

  it("begins to move names both nodes and the reason, and remembers it", () => {
    const status = compose(toTwo, { status: settled, nodes: [ill, candidate(2)] })
    assert.strictEqual(status.currentNode, "node-1")
    assert.strictEqual(status.targetNode, "node-2")
    assert.deepStrictEqual(status.moves, [{ at, from: "node-1", to: "node-2", reason: "node-1 is gone" }])
    assert.strictEqual(routed(status)?.status, "False")
    assert.strictEqual(routed(status)?.reason, "Routing")
    assert.strictEqual(routed(status)?.message, "routing 2 of 2 addresses to node-2, because node-1 is gone")
    assert.strictEqual(routed(status)?.lastTransitionTime, at)
    assert.deepStrictEqual(
      status.addresses?.map(({ state }) => state),
      ["Moving", "Moving"]
    )
  })

  it("is half moved tells the halves apart", () => {
    const status = compose(toTwo, { account: routedTo(2, 1) })
    assert.match(routed(status)?.message ?? "", /^routing 1 of 2 addresses to node-2, /u)
    assert.deepStrictEqual(
      status.addresses?.map(({ state, node }) => [state, node]),
      [
        ["Routed", "node-2"],
        ["Moving", "node-1"]
      ]
    )
  })

  it("waits for a limit says until when", () => {
    const status = compose(toTwo, { attempts: new Map([[v4.prefix, failed(limit, 77)]]) })
    assert.strictEqual(routed(status)?.reason, "RateLimited")
    assert.strictEqual(
      routed(status)?.message,
      "0 of 2 addresses are on node-2; 198.51.100.1/32: once every 5 minutes (next attempt at 2026-11-22T12:01:17.000Z)"
    )
    assert.deepStrictEqual(status.addresses?.[0], {
      ip: "198.51.100.1/32",
      server: "v1",
      node: "node-1",
      state: "Waiting",
      since: at,
      attemptedAt: "2026-11-22T11:59:59.000Z",
      nextAttemptAt: "2026-11-22T12:01:17.000Z",
      lastError: { reason: "RateLimited", message: "once every 5 minutes" }
    })
  })

  it("fails in two ways tells the one that somebody has to look at", () => {
    const unknown = new NetcupError.AddressNotFound({ message: "Could not find Failover IP" })
    for (const order of [
      [v4, v6],
      [v6, v4]
    ]) {
      const [one = v4, other = v6] = order
      const attempts = new Map([
        [one.prefix, failed(limit)],
        [other.prefix, failed(unknown)]
      ])
      const status = compose(toTwo, { attempts })
      assert.strictEqual(routed(status)?.reason, "RoutingFailed")
      assert.include(routed(status)?.message ?? "", `${other.prefix}: Could not find Failover IP`)
    }
  })

  it("has an address whose fate is unknown says just that", () => {
    const lost = new NetcupError.UnknownOutcome({ message: "no answer" })
    const status = compose(toTwo, { attempts: new Map([[v6.prefix, failed(lost)]]) })
    assert.deepStrictEqual(
      status.addresses?.map(({ state }) => state),
      ["Moving", "Unknown"]
    )
    assert.strictEqual(routed(status)?.reason, "RoutingFailed")
  })

  it("has an address that arrived in spite of a failure no longer speaks of the failure", () => {
    const status = compose(toTwo, { account: routedTo(2, 1), attempts: new Map([[v4.prefix, failed(limit)]]) })
    assert.strictEqual(routed(status)?.reason, "Routing")
    assert.strictEqual(status.addresses?.[0]?.state, "Routed")
    assert.isUndefined(status.addresses?.[0]?.lastError)
  })

  it("has arrived keeps when its addresses were last told to move, and forgets the target", () => {
    const status = compose(Decision.Stay({ node: node(2) }), {
      account: routedTo(2, 2),
      status: {
        currentNode: "node-1",
        targetNode: "node-2",
        addresses: [{ ip: `${v4}`, server: "v1", state: "Moving", since: earlier, attemptedAt: earlier }]
      }
    })
    assert.strictEqual(status.currentNode, "node-2")
    assert.isUndefined(status.targetNode)
    assert.strictEqual(status.addresses?.[0]?.attemptedAt, earlier)
    assert.strictEqual(status.addresses?.[0]?.since, at)
  })

  it("waits since the ledger does not allow its move yet was not told to netcup, and says until when", () => {
    const reason = new NetcupError.RateLimited({ message: "netcup lets an address rest", retryAt: now + 60_000 })
    const waiting: Attempt = { ...failed(reason, 60), startedAt: undefined, failures: 0 }
    const status = compose(toTwo, { attempts: new Map([[v4.prefix, waiting]]) })
    const [first] = status.addresses ?? []
    assert.strictEqual(first?.state, "Waiting")
    assert.notProperty(first, "attemptedAt")
    assert.strictEqual(first?.nextAttemptAt, new Date(now + 60_000).toISOString())
    assert.deepStrictEqual(first?.lastError, { reason: "RateLimited", message: "netcup lets an address rest" })
    assert.strictEqual(routed(status)?.reason, "RateLimited")
    const before = { addresses: [{ ip: `${v4}`, state: "Failed" as const, attemptedAt: earlier }] }
    const after = compose(toTwo, { status: before, attempts: new Map([[v4.prefix, waiting]]) })
    assert.strictEqual(after.addresses?.[0]?.attemptedAt, earlier)
  })

  it("has an account with notices tells them with its credentials, which are healthy all the same", () => {
    const status = compose(Decision.Stay({ node: node(1) }), { notices: ["first notice", "second notice"] })
    const credentials = status.conditions?.find(({ type }) => type === "CredentialsHealthy")
    assert.strictEqual(credentials?.status, "True")
    assert.strictEqual(credentials?.message, "netcup accepts the credentials; first notice; second notice")
  })

  it("says of a login that ends within a week when it does, and no more often than that day changes", () => {
    const day = 24 * 60 * 60 * 1_000
    const said = (loginEndsAt: number | undefined) =>
      compose(Decision.Stay({ node: node(1) }), { loginEndsAt, notices: ["a notice"] }).conditions?.find(
        ({ type }) => type === "CredentialsHealthy"
      )
    const noon = Date.parse("2026-11-25T12:00:00Z")
    const soon = said(noon)
    assert.deepInclude(soon, { status: "True", reason: "LoginExpiring" })
    assert.match(
      soon?.message ?? "",
      /^netcup lets this login end on 2026-11-25 unless .* netcup-failover login.*; a notice$/u
    )
    assert.deepStrictEqual(said(noon + day / 3), soon)
    assert.notDeepEqual(said(noon + day), soon)
    assert.strictEqual(Wording.dayOfLoginsEnd(soon?.message ?? ""), "2026-11-25")
    assert.strictEqual(said(now + 7 * day - 1)?.reason, "LoginExpiring")
    for (const later of [now + 7 * day, undefined]) {
      assert.deepInclude(said(later), {
        reason: "CredentialsAccepted",
        message: "netcup accepts the credentials; a notice"
      })
      assert.isUndefined(Wording.dayOfLoginsEnd(said(later)?.message ?? ""))
    }
  })

  it("of two nodes that claim its server names the one that was decided for", () => {
    const nodes = [candidate(1), candidate(2, { server: server(1) })]
    const status = compose(Decision.Stay({ node: node(2) }), { nodes })
    assert.deepStrictEqual(
      status.addresses?.map(({ node }) => node),
      ["node-2", "node-2"]
    )
  })

  it("is on a server that is no node of ours names the server alone", () => {
    const status = compose(toTwo, { account: { ...routedTo(), routes: new Map([[v4.prefix, server(9)]]) } })
    assert.strictEqual(status.addresses?.[0]?.server, "v9")
    assert.notProperty(status.addresses?.[0], "node")
    assert.notProperty(status.addresses?.[1], "server")
  })

  it("has moved often remembers the last ten", () => {
    const moves = Array.from({ length: 10 }, (_, i) => ({ at: earlier, to: `node-${i}`, reason: "r" }))
    const after = compose(toTwo, { status: { moves } }).moves ?? []
    assert.strictEqual(after.length, 10)
    assert.strictEqual(after[0]?.to, "node-1")
    assert.strictEqual(after[9]?.to, "node-2")
  })
})

describe("the status of a group that is held", () => {
  const unread = (until?: number) =>
    Decision.Hold({ until, because: HoldReason.AccountUnknown({ message: "no answer" }) })
  const refused = Decision.Hold({ until: now, because: HoldReason.CredentialsError({ message: "wrong password" }) })

  it("is left alone by a leader that knows nothing yet", () => {
    assert.deepStrictEqual(compose(unread(), { status: settled, account: undefined }), settled)
    assert.deepStrictEqual(compose(unread(), { account: undefined }), {})
    const moving: Status = { currentNode: "node-1", targetNode: "node-2" }
    assert.deepStrictEqual(compose(unread(), { status: moving, account: undefined, nodes: [ill] }), moving)
  })

  it("is not left alone where its node is ill or gone: nobody may believe that it is routed", () => {
    for (const nodes of [[ill], []]) {
      for (const decision of [unread(), unread(now), refused]) {
        const status = compose(decision, { status: settled, account: undefined, nodes })
        assert.strictEqual(routed(status)?.status, "False")
        assert.strictEqual(routed(status)?.lastTransitionTime, at)
        assert.strictEqual(status.currentNode, "node-1")
      }
    }
  })

  it("stays Routed=True on a node that is well, while netcup or the credentials fail", () => {
    for (const decision of [unread(now), refused]) {
      assert.deepStrictEqual(
        routed(compose(decision, { status: settled, account: undefined })),
        settled.conditions?.[0]
      )
    }
  })

  it("stays Routed=True on a suspect, which keeps what it has, and goes by the verdict that the group chose", () => {
    const suspect = { state: "Suspect", reasons: [Sign.LeaseStale({ since: now })], changesAt: undefined } as const
    const detection = { mode: "NodeConditions" } as const
    const key = keyOf(detection)
    const verdicts = new Map(key === undefined ? [] : [[key, suspect]])
    const said = (nodes: ReadonlyArray<Candidate>, spec = {}) =>
      routed(
        compose(unread(now), {
          account: undefined,
          nodes,
          resource: resource({ generation: 3, spec: { ips: [`${v4}`, `${v6}`], ...spec }, status: settled })
        })
      )?.status
    assert.strictEqual(said([candidate(1, { verdict: suspect })]), "True")
    assert.strictEqual(said([{ ...ill, verdicts }]), "False")
    assert.strictEqual(said([{ ...ill, verdicts }], { detection }), "True")
  })

  it("does not stay Routed=True with an address that never was, be it new in the spec", () => {
    const [first, second] = settled.addresses ?? []
    for (const addresses of [
      undefined,
      [],
      first && [first],
      first && second && [first, { ...second, state: "Moving" as const }]
    ]) {
      const { addresses: _, ...rest } = settled
      const status = { ...rest, ...(addresses && { addresses }) }
      for (const decision of [unread(now), refused]) {
        const after = routed(compose(decision, { status, account: undefined }))
        assert.strictEqual(after?.status, "False")
        assert.strictEqual(after?.lastTransitionTime, at)
      }
    }
  })

  it("stays Routed=True where an older CRD does not keep the addresses, if that was said of the spec as it is", () => {
    const { addresses: _, ...rest } = settled
    for (const [observedGeneration, stays] of [
      [3, "True"],
      [2, "False"]
    ] as const) {
      const status = { ...rest, conditions: (rest.conditions ?? []).map((one) => ({ ...one, observedGeneration })) }
      for (const decision of [unread(), unread(now), refused]) {
        const after = compose(decision, { status, account: undefined })
        assert.strictEqual(routed(after)?.status, stays)
        // Nor does the next look take it back.
        assert.deepStrictEqual(compose(decision, { status: after, account: undefined }), after)
      }
    }
  })

  it("stays Routed=True when an address goes from the spec", () => {
    const status = compose(unread(now), { status: settled, account: undefined, addresses: [v6] })
    assert.deepStrictEqual(routed(status), settled.conditions?.[0])
    assert.deepStrictEqual(status.addresses, settled.addresses?.slice(1))
  })

  it("tells of credentials that do not work, also where it stays routed", () => {
    const status = compose(refused, { status: settled, account: undefined })
    const credentials = status.conditions?.find(({ type }) => type === "CredentialsHealthy")
    assert.strictEqual(credentials?.status, "False")
    assert.strictEqual(credentials?.reason, "CredentialsError")
    assert.strictEqual(credentials?.message, "wrong password")
  })

  it("says what is wrong with it where it never was routed", () => {
    const status = compose(unread(now), { account: undefined })
    assert.strictEqual(routed(status)?.reason, "RoutingFailed")
    assert.strictEqual(routed(status)?.message, "netcup cannot be asked: no answer")
    assert.deepStrictEqual(
      status.addresses?.map(({ state }) => state),
      ["Unknown", "Unknown"]
    )
  })

  it("keeps what was known of its addresses", () => {
    const known = { ip: `${v4}`, server: "v1", node: "node-1", state: "Routed" as const, since: earlier }
    const status = compose(refused, { status: { ...settled, addresses: [known] }, account: undefined })
    assert.deepStrictEqual(status.addresses?.[0], known)
  })

  it("is Routed=False for a spec that cannot be acted on, wherever its addresses are", () => {
    for (const because of [
      HoldReason.InvalidSpec({ message: "m" }),
      HoldReason.Conflict({ prefix: v4.prefix, holder: "older" })
    ]) {
      const status = compose(Decision.Hold({ until: undefined, because }), { status: settled })
      assert.strictEqual(routed(status)?.status, "False")
      assert.strictEqual(routed(status)?.reason, because._tag)
    }
  })
})

describe("the status of a paused group", () => {
  const paused = Decision.Hold({ until: undefined, because: HoldReason.Paused({}) })
  const condition = (status: Status, wanted: string) => {
    const found = status.conditions?.find(({ type }) => type === wanted)
    return found && { status: found.status, reason: found.reason, message: found.message }
  }
  const says = (status: "True" | "False", message: string) => ({ status, reason: "Paused", message })
  const states = (status: Status) => status.addresses?.map(({ node, state }) => [node, state])

  it("tells where netcup has it, though nothing is done", () => {
    const status = compose(paused)
    const there = "all 2 addresses are routed to node-1; nothing is moved while spec.paused is true"
    assert.deepStrictEqual(condition(status, "Routed"), says("True", there))
    assert.deepStrictEqual(condition(status, "Progressing"), says("False", "nothing is under way: the group is paused"))
    assert.strictEqual(status.currentNode, "node-1")
    assert.deepStrictEqual(states(status), [
      ["node-1", "Routed"],
      ["node-1", "Routed"]
    ])
  })

  it("follows what netcup says, and not what was true before", () => {
    const status = compose(paused, { status: settled, account: routedTo(2, 2) })
    assert.strictEqual(status.currentNode, "node-2")
    assert.deepStrictEqual(states(status), [
      ["node-2", "Routed"],
      ["node-2", "Routed"]
    ])
  })

  it("is Routed=False on a node that is dead or gone, and says that it stays there", () => {
    const dead = [candidate(1, { verdict: fromDeclared({ ready: "Unknown", deleting: false }) }), candidate(2)]
    assert.deepStrictEqual(
      condition(compose(paused, { status: settled, nodes: dead }), "Routed"),
      says(
        "False",
        "all 2 addresses are routed to node-1, which is silent (Ready=Unknown); nothing is moved while spec.paused is true"
      )
    )
    const gone = condition(compose(paused, { status: settled, nodes: [candidate(2)], account: undefined }), "Routed")
    assert.deepStrictEqual(
      gone,
      says("False", "all 2 addresses are routed to node-1, which is gone; nothing is moved while spec.paused is true")
    )
  })

  it("says the same at the second look, when its node is no longer said to be well", () => {
    const unread = { nodes: [candidate(2)], account: undefined }
    const once = compose(paused, { ...unread, status: settled })
    assert.deepStrictEqual(compose(paused, { ...unread, status: once }), once)
  })

  it("is Routed=False where its addresses are on several nodes", () => {
    const status = compose(paused, { status: { ...settled, targetNode: "node-2" }, account: routedTo(1, 2) })
    assert.deepStrictEqual(
      condition(status, "Routed"),
      says("False", "the addresses are not all on one node; nothing is moved while spec.paused is true")
    )
    assert.deepStrictEqual(states(status), [
      ["node-1", "Waiting"],
      ["node-2", "Waiting"]
    ])
    // Held in the middle of a way: it is gone on with later.
    assert.strictEqual(status.targetNode, "node-2")
    assert.strictEqual(status.currentNode, "node-1")
  })

  it("is no longer on its way once it has arrived", () => {
    const status = compose(paused, { status: { ...settled, targetNode: "node-2" }, account: routedTo(2, 2) })
    assert.isUndefined(status.targetNode)
  })

  it("keeps netcup's last word while netcup cannot be asked, in the same words", () => {
    const before = compose(paused, { status: settled })
    const after = compose(paused, { status: before, account: undefined, now: now + 60_000 })
    assert.deepStrictEqual(after, before)
    const nothing = compose(paused, { account: undefined })
    assert.strictEqual(condition(nothing, "Routed")?.status, "False")
    assert.match(condition(nothing, "Routed")?.message ?? "", /^netcup has not told where the addresses are; /u)
  })

  it("tells of its credentials all the same", () => {
    const credentials = "the Secret is gone"
    const because = HoldReason.Paused({ credentials })
    const status = compose(Decision.Hold({ until: undefined, because }), { status: settled, account: undefined })
    assert.deepStrictEqual(condition(status, "CredentialsHealthy"), {
      status: "False",
      reason: "CredentialsError",
      message: credentials
    })
    assert.strictEqual(condition(status, "Routed")?.status, "True")
    assert.strictEqual(condition(compose(paused), "CredentialsHealthy")?.status, "True")
  })
})

describe("the status of a group whose pin is not followed", () => {
  const nowhere = { node: node(9), reasons: [] }

  it("says so behind where it is, and behind where it goes", () => {
    const word =
      "the annotation netcup.digilol.net/move-to names node-9, which is no node of this cluster: correct or remove it"
    const stays = compose(Decision.Stay({ node: node(1), unpinned: nowhere }))
    assert.strictEqual(routed(stays)?.message, `all 2 addresses are routed to node-1; ${word}`)
    assert.strictEqual(routed(stays)?.status, "True")
    const moves = compose(Decision.Move({ ...toTwo, unpinned: nowhere }))
    assert.strictEqual(routed(moves)?.message, `routing 2 of 2 addresses to node-2, because node-1 is gone; ${word}`)
  })

  it("says what is against that node", () => {
    const reasons = [Ineligibility.MissingAnnotation()]
    const status = compose(Decision.Stay({ node: node(1), unpinned: { node: node(2), reasons } }))
    assert.include(
      routed(status)?.message,
      "; the annotation netcup.digilol.net/move-to is not followed for now: node-2 has no annotation"
    )
  })
})

describe("the status of a group that others have moved", () => {
  const moved = [{ prefix: v6.prefix, server: server(2) }]
  const drifted = Decision.Hold({ until: undefined, because: HoldReason.Drifted({ node: node(1), moved }) })
  const contested = Decision.Hold({ until: undefined, because: HoldReason.Contested({ node: node(1), moved }) })
  const account = routedTo(1, 2)

  for (const [decision, reason] of [
    [drifted, "Drifted"],
    [contested, "Contested"]
  ] as const) {
    it(`is not Routed, however it was before, and says what is where: ${reason}`, () => {
      const status = compose(decision, { status: { ...settled, targetNode: node(1) }, account })
      assert.deepInclude(routed(status), { status: "False", reason })
      assert.match(routed(status)?.message ?? "", /^1 of 2 addresses are on \S+; 2001:db8::\/64 is on \S+: somebody /u)
      assert.deepStrictEqual(
        status.addresses?.map(({ state, node }) => [state, node]),
        [
          ["Routed", node(1)],
          ["Waiting", node(2)]
        ]
      )
      assert.strictEqual(status.currentNode, node(1))
      assert.isUndefined(status.targetNode)
      assert.deepInclude(
        status.conditions?.find(({ type }) => type === "Progressing"),
        { status: "False", reason }
      )
      assert.deepStrictEqual(compose(decision, { status, account }), status)
    })
  }

  it("remembers a move that somebody else has made and that is followed, once", () => {
    const adopted = MoveReason.Adopted({ moved: [v4.prefix, v6.prefix] })
    const follows = Decision.Stay({ node: node(2), adopted })
    const status = compose(follows, { status: settled, account: routedTo(2, 2) })
    assert.strictEqual(status.currentNode, node(2))
    assert.deepStrictEqual(status.moves?.at(-1), {
      at,
      from: node(1),
      to: node(2),
      reason: "198.51.100.1/32, 2001:db8::/64 had been moved there"
    })
    assert.deepStrictEqual(compose(follows, { status, account: routedTo(2, 2) }).moves, status.moves)
  })

  it("remembers a move that a leader before us has made and could not tell of, once", () => {
    const stays = Decision.Stay({ node: node(2) })
    const world = { account: routedTo(2, 2), begunBefore: node(2) }
    const status = compose(stays, { ...world, status: settled })
    const record = { at, from: node(1), to: node(2), reason: "the move had begun" }
    assert.deepStrictEqual(status.moves?.at(-1), record)
    assert.deepStrictEqual(compose(stays, { ...world, status }).moves, status.moves)
    const first = compose(stays, { ...world, status: {} })
    assert.deepStrictEqual(first.moves, [{ at, to: node(2), reason: "the move had begun" }])
    const told = { ...settled, targetNode: node(2), moves: [{ ...record, reason: "node-1 is gone" }] }
    assert.deepStrictEqual(compose(stays, { ...world, status: told }).moves, told.moves)
    const elsewhere = { ...world, begunBefore: node(3) }
    assert.deepStrictEqual(compose(stays, { ...elsewhere, status: settled }).moves ?? [], settled.moves ?? [])
  })
})
