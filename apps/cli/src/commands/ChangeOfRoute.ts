/**
 * What `route` and `unroute` have in common: a change is looked up, then told or sent, and its end is told.
 */
import { type FailoverAddress, parse } from "@netcup-failover/core/FailoverAddress"
import type { NetcupError } from "@netcup-failover/netcup/NetcupError"
import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { Account, Change } from "../account/Account.ts"
import * as AccountOf from "../account/AccountOf.ts"
import * as CredentialsFlags from "../credentials/CredentialsFlags.ts"
import { WrongUsage } from "../Problem.ts"
import * as Screen from "../Screen.ts"
import * as Settings from "../Settings.ts"
import * as Shown from "../Shown.ts"
import * as Run from "./Run.ts"

export const parameters = {
  address: Argument.String("ADDRESS").pipe(
    Argument.withDescription("198.51.100.4, 198.51.100.4/32, 2001:db8:f::/64; IPv6 without a length is a /64")
  ),
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDescription("Look everything up, say what would be sent, and send nothing"),
    Flag.withDefault(false)
  ),
  timeout: Flag.Finite("timeout").pipe(
    Flag.withMetavar("SECONDS"),
    Flag.withDescription("How long to wait for netcup's task (REST); 60 by default"),
    Flag.withDefault(60)
  ),
  ...CredentialsFlags.flags,
  json: Run.json
}

interface Given {
  readonly address: string
  readonly dryRun: boolean
  readonly timeout: number
  readonly json: boolean
}

const readAddress = (text: string): Effect.Effect<FailoverAddress, WrongUsage> => {
  const cidr = text.includes("/") ? text : `${text}/${text.includes(":") ? 64 : 32}`
  return Effect.mapError(Effect.fromResult(parse(cidr)), (message) => new WrongUsage({ message }))
}

const told = (change: Change, outcome: "done" | "unchanged" | "dry-run", taskId: string | undefined): Run.Output => {
  const { address, from, needed, request, to } = change
  const was = from === undefined ? "routed nowhere before" : `before: ${from}`
  const now = to === undefined ? `${address} is routed nowhere` : `${address} is routed to ${to}`
  const text = {
    done: `${now} (${was})`,
    unchanged: `${now} already: nothing was sent`,
    "dry-run": needed ? `would send: ${request} (${was})` : `${now} already: nothing would be sent`
  }
  return {
    json: {
      address,
      server: to ?? null,
      previousServer: from ?? null,
      outcome,
      request: needed ? request : null,
      taskId: taskId ?? null
    },
    text: Shown.line(text[outcome])
  }
}

const send = Effect.fnUntraced(function* (change: Change) {
  const task = yield* Ref.make<string | undefined>(undefined)
  const label = `${change.to === undefined ? "unrouting" : "routing"} ${change.address}`
  yield* change
    .send((taskId) => Ref.set(task, taskId))
    .pipe(
      Screen.during(label),
      Effect.onInterrupt(() =>
        Effect.flatMap(Ref.get(task), (taskId) =>
          Screen.say(
            `netcup-failover: interrupted: ${taskId === undefined ? "what was sent" : `task ${taskId}`} may go on at netcup. See \`netcup-failover failover-ips\` for where ${change.address} is`
          )
        )
      )
    )
  return told(change, "done", yield* Ref.get(task))
})

export const run = <G extends Given & Parameters<typeof CredentialsFlags.resolve>[0]>(
  given: G,
  find: (account: Account, address: FailoverAddress) => Effect.Effect<Change, NetcupError | WrongUsage>
) =>
  Run.run(
    given.json,
    Effect.gen(function* () {
      const address = yield* readAddress(given.address)
      if (!(given.timeout > 0)) return yield* new WrongUsage({ message: "--timeout must be more than 0" })
      const settings = yield* Settings.load
      const login = yield* CredentialsFlags.resolve(given, settings)
      const account = yield* AccountOf.make(login, settings, { taskTimeout: Duration.seconds(given.timeout) })
      const change = yield* find(account, address)
      if (given.dryRun) return told(change, "dry-run", undefined)
      return change.needed ? yield* send(change) : told(change, "unchanged", undefined)
    })
  )
