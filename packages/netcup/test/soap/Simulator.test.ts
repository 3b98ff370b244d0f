/**
 * The SOAP layer against a simulator of the webservice that somebody else wrote, from the same reference and as strict as it.
 */
import { SoapCredentials } from "@netcup-failover/netcup/Credentials"
import * as FailoverRoutingSoap from "@netcup-failover/netcup/soap/FailoverRoutingSoap"
import type * as NetcupState from "@netcup-failover/testing/netcup/NetcupState"
import type * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import { dialectNames } from "@netcup-failover/testing/netcup/SoapAnswer"
import { InjectedFault, type InjectionRule } from "@netcup-failover/testing/netcup/SoapInjection"
import * as SoapSimulator from "@netcup-failover/testing/netcup/SoapSimulator"
import type { VoiceOptions } from "@netcup-failover/testing/netcup/SoapVoice"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { accounts } from "../contract/Accounts.ts"
import type { Stage } from "../contract/Stage.ts"
import * as FailoverRoutingContract from "../FailoverRoutingContract.ts"
import { http } from "./Endpoint.ts"

const refusals = {
  "a fault that is not known": InjectedFault.Refuse({ text: "action not allowed" }),
  "a fault without words": InjectedFault.Refuse({ text: "" }),
  "the word false": InjectedFault.SayFalse()
}

const losses = {
  "the connection is reset": (applied: boolean) => InjectedFault.Reset({ applied }),
  "a proxy answers 503": (applied: boolean) => InjectedFault.Unavailable({ applied }),
  "an empty 500": (applied: boolean) => InjectedFault.EmptyError({ applied }),
  "no XML": (applied: boolean) => InjectedFault.Garbage({ applied }),
  "half an answer": (applied: boolean) => InjectedFault.Truncated({ applied }),
  "more than anybody reads": (applied: boolean) => InjectedFault.Huge({ applied, bytes: 2_000_000 })
}

const { loginName, password } = accounts[0]
const credentials = new SoapCredentials({ loginName, password: Redacted.make(password) })

const reads = ["getVServers", "getVServerIPs", "getVServerInformation"]

/** netcup's memory of when an address moved is not for operators to change, so the panel has no word for it. */
const changeAddresses = (
  world: NetcupWorld.NetcupWorld,
  change: (owned: NetcupState.OwnedAddress, now: number) => NetcupState.OwnedAddress
) =>
  world.modify((state, now) => [
    undefined,
    state.map((account) => ({ ...account, addresses: account.addresses.map((owned) => change(owned, now)) }))
  ])

/** A stage whose netcup speaks as `voice` says. */
const stageOf = (voice: VoiceOptions) => (world: NetcupWorld.NetcupWorld) =>
  Effect.gen(function* () {
    const { awaitCall, inject, journal, start, stop, url } = yield* SoapSimulator.make({ world, ...voice })
    const injectAll = (rules: ReadonlyArray<InjectionRule>) =>
      Effect.map(Effect.forEach(rules, inject), (injections) =>
        Effect.forEach(injections, ({ remove }) => remove, { discard: true })
      )
    return {
      routing: yield* FailoverRoutingSoap.make(credentials, { url, retryDelay: 0 }),
      identity: `soap:${loginName}`,
      words: { running: "online", off: "offline" },
      spoilCredentials: world.setPassword(loginName, "changed meanwhile"),
      spendLimit: (prefix) =>
        changeAddresses(world, (owned, lastRoutedAt) =>
          owned.address.prefix === prefix ? { ...owned, lastRoutedAt } : owned
        ),
      refuse: (fault) => inject({ operation: "changeIPRouting", times: 1, fault }),
      lose: (loss, { applied, of, ...times }) =>
        injectAll(
          (of === "reads" ? reads : ["changeIPRouting"]).map((operation) => ({
            operation,
            fault: loss(applied),
            ...times
          }))
        ),
      hang: Effect.asVoid(inject({ fault: InjectedFault.Hang({ applied: true }) })),
      start,
      stop,
      changes: Effect.map(journal.callsOf("changeIPRouting"), (calls) =>
        calls.map(({ appliedAt, routing }) => ({
          prefix: routing?.prefix ?? "",
          to: routing?.mac === "00:00:00:00:00:00" ? undefined : routing?.server,
          applied: appliedAt !== undefined
        }))
      ),
      settled: Effect.asVoid(
        awaitCall({ operation: "changeIPRouting", where: ({ outcome }) => outcome._tag !== "Pending" })
      ),
      requests: Effect.map(journal.calls, (calls) => calls.length),
      misunderstood: Effect.map(journal.calls, (calls) =>
        calls.flatMap(({ outcome }) => (outcome._tag === "NotSoap" ? [outcome.text] : []))
      )
    } satisfies Stage<InjectedFault, (applied: boolean) => InjectedFault>
  }).pipe(Effect.provide(http))

// Each way to say success and each way to say no meets each dialect; no answer is both.
for (const dialect of dialectNames) {
  for (const voice of [
    { dialect, faultStatus: 500, success: "true", information: "full" },
    { dialect, faultStatus: 200, success: "absent", information: "sparse" }
  ] as const) {
    FailoverRoutingContract.suite({
      name: `SOAP in ${dialect}, faults with HTTP ${voice.faultStatus}, success ${voice.success}`,
      routesToInterfaces: true,
      tellsOwnAddresses: true,
      spoiled: "InvalidCredentials",
      refusals,
      losses,
      stage: stageOf(voice)
    })
  }
}
