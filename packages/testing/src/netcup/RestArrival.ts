/**
 * What the journal and the injections know of a call on its arrival, before anything is done.
 */
import * as LoginSessions from "./LoginSessions.ts"
import type * as NetcupState from "./NetcupState.ts"
import type { Call } from "./RestJournal.ts"
import type { RestCall } from "./RestRequest.ts"
import * as RestRouting from "./RestRouting.ts"

type Arrival = Omit<Call, "id" | "taskId" | "appliedAt" | "status" | "outcome">

/** Of a request that is no call. */
export const unknown = {
  operation: undefined,
  loginName: undefined,
  authenticated: false,
  query: {},
  server: undefined,
  routing: undefined
}

interface Sender {
  readonly account: NetcupState.Account | undefined
  readonly authenticated: boolean
}

const senderOf = (state: NetcupState.NetcupState, call: RestCall, now: number): Sender => {
  if (call.operation === "token.refresh") {
    const found = LoginSessions.findRefresh(state, call.form.get("refresh_token") ?? "")
    return { account: found?.account, authenticated: found !== undefined && LoginSessions.isAlive(found.token, now) }
  }
  if (call.operation === "revoke") {
    const text = call.form.get("token") ?? ""
    const found = LoginSessions.findRefresh(state, text) ?? LoginSessions.findAccess(state, text)
    return { account: found?.account, authenticated: found !== undefined }
  }
  const found = LoginSessions.findAccess(state, call.bearer ?? "")
  return { account: found?.account, authenticated: found !== undefined && LoginSessions.isAccepted(found.token, now) }
}

/** `now` in ms since the epoch. */
export const of = (
  state: NetcupState.NetcupState,
  call: RestCall,
  now: number
): Arrival & { readonly operation: string } => {
  const { account, authenticated } = senderOf(state, call, now)
  const request = RestRouting.requestOf(call)
  const serverId = request?.serverId ?? call.parameters.serverId
  const server = account?.servers.find(({ id }) => String(id) === String(serverId))?.name
  const owned = account === undefined || request === undefined ? undefined : RestRouting.findAddress(account, request)
  return {
    receivedAt: now,
    method: call.method,
    path: call.path,
    operation: call.operation,
    loginName: account?.loginName,
    authenticated,
    query: call.query,
    server,
    routing: request === undefined ? undefined : { prefix: owned?.address.prefix, server }
  }
}
