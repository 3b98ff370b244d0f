/**
 * What a PATCH of a server asks for: one attribute at a time.
 */
import * as Result from "effect/Result"
import { isObject, type Json } from "../embedded/JsonValue.ts"
import type { Server, ServerState } from "./NetcupState.ts"
import * as RestReply from "./RestReply.ts"

/** `state` is a task's work, names change at once. */
export type ServerPatch =
  | { readonly kind: "state"; readonly state: ServerState }
  | { readonly kind: "names"; readonly change: Partial<Server> }

const stateAfter: Readonly<Record<string, { readonly state: ServerState; readonly options: ReadonlyArray<string> }>> = {
  ON: { state: "RUNNING", options: ["POWERCYCLE", "RESET"] },
  OFF: { state: "SHUTOFF", options: ["POWEROFF"] },
  SUSPENDED: { state: "PAUSED", options: [] }
}

/** Documented, and not simulated. */
const others = [
  "autostart",
  "bootorder",
  "osOptimization",
  "cpuTopology",
  "uefi",
  "keyboardLayout",
  "rootPassword"
] as const

export const read = (
  body: Json | undefined,
  stateOption: string | undefined
): Result.Result<ServerPatch, RestReply.RestReply> => {
  const [attribute, ...more] = isObject(body) ? Object.entries(body) : []
  if (attribute === undefined || more.length > 0) {
    return Result.fail(RestReply.invalid("body", "must have one attribute"))
  }
  const [name, value] = attribute
  if (stateOption !== undefined && name !== "state") {
    return Result.fail(RestReply.invalid("stateOption", "goes with state only"))
  }
  if (name === "state") {
    const wanted = typeof value === "string" ? stateAfter[value] : undefined
    if (wanted === undefined) return Result.fail(RestReply.invalid("state", "must be ON, OFF or SUSPENDED"))
    if (stateOption !== undefined && !wanted.options.includes(stateOption)) {
      return Result.fail(RestReply.invalid("stateOption", "does not go with that state"))
    }
    return Result.succeed({ kind: "state", state: wanted.state })
  }
  if (name === "hostname" || name === "nickname") {
    if (typeof value !== "string" || value.length > 255)
      return Result.fail(RestReply.invalid(name, "must be a short text"))
    return Result.succeed({ kind: "names", change: { [name]: value } })
  }
  return Result.fail(
    others.some((other) => other === name)
      ? RestReply.misunderstood(501, "This attribute is not simulated.")
      : RestReply.invalid("body", "has an attribute that is not known")
  )
}
