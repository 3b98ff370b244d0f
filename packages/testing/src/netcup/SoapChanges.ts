/**
 * What the webservice does besides routing: servers' power and nicknames, the account's password. Pure.
 */
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as NetcupState from "./NetcupState.ts"
import type { AnswerNode } from "./SoapAnswer.ts"
import { parameter, type SoapCall } from "./SoapRequest.ts"
import { serverNotFound } from "./SoapRouting.ts"

/** What is answered, and the state from then on; or the text of the fault. */
type Change = Result.Result<readonly [nodes: ReadonlyArray<AnswerNode>, state: NetcupState.NetcupState], string>

/** What becomes of a server; those that only a running system hears answer `false` when it is off. */
const power: Readonly<Record<string, { readonly state: NetcupState.ServerState; readonly heardWhenOff: boolean }>> = {
  vServerStart: { state: "RUNNING", heardWhenOff: true },
  vServerResume: { state: "RUNNING", heardWhenOff: true },
  vServerRestore: { state: "RUNNING", heardWhenOff: true },
  vServerReset: { state: "RUNNING", heardWhenOff: false },
  vServerACPIReboot: { state: "RUNNING", heardWhenOff: false },
  vServerSuspend: { state: "PAUSED", heardWhenOff: false },
  vServerPoweroff: { state: "SHUTOFF", heardWhenOff: true },
  vServerACPIShutdown: { state: "SHUTOFF", heardWhenOff: false }
}

/** Those that tell more than yes or no do the same as others. */
const likewise: Readonly<Record<string, string>> = { startVServer: "vServerStart", stopVServer: "vServerPoweroff" }

const returns = (text: string): ReadonlyArray<AnswerNode> => [["return", text]]

const switched = (
  state: NetcupState.NetcupState,
  server: NetcupState.Server,
  operation: string
): readonly [done: boolean, state: NetcupState.NetcupState] | undefined => {
  const wanted = power[likewise[operation] ?? operation]
  if (wanted === undefined) return undefined
  if (!wanted.heardWhenOff && server.status === "offline") return [false, state]
  const status = NetcupState.powerOf(wanted.state)
  return [true, NetcupState.replaceServer(state, server.name, (found) => ({ ...found, state: wanted.state, status }))]
}

/** `undefined` for what changes nothing, or is not simulated. */
export const perform = (
  state: NetcupState.NetcupState,
  account: NetcupState.Account,
  call: SoapCall
): Change | undefined => {
  if (call.operation === "changeUserPassword") {
    const password = Redacted.make(parameter(call, "newPassword"))
    const changed = NetcupState.replaceAccount(state, account.loginName, (found) => ({ ...found, password }))
    return Result.succeed([returns("true"), changed])
  }
  const names = call.operation === "setVServerNickname"
  if (!names && power[likewise[call.operation] ?? call.operation] === undefined) return undefined
  const name = parameter(call, names ? "vservername" : "vserverName")
  const server = NetcupState.findServer(account, name)
  if (server === undefined) return Result.fail(serverNotFound(name))
  if (names) {
    const nickname = parameter(call, "vservernickname")
    const named = NetcupState.replaceServer(state, name, (found) => ({ ...found, nickname }))
    return Result.succeed([returns(nickname), named])
  }
  const [done, next] = switched(state, server, call.operation) ?? [false, state]
  const said = String(done)
  return Result.succeed([call.operation in likewise ? [["return", [["success", said]]]] : returns(said), next])
}
