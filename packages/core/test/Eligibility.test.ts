import { assert, describe, it } from "@effect/vitest"
import type { Account } from "@netcup-failover/core/Account"
import { keyOf } from "@netcup-failover/core/detect/DetectionChoice"
import * as Eligibility from "@netcup-failover/core/Eligibility"
import type { Prefix } from "@netcup-failover/core/FailoverAddress"
import type { Group } from "@netcup-failover/core/Group"
import { Ineligibility, render } from "@netcup-failover/core/Ineligibility"
import { standard } from "@netcup-failover/core/Plan"
import { fromDeclared, Sign, type Verdict } from "@netcup-failover/core/Verdict"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import { accountA, address, candidate, newGroup, node, oneOf, server, suspected, worlds } from "./Worlds.ts"

const question: Eligibility.Question = {
  group: newGroup("g1"),
  node: candidate(1),
  account: { servers: new Set([server(1)]), routes: new Map() }
}

/** A rule that gives these reasons whatever it is asked. */
const rule = (name: string, ...reasons: ReadonlyArray<string>): Eligibility.Eligibility => ({
  name,
  judge: () => reasons.map((text) => Ineligibility.NotSelected({ unmet: [text] }))
})

const rules = oneOf(
  Eligibility.always,
  rule("holds"),
  rule("one", "a"),
  rule("two", "b", "c"),
  Eligibility.not(rule("held")),
  Eligibility.any()
)
const judge = (eligibility: Eligibility.Eligibility) => eligibility.judge(question)
const holds = (eligibility: Eligibility.Eligibility) => judge(eligibility).length === 0
const { all, always, any, not } = Eligibility

describe("all", () => {
  it.prop("is a monoid: nested as one likes, and always changes nothing", [rules, rules, rules], ([a, b, c]) => {
    assert.deepStrictEqual(judge(all(all(a, b), c)), judge(all(a, all(b, c))))
    assert.deepStrictEqual(judge(all(all(a, b), c)), judge(all(a, b, c)))
    assert.deepStrictEqual(judge(all(a, always)), judge(a))
    assert.deepStrictEqual(judge(all(always, a)), judge(a))
    assert.deepStrictEqual(judge(all()), judge(always))
  })

  it.prop("gathers the reasons of every rule, in the order of the rules", [Arbitrary.array(rules)], ([list]) => {
    assert.deepStrictEqual(judge(all(...list)), list.flatMap(judge))
    assert.strictEqual(holds(all(...list)), list.every(holds))
  })
})

describe("any", () => {
  it.prop("holds where a rule holds, else says why none does", [Arbitrary.array(rules)], ([list]) => {
    assert.strictEqual(holds(any(...list)), list.some(holds))
    if (list.length > 0 && !list.some(holds)) assert.deepStrictEqual(judge(any(...list)), list.flatMap(judge))
  })

  it.prop(
    "does not mind how it is nested, and a rule that holds nowhere adds nothing",
    [rules, rules, rules],
    ([a, b, c]) => {
      assert.deepStrictEqual(judge(any(any(a, b), c)), judge(any(a, any(b, c))))
      assert.strictEqual(holds(any(a, any())), holds(a))
      assert.isTrue(holds(any(a, always)))
    }
  )

  it("without rules holds nowhere, and gives a reason", () => {
    assert.isNotEmpty(judge(any()))
  })
})

describe("not", () => {
  it.prop("holds exactly where its rule does not", [rules, rules], ([a, b]) => {
    assert.strictEqual(holds(not(a)), !holds(a))
    assert.strictEqual(holds(not(not(a))), holds(a))
    assert.strictEqual(holds(not(all(a, b))), holds(any(not(a), not(b))))
    assert.strictEqual(holds(not(any(a, b))), holds(all(not(a), not(b))))
  })

  it("names the rule that was kept and had to be broken", () => {
    assert.deepStrictEqual(judge(not(rule("held"))), [Ineligibility.Negated({ rule: "held" })])
    assert.include(
      judge(not(not(rule("broken", "a"))))
        .map(render)
        .join(),
      "not(broken)"
    )
  })
})

describe("the rules of the seed system", () => {
  it("healthy refuses a failed node with all signs against it", () => {
    assert.deepStrictEqual(Eligibility.healthy.judge(question), [])
    const verdict = fromDeclared({ ready: "False", deleting: true })
    assert.deepStrictEqual(Eligibility.healthy.judge({ ...question, node: candidate(1, { verdict }) }), [
      Ineligibility.Failed({ signs: verdict.reasons })
    ])
  })

  it("answering refuses a suspect that has nothing of the group, and takes nothing from one that has it", () => {
    const verdict = { state: "Suspect", reasons: [Sign.Unanswering({ since: 0 })], changesAt: undefined } as const
    const { group } = question
    const judge = (change: Partial<Eligibility.Question> = {}) =>
      Eligibility.answering.judge({ ...question, node: candidate(1, { verdict }), ...change })
    const refusal = [Ineligibility.Suspect({ signs: verdict.reasons })]
    assert.deepStrictEqual(Eligibility.answering.judge(question), [])
    assert.deepStrictEqual(judge(), refusal)
    assert.deepStrictEqual(Eligibility.healthy.judge({ ...question, node: candidate(1, { verdict }) }), [])
    assert.deepStrictEqual(judge().map(render), ["is suspect, since it has not answered since 00:00:00Z"])
    assert.deepStrictEqual(judge({ group: { ...group, current: node(1) } }), refusal)
    assert.deepStrictEqual(judge({ group: { ...group, target: { node: node(1), committed: true } } }), [])
    assert.deepStrictEqual(judge({ group: { ...group, target: { node: node(1), committed: false } } }), refusal)
    const routes = new Map(group.addresses.map(({ prefix }) => [prefix, server(1)]))
    assert.deepStrictEqual(judge({ account: { ...question.account, routes } }), [])
    assert.isTrue(standard.eligibility.name.includes("unguarded"))
  })

  it("healthy and answering go by the verdict that the group reads", () => {
    const failed = fromDeclared({ ready: "False", deleting: false })
    const suspect = { ...failed, state: "Suspect" } as const
    const detection = keyOf({ mode: "NodeConditions" })
    const judge = (verdict: Verdict) => {
      const one = candidate(1, { verdicts: new Map(detection === undefined ? [] : [[detection, verdict]]) })
      const group = { ...question.group, ...(detection === undefined ? {} : { detection }) }
      return [
        Eligibility.healthy.judge({ ...question, node: one }),
        ...[Eligibility.healthy, Eligibility.answering].map((rule) => rule.judge({ ...question, group, node: one }))
      ].map((reasons) => reasons.map(({ _tag }) => _tag).join())
    }
    assert.deepStrictEqual(judge(failed), ["", "Failed", ""])
    assert.deepStrictEqual(judge(suspect), ["", "", "Suspect"])
  })

  it("accountLists refuses a node without annotation and one whose server the account does not list", () => {
    assert.deepStrictEqual(Eligibility.accountLists.judge(question), [])
    assert.deepStrictEqual(Eligibility.accountLists.judge({ ...question, node: candidate(1, { server: undefined }) }), [
      Ineligibility.MissingAnnotation()
    ])
    assert.deepStrictEqual(Eligibility.accountLists.judge({ ...question, node: candidate(2) }), [
      Ineligibility.ForeignServer({ server: "s2" })
    ])
  })

  it("remaining refuses a node that is about to be deleted, and names the taint that says so", () => {
    assert.deepStrictEqual(Eligibility.remaining.judge(question), [])
    const node = candidate(1, { leaving: "about-to-go" })
    assert.deepStrictEqual(Eligibility.remaining.judge({ ...question, node }), [
      Ineligibility.Leaving({ taint: "about-to-go" })
    ])
    assert.deepStrictEqual(standard.eligibility.judge({ ...question, node }).map(render), [
      "is about to be deleted (taint about-to-go)"
    ])
  })

  it("a suspect takes nothing, but keeps what it wholly has; a guarded one the same, and that does not yield", () => {
    const group = newGroup("g1", { addresses: [address("198.51.100.1/32"), address("2001:db8:1::/64")] })
    const at = (...servers: ReadonlyArray<number>) =>
      new Map(group.addresses.flatMap(({ prefix }, i) => (servers[i] ? [[prefix, server(servers[i])] as const] : [])))
    for (const [rule, guarded, tag] of [
      [Eligibility.answering, false, "Suspect"],
      [Eligibility.answering, true, "Suspect"],
      [Eligibility.unguarded, true, "Guarded"]
    ] as const) {
      const suspect = candidate(1, { verdict: suspected(guarded) })
      const ask = (routes: Account["routes"], one = suspect) =>
        rule.judge({ group, node: one, account: { ...question.account, routes } }).map(({ _tag }) => _tag)
      for (const routes of [at(), at(1), at(1, 2), at(2, 2)]) assert.deepStrictEqual(ask(routes), [tag])
      assert.deepStrictEqual(ask(at(1, 1)), [])
      assert.deepStrictEqual(ask(at(), candidate(1)), [])
      assert.deepStrictEqual(ask(at(1, 1), { ...suspect, server: undefined }), [tag])
    }
    const suspect = candidate(1, { verdict: suspected(false) })
    assert.deepStrictEqual(Eligibility.unguarded.judge({ ...question, group, node: suspect }), [])
    assert.deepStrictEqual(standard.yielding, [Eligibility.serving, Eligibility.answering])
    assert.isNotEmpty(standard.eligibility.judge({ ...question, node: candidate(1, { verdict: suspected(true) }) }))
  })

  it("serving refuses a node without a ready Pod, where it is known which have one", () => {
    const ask = (group: Group) => Eligibility.serving.judge({ ...question, group })
    assert.deepStrictEqual(ask(newGroup("g1")), [])
    assert.deepStrictEqual(ask(newGroup("g1", { serving: new Set([node(1)]) })), [])
    assert.deepStrictEqual(ask(newGroup("g1", { serving: new Set([node(2)]) })), [Ineligibility.NotServing()])
    assert.deepStrictEqual(ask(newGroup("g1", { serving: new Set() })), [Ineligibility.NotServing()])
  })

  it("selected refuses a node with all that its labels do not meet", () => {
    assert.deepStrictEqual(Eligibility.selected.judge(question), [])
    const group = newGroup("g1", {
      selector: {
        matchLabels: { role: "edge" },
        matchExpressions: [
          { key: "zone", operator: "Exists" },
          { key: "disk", operator: "DoesNotExist" }
        ]
      }
    })
    assert.deepStrictEqual(Eligibility.selected.judge({ ...question, group }), [
      Ineligibility.NotSelected({ unmet: ["role In (edge)", "zone Exists"] })
    ])
    const node = candidate(1, { labels: { role: "edge", zone: "" } })
    assert.deepStrictEqual(Eligibility.selected.judge({ ...question, group, node }), [])
  })

  describe("with what came out when netcup was to route", () => {
    const [first, second] = [address("198.51.100.1/32"), address("2001:db8:1::/64")]
    const group = newGroup("g1", { addresses: [first, second] })
    const account = (more: Partial<Account>): Eligibility.Question => ({
      ...question,
      group,
      account: { ...question.account, ...more }
    })
    const stopped = new Set([server(1)])
    const at = (...places: ReadonlyArray<number>) =>
      new Map(
        [first, second].flatMap(({ prefix }, i) => {
          const place = places[i]
          return place === undefined ? [] : [[prefix, server(place)] as const]
        })
      )

    it("running refuses a server that netcup routes nothing to, unless it has all of the group already", () => {
      const refused = [Ineligibility.ServerNotRunning({ server: "s1" })]
      assert.deepStrictEqual(Eligibility.running.judge(account({})), [])
      assert.deepStrictEqual(Eligibility.running.judge(account({ notRunning: new Set([server(2)]) })), [])
      for (const routes of [at(), at(1), at(1, 2), at(2, 2)]) {
        assert.deepStrictEqual(Eligibility.running.judge(account({ notRunning: stopped, routes })), refused)
      }
      assert.deepStrictEqual(Eligibility.running.judge(account({ notRunning: stopped, routes: at(1, 1) })), [])
      const nameless = { ...account({ notRunning: stopped }), node: candidate(1, { server: undefined }) }
      assert.deepStrictEqual(Eligibility.running.judge(nameless), [])
    })

    it("sameSite refuses a server that is apart from an address, and names which, wherever they are now", () => {
      const offSite = (...prefixes: ReadonlyArray<Prefix>) => new Map(prefixes.map((one) => [one, stopped] as const))
      assert.deepStrictEqual(Eligibility.sameSite.judge(account({})), [])
      assert.deepStrictEqual(
        Eligibility.sameSite.judge(account({ offSite: offSite(address("192.0.2.1/32").prefix) })),
        []
      )
      assert.deepStrictEqual(
        Eligibility.sameSite.judge(account({ offSite: new Map([[first.prefix, new Set([server(2)])]]) })),
        []
      )
      for (const routes of [at(), at(1, 1)]) {
        assert.deepStrictEqual(Eligibility.sameSite.judge(account({ routes, offSite: offSite(second.prefix) })), [
          Ineligibility.WrongSite({ server: "s1", prefixes: [second.prefix] })
        ])
        assert.deepStrictEqual(
          Eligibility.sameSite.judge(account({ routes, offSite: offSite(second.prefix, first.prefix) })),
          [Ineligibility.WrongSite({ server: "s1", prefixes: [first.prefix, second.prefix] })]
        )
      }
      const nameless = { ...account({ offSite: offSite(first.prefix) }), node: candidate(1, { server: undefined }) }
      assert.deepStrictEqual(Eligibility.sameSite.judge(nameless), [])
    })

    it("both are rules of the standard policy", () => {
      const tags = (asked: Eligibility.Question) => standard.eligibility.judge(asked).map(({ _tag }) => _tag)
      const offSite = new Map([[first.prefix, stopped]])
      assert.deepStrictEqual(tags(account({ notRunning: stopped, offSite })), ["ServerNotRunning", "WrongSite"])
    })
  })

  it.prop("each look at one thing only: what one says does not depend on the others", [worlds], ([world]) => {
    const account = world.accounts.get(accountA)
    if (account === undefined) return
    for (const group of world.groups)
      for (const node of world.nodes) {
        const asked = { group, node, account }
        const apart = [
          Eligibility.healthy,
          Eligibility.selected,
          Eligibility.accountLists,
          Eligibility.running,
          Eligibility.sameSite
        ]
        const tags = all(...apart)
          .judge(asked)
          .map(({ _tag }) => _tag)
        assert.strictEqual(tags.includes("Failed"), node.verdict.state === "Failed")
        assert.strictEqual(tags.includes("MissingAnnotation"), node.server === undefined)
        assert.strictEqual(
          tags.includes("ForeignServer"),
          node.server !== undefined && !account.servers.has(node.server)
        )
        if (tags.includes("ServerNotRunning")) {
          assert.isTrue(node.server !== undefined && account.notRunning?.has(node.server))
        }
        if (tags.includes("WrongSite")) assert.isDefined(account.offSite)
        assert.strictEqual(new Set(tags).size, tags.length)
      }
  })
})

describe("worlds", () => {
  it.effect("lead to every reason that speaks against a node", () =>
    Effect.gen(function* () {
      const sample = yield* Arbitrary.sampleEffect(worlds, { count: 200, seed: 1 })
      const reasons = sample.flatMap((world) =>
        world.groups.flatMap((group) => {
          const account = world.accountOf(group)
          return account === undefined
            ? []
            : world.nodes.flatMap((node) => standard.eligibility.judge({ group, node, account }))
        })
      )
      assert.sameMembers(
        [...new Set(reasons.map(({ _tag }) => _tag))],
        ["Failed", "MissingAnnotation", "ForeignServer", "NotSelected", "ServerNotRunning", "WrongSite", "Guarded"]
      )
    })
  )
})

describe("render", () => {
  it("puts every reason into words that end a sentence about the node", () => {
    const texts = [
      Ineligibility.Failed({ signs: fromDeclared({ ready: "Unknown", deleting: true }).reasons }),
      Ineligibility.MissingAnnotation(),
      Ineligibility.ForeignServer({ server: "v1234" }),
      Ineligibility.NotSelected({ unmet: ["role In (edge)", "zone Exists"] }),
      Ineligibility.Negated({ rule: "healthy" }),
      Ineligibility.ServerNotRunning({ server: "v5678" }),
      Ineligibility.WrongSite({ server: "v9", prefixes: ["198.51.100.1/32", "2001:db8::/64"] }),
      Ineligibility.Suspect({ signs: suspected(false).reasons }),
      Ineligibility.Guarded({ signs: suspected(true).reasons }),
      Ineligibility.NotServing()
    ].map(render)
    for (const text of texts) assert.match(text, /^(is|has) /u)
    const [failed, annotation, foreign, selected, negated, off, apart, suspect, guarded, idle] = texts
    assert.include(failed, "deleted")
    assert.include(failed, "Ready=Unknown")
    assert.include(annotation, "netcup.digilol.net/server-name")
    assert.include(foreign, "v1234")
    assert.include(selected, "role In (edge)")
    assert.include(selected, "zone Exists")
    assert.include(negated, "healthy")
    assert.strictEqual(off, "is server v5678, which is off or in the rescue system")
    assert.strictEqual(suspect, "is suspect, since it has not answered since 00:00:00Z")
    assert.include(guarded, "held by the guard")
    assert.strictEqual(idle, "has no ready Pod that spec.workload selects")
    assert.strictEqual(apart, "is server v9, which is at another site than 198.51.100.1/32, 2001:db8::/64")
  })
})
