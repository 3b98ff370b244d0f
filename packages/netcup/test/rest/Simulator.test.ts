/**
 * The REST layer against a simulator of the API that somebody else wrote, from the same reference and as strict as it.
 */
import { RestCredentials } from "@netcup-failover/netcup/Credentials"
import * as FailoverRoutingRest from "@netcup-failover/netcup/rest/FailoverRoutingRest"
import type * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import { InjectedFault, type InjectionRule } from "@netcup-failover/testing/netcup/RestInjection"
import { loginOperations } from "@netcup-failover/testing/netcup/RestOperation"
import * as RestSimulator from "@netcup-failover/testing/netcup/RestSimulator"
import * as Effect from "effect/Effect"
import { accounts } from "../contract/Accounts.ts"
import type { Stage } from "../contract/Stage.ts"
import * as FailoverRoutingContract from "../FailoverRoutingContract.ts"
import { world as services } from "./Endpoint.ts"

const refusal = (status: number, message?: string) =>
  InjectedFault.Status({ status, body: message === undefined ? {} : { code: null, message } })

const refusals = {
  "a conflict": refusal(409, "The failover IP is being routed."),
  "a validation error": refusal(422, "Validation failed."),
  "a bad request that is not about the site": refusal(400, "Something is wrong with this request."),
  "a prohibition": refusal(403, "The failover IP is not editable."),
  "a no without words": refusal(409)
}

const losses = {
  "the connection is reset": (applied: boolean) => InjectedFault.Reset({ applied }),
  "a proxy answers 503": (applied: boolean) => InjectedFault.Unavailable({ applied }),
  "an empty 500": (applied: boolean) => InjectedFault.EmptyError({ applied }),
  "a 500 in netcup's words": (applied: boolean) => InjectedFault.Status({ applied, status: 500 }),
  "no JSON": (applied: boolean) => InjectedFault.Garbage({ applied }),
  "half an answer": (applied: boolean) => InjectedFault.Truncated({ applied }),
  "more than anybody reads": (applied: boolean) => InjectedFault.Huge({ applied, bytes: 2_000_000 })
}

const { loginName } = accounts[0]

const reads = ["servers", "server", "failoverIpsV4", "failoverIpsV6", "tasks", "user"]
const changes = ["route", "unroute"]

/** Calls that are no logins and no looks at a task. */
const isRequest = ({ operation = "" }: { readonly operation: string | undefined }) =>
  operation !== "task" && !loginOperations.includes(operation)

/** A stage whose netcup speaks as `voice` says. Its tasks are done when they are started. */
const stageOf = (voice: RestSimulator.RestSimulatorOptions) => (world: NetcupWorld.NetcupWorld) =>
  Effect.gen(function* () {
    const { awaitCall, inject, issuer, journal, start, stop, tasks, url } = yield* RestSimulator.make({
      world,
      taskDuration: 0,
      ...voice
    })
    const injectAll = (rules: ReadonlyArray<InjectionRule>) =>
      Effect.map(Effect.forEach(rules, inject), (injections) =>
        Effect.forEach(injections, ({ remove }) => remove, { discard: true })
      )
    const [account] = yield* world.state
    return {
      routing: yield* FailoverRoutingRest.make(new RestCredentials({ refreshToken: yield* world.login(loginName) }), {
        url,
        login: { issuer, retryDelay: 0 },
        retryDelay: 0,
        taskPoll: { first: 0, longest: 0 }
      }),
      identity: `rest:${account?.userId}`,
      words: { running: "RUNNING", off: "SHUTOFF" },
      spoilCredentials: Effect.andThen(world.revokeTokens(loginName), world.expireAccessTokens(loginName)),
      // Somebody has moved it to and fro.
      spendLimit: (cidr) =>
        Effect.forEach(Array.from({ length: 10 }), () => tasks.startByPanel({ cidr, age: "1 second", duration: 0 }), {
          discard: true
        }),
      refuse: (fault) => Effect.asVoid(inject({ operation: "route", times: 1, fault })),
      lose: (loss, { applied, of, ...times }) =>
        injectAll(
          (of === "reads" ? reads : changes).map((operation) => ({ operation, fault: loss(applied), ...times }))
        ),
      hang: Effect.asVoid(inject({ fault: InjectedFault.Hang({ applied: true }) })),
      start,
      stop,
      changes: Effect.map(journal.calls, (calls) =>
        calls
          .filter(({ operation = "" }) => changes.includes(operation))
          .map(({ appliedAt, routing }) => ({
            prefix: routing?.prefix ?? "",
            to: routing?.server,
            applied: appliedAt !== undefined
          }))
      ),
      settled: Effect.andThen(
        awaitCall({ operation: "route", where: ({ outcome }) => outcome._tag !== "Pending" }),
        tasks.settled
      ),
      requests: Effect.map(journal.calls, (calls) => calls.filter(isRequest).length),
      misunderstood: Effect.map(journal.calls, (calls) =>
        calls.flatMap(({ outcome }) => (outcome._tag === "Misunderstood" ? [outcome.text] : []))
      )
    } satisfies Stage<InjectedFault, (applied: boolean) => InjectedFault>
  }).pipe(Effect.provide(services))

for (const [name, voice] of [
  ["REST in JSON, null for what is absent", { mediaType: "json", absent: "null", extras: true }],
  [
    "REST in HAL, nothing for what is absent, two servers a page",
    { mediaType: "hal", absent: "omitted", extras: false, pageSize: { most: 2 }, retryAfter: true }
  ]
] as const) {
  FailoverRoutingContract.suite({
    name,
    routesToInterfaces: false,
    tellsOwnAddresses: false,
    spoiled: "LoginExpired",
    refusals,
    losses,
    stage: stageOf(voice)
  })
}
