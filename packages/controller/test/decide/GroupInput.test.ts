import { assert, describe, it } from "@effect/vitest"
import type { Attempt, Attempts } from "@netcup-failover/controller/act/Mover"
import * as GroupInput from "@netcup-failover/controller/decide/GroupInput"
import type { GroupResource } from "@netcup-failover/controller/observe/GroupResource"
import type { AccountView } from "@netcup-failover/controller/observe/Observation"
import type { WorkloadView } from "@netcup-failover/controller/observe/Workloads"
import { keyOf } from "@netcup-failover/core/detect/DetectionChoice"
import { HoldReason } from "@netcup-failover/core/Group"
import * as NetcupError from "@netcup-failover/netcup/NetcupError"
import { account, accountState, address, node, resource, server } from "../Given.ts"

const none: Attempts = new Map()
const known = { servers: new Set([server(1)]), routes: new Map() }
const usable = (state: {
  account?: typeof known
  trouble?: { reason: NetcupError.NetcupErrorReason; retryAt: number }
}): AccountView => ({
  _tag: "Usable",
  account: account(),
  state: accountState(state)
})
const fine = usable({ account: known })

const heldBy = (spec: Partial<GroupResource["spec"]>, view: AccountView) =>
  GroupInput.make(resource({ spec }), view, none).held

const invalid = (spec: Partial<GroupResource["spec"]>): string => {
  const held = heldBy(spec, fine)
  return held?.because._tag === "InvalidSpec" ? held.because.message : `${held?.because._tag}`
}

describe("a group with a preference that is not understood", () => {
  it("is not acted on, and says which", () => {
    const good = { weight: 1, nodeSelector: {} }
    const bad = { weight: 1, nodeSelector: { matchExpressions: [{ key: "a", operator: "In" as const }] } }
    assert.match(invalid({ preferences: [good, bad] }), /^preferences\[1\]\.nodeSelector: In on "a" needs/u)
  })
})

describe("a group with a workload", () => {
  const workload = { namespace: "apps", selector: { matchLabels: { app: "web" } } }
  const ask = (view: WorkloadView, status?: GroupResource["status"]) =>
    GroupInput.make(resource({ spec: { workload }, status }), fine, none, { workload: view })

  it("is told where that serves, if it is known", () => {
    const serving = new Set([node(1)])
    assert.strictEqual(ask({ _tag: "Known", serving, changesAt: undefined }).serving, serving)
    const unreadable = ask({ _tag: "Unreadable", message: "pods is forbidden" })
    assert.notProperty(unreadable, "serving")
    assert.isUndefined(unreadable.held)
  })

  it("waits for its Pods to be listed before its first placement, and for nothing once it is somewhere", () => {
    assert.deepStrictEqual(ask(undefined).held, { because: HoldReason.WorkloadUnknown(), until: undefined })
    assert.isUndefined(ask(undefined, { currentNode: "node-1" }).held)
    assert.isUndefined(heldBy({}, fine))
  })

  it("that is not understood is not acted on, and says why", () => {
    const selector = { matchExpressions: [{ key: "a", operator: "In" as const }] }
    assert.match(invalid({ workload: { namespace: "apps", selector } }), /^workload\.selector: In on "a" needs/u)
  })
})

describe("a group as placement sees it", () => {
  it("is what its resource says", () => {
    const nodeSelector = { matchLabels: { role: "edge" } }
    const spec = { ips: ["198.51.100.1/32", "2001:db8::2/64"], nodeSelector }
    assert.deepStrictEqual<unknown>(GroupInput.make(resource({ name: "a", spec }), fine, none), {
      name: "a",
      createdAt: Date.UTC(2026, 10, 22, 8),
      addresses: [address("198.51.100.1/32"), address("2001:db8::2/64")],
      selector: nodeSelector,
      account: "soap:12345",
      current: undefined,
      target: undefined,
      held: undefined
    })
  })

  it("has its choice of detection, and none where it leaves all to the controller", () => {
    const detection = { mode: "Fast", silentAfterSeconds: 9 } as const
    assert.strictEqual(GroupInput.make(resource({ spec: { detection } }), fine, none).detection, keyOf(detection))
    for (const spec of [{}, { detection: {} }])
      assert.notProperty(GroupInput.make(resource({ spec }), fine, none), "detection")
  })

  it("has the wishes of its user, and no others", () => {
    const wishes = {
      preferences: [{ weight: 7, nodeSelector: { matchLabels: { role: "edge" } } }],
      failback: "WhenPreferred",
      rebalance: "WhenUneven"
    } as const
    const { preferences, failback, rebalance } = GroupInput.make(resource({ spec: wishes }), fine, none)
    assert.deepStrictEqual<unknown>({ preferences, failback, rebalance }, wishes)
  })

  it("is pinned to the node that its annotation names; one that is blank is none", () => {
    const pin = (text: string) => {
      const plain = resource()
      const annotations = { "netcup.digilol.net/move-to": text }
      return GroupInput.make({ ...plain, metadata: { ...plain.metadata, annotations } }, fine, none).pin
    }
    assert.strictEqual(pin("node-2"), node(2))
    assert.strictEqual(pin(" node-2\n"), node(2))
    assert.isUndefined(pin(""))
    assert.isUndefined(pin("  "))
  })

  it("is held while it is paused, whatever becomes of its account, but not if its spec says nothing", () => {
    const paused = { because: HoldReason.Paused({}), until: undefined }
    assert.deepStrictEqual(heldBy({ paused: true }, fine), paused)
    assert.deepStrictEqual(heldBy({ paused: true }, undefined), paused)
    assert.isUndefined(heldBy({ paused: false }, fine))
    const credentials = "no such Secret"
    assert.deepStrictEqual(heldBy({ paused: true }, { _tag: "Unusable", message: credentials }), {
      because: HoldReason.Paused({ credentials }),
      until: undefined
    })
    assert.strictEqual(heldBy({ paused: true, ips: [] }, fine)?.because._tag, "InvalidSpec")
  })

  it("without a selector takes every node", () => {
    assert.deepStrictEqual(GroupInput.make(resource(), fine, none).selector, {})
  })

  it("has its current node from the status, where an empty one is none", () => {
    const current = (status: GroupResource["status"]) => GroupInput.make(resource({ status }), fine, none).current
    assert.strictEqual(current({ currentNode: "node-1" }), node(1))
    assert.isUndefined(current({ currentNode: "" }))
    assert.isUndefined(current({}))
  })

  it("has no account while its Secret is missing or unread", () => {
    assert.isUndefined(GroupInput.make(resource(), undefined, none).account)
    assert.isUndefined(GroupInput.make(resource(), { _tag: "Unusable", message: "" }, none).account)
  })
})

describe("a spec that cannot be acted on", () => {
  it("is told what to write instead, for each address", () => {
    assert.strictEqual(
      invalid({ ips: ["198.51.100.1", "2001:db8::2/64", "198.51.100.0/24"] }),
      '"198.51.100.1" has no prefix length: write "198.51.100.1/32"; ' +
        '"198.51.100.0/24": netcup routes single IPv4 addresses only: write "198.51.100.0/32"'
    )
    assert.match(invalid({ ips: ["localhost/32"] }), /^"localhost\/32" is not a CIDR .*: write for example "198/u)
  })

  it("is told that it names no address", () => {
    assert.strictEqual(invalid({ ips: [] }), "spec.ips is empty: name at least one address")
  })

  it("is told which address is there twice, also in another spelling", () => {
    assert.strictEqual(
      invalid({ ips: ["198.51.100.1/32", "198.51.100.1/32"] }),
      '"198.51.100.1/32" is listed twice: keep one'
    )
    assert.strictEqual(
      invalid({ ips: ["2001:db8::/64", "198.51.100.1/32", "2001:DB8:0::2/64"] }),
      '"2001:db8::2/64" is listed twice: keep one'
    )
  })

  it("is told what is wrong with its selector", () => {
    const matchExpressions = [
      { key: "role", operator: "In" as const, values: [] },
      { key: "zone", operator: "Exists" as const, values: ["a"] }
    ]
    assert.strictEqual(
      invalid({ nodeSelector: { matchExpressions } }),
      'nodeSelector: In on "role" needs at least one value; nodeSelector: Exists on "zone" takes no values'
    )
  })

  it("is told everything at once, and before anything about its account", () => {
    const spec = {
      ips: ["x", "198.51.100.1/32", "198.51.100.1/32"],
      nodeSelector: { matchExpressions: [{ key: "role", operator: "NotIn" as const }] }
    }
    for (const view of [undefined, { _tag: "Unusable" as const, message: "m" }, usable({}), fine]) {
      const held = heldBy(spec, view)
      assert.strictEqual(held?.because._tag, "InvalidSpec")
      assert.isUndefined(held?.until)
      const parts = held?.because._tag === "InvalidSpec" ? held.because.message.split("; ") : []
      assert.deepStrictEqual(
        parts.map((part) => /"x"|twice|nodeSelector/u.exec(part)?.[0]),
        ['"x"', "twice", "nodeSelector"]
      )
    }
  })
})

describe("a group is held", () => {
  const unreachable = new NetcupError.Unreachable({ message: "no answer within 10s" })
  const refused = new NetcupError.InvalidCredentials({ message: "Invalid credentials." })

  it("while its Secret is not read yet", () => {
    assert.deepStrictEqual(heldBy({}, undefined), {
      because: HoldReason.AccountUnknown({ message: "the Secret is not read yet" }),
      until: undefined
    })
  })

  it("while its Secret cannot be used, in the words that say why", () => {
    assert.deepStrictEqual(heldBy({}, { _tag: "Unusable", message: "Secret a/b lacks password" }), {
      because: HoldReason.CredentialsError({ message: "Secret a/b lacks password" }),
      until: undefined
    })
  })

  it("before netcup's first answer", () => {
    assert.deepStrictEqual(heldBy({}, usable({})), {
      because: HoldReason.AccountUnknown({ message: "netcup has not answered yet" }),
      until: undefined
    })
  })

  it("while netcup has never answered, until it is asked again", () => {
    assert.deepStrictEqual(heldBy({}, usable({ trouble: { reason: unreachable, retryAt: 77 } })), {
      because: HoldReason.AccountUnknown({ message: "no answer within 10s" }),
      until: 77
    })
  })

  it("while netcup refuses the credentials, also where it took them before", () => {
    const trouble = { reason: refused, retryAt: 99 }
    const expired = { reason: new NetcupError.LoginExpired({ message: "Invalid credentials." }), retryAt: 99 }
    for (const view of [
      usable({ trouble }),
      usable({ account: known, trouble }),
      usable({ account: known, trouble: expired })
    ]) {
      const held = heldBy({}, view)
      assert.strictEqual(held?.until, 99)
      assert.deepStrictEqual(
        held?.because,
        HoldReason.CredentialsError({
          message: "netcup refuses the credentials: Invalid credentials. Correct the Secret"
        })
      )
    }
  })

  it("not when netcup stops answering: what it said last still goes", () => {
    assert.isUndefined(heldBy({}, usable({ account: known, trouble: { reason: unreachable, retryAt: 77 } })))
  })
})

describe("the target of a group", () => {
  const attempt = (to: number, startedAt: number, state: Attempt["state"]): Attempt => ({
    isCostly: false,
    to: node(to),
    server: server(to),
    account: account(),
    startedAt,
    state,
    failures: 0
  })
  const failed: Attempt["state"] = {
    _tag: "Failed",
    reason: new NetcupError.Unreachable({ message: "" }),
    retryAt: 9
  }
  const ips = ["198.51.100.1/32", "198.51.100.2/32", "198.51.100.3/32"]
  const target = (
    attempts: ReadonlyArray<Attempt>,
    status: GroupResource["status"] = {},
    known: Parameters<typeof GroupInput.make>[3] = {}
  ) =>
    GroupInput.make(
      resource({ spec: { ips }, status }),
      fine,
      new Map(attempts.map((one, i) => [address(`198.51.100.${i + 1}/32`).prefix, one])),
      known
    ).target
  const open = { node: node(2), committed: false }

  it("is none without attempts and without a word in the status", () => {
    assert.isUndefined(target([]))
    assert.isUndefined(target([], { targetNode: "" }))
  })

  it("is where netcup is being told, or did as told", () => {
    for (const state of [{ _tag: "Running", entry: { id: 1, epoch: 1 } }, { _tag: "Done" }] as const) {
      assert.deepStrictEqual(target([attempt(3, 1, state)], { targetNode: "node-2" }), {
        node: node(3),
        committed: true
      })
    }
  })

  it("is where netcup was told last", () => {
    const older = attempt(1, 10, { _tag: "Done" })
    const newer = attempt(3, 20, { _tag: "Running", entry: { id: 1, epoch: 1 } })
    for (const attempts of [
      [older, newer],
      [newer, older],
      [older, newer, attempt(2, 30, failed)]
    ]) {
      assert.deepStrictEqual(target(attempts), { node: node(3), committed: true })
    }
  })

  it("is open to change where all attempts failed", () => {
    assert.deepStrictEqual(target([attempt(2, 1, failed)], { targetNode: "node-2" }), open)
    assert.isUndefined(target([attempt(2, 1, failed)]))
  })

  describe("that a leader before us left in the status", () => {
    const begunAt = "2026-11-22T12:00:00.000Z"
    const told = (attemptedAt: string, more: object = {}) => ({
      targetNode: "node-2",
      moves: [
        { at: "2026-11-22T10:00:00.000Z", to: "node-3", reason: "r" },
        { at: begunAt, to: "node-2", reason: "r" }
      ],
      addresses: [
        { ip: ips[0] ?? "", state: "Waiting" as const },
        { ip: ips[1] ?? "", state: "Moving" as const, attemptedAt, ...more }
      ]
    })

    it("is finished when netcup was told of one address since the move began", () => {
      for (const at of [begunAt, "2026-11-22T12:00:00.001Z"]) {
        assert.deepStrictEqual(target([], told(at)), { node: node(2), committed: true })
      }
    })

    it("is open to change when netcup was told of none since", () => {
      assert.deepStrictEqual(target([], { targetNode: "node-2" }), open)
      assert.deepStrictEqual(target([], { ...told(begunAt), addresses: [] }), open)
      assert.deepStrictEqual(target([], told("2026-11-22T11:59:59.999Z")), open)
    })

    it("is open to change when netcup did not do as told", () => {
      const lastError = { reason: "Refused", message: "action not allowed" }
      assert.deepStrictEqual(target([], told(begunAt, { lastError })), open)
    })

    it("is open to change when no move to it is remembered", () => {
      const { moves, ...rest } = told(begunAt)
      assert.deepStrictEqual(target([], rest), open)
      assert.deepStrictEqual(target([], { ...rest, moves: moves.slice(0, 1) }), open)
    })

    it("is open to change when what the status tells of was an attempt of ours that was never sent", () => {
      const unsent = new Set([Date.parse(begunAt)])
      assert.deepStrictEqual(target([], told(begunAt), { unsent }), open)
      assert.deepStrictEqual(target([], told("2026-11-22T12:00:00.001Z"), { unsent }), {
        node: node(2),
        committed: true
      })
    })

    it("counts less than what the ledger says, and that less than what we tell netcup ourselves", () => {
      const begunBefore = node(3)
      assert.deepStrictEqual(target([], told(begunAt), { begunBefore }), { node: begunBefore, committed: true })
      const running = attempt(1, 1, { _tag: "Running", entry: { id: 1, epoch: 1 } })
      assert.deepStrictEqual(target([running], told(begunAt), { begunBefore }), { node: node(1), committed: true })
      assert.deepStrictEqual(target([attempt(1, 1, failed)], told(begunAt), { begunBefore }), {
        node: begunBefore,
        committed: false
      })
    })

    it("is open to change once our own attempts failed", () => {
      assert.deepStrictEqual(target([attempt(2, 1, failed)], told(begunAt)), open)
    })
  })
})
