/**
 * Bodies as netcup has them.
 */
import { type FailoverAddress, parse } from "@netcup-failover/core/FailoverAddress"
import type { FailoverIp } from "@netcup-failover/netcup/rest/FailoverIp"
import * as Result from "effect/Result"

export const address = (text: string): FailoverAddress => Result.getOrThrow(parse(text))

export const site = (id: number) => ({ id, city: id === 1 ? "Nuremberg" : "Vienna" })

const uuidOf = (nth: number) => `00000000-0000-4000-8000-${String(nth).padStart(12, "0")}`

export const task = (state: string, more: Readonly<Record<string, unknown>> = {}, nth = 1) => ({
  uuid: uuidOf(nth),
  name: "RouteFailoverIpTask",
  state,
  startedAt: "2026-08-27T11:03:33.793728Z",
  finishedAt: null,
  message: null,
  executingUser: { id: 555001, username: "100000" },
  taskProgress: { expectedFinishedAt: "2026-08-27T11:03:33.793Z", progressInPercent: 0.0 },
  steps: [],
  result: {},
  responseError: null,
  serverActionId: null,
  ...more
})

export const taskId = uuidOf(1)

export const failoverV4 = (more: Readonly<Record<string, unknown>> = {}) => ({
  id: 333001,
  ip: "198.51.100.4",
  cidrSuffix: 32,
  editable: true,
  server: { id: 111001, name: "v1" },
  site: site(1),
  user: { id: 555001 },
  ...more
})

export const server = (id: number, more: Readonly<Record<string, unknown>> = {}) => ({
  id,
  name: `v${id - 111000}`,
  disabled: false,
  hostname: null,
  nickname: null,
  template: null,
  site: site(1),
  rescueSystemActive: false,
  serverLiveInfo: { state: "RUNNING", interfaces: [] },
  ...more
})

/** The address of {@link failoverV4}, as a client has it. */
export const failover: FailoverIp = {
  id: 333001,
  address: address("198.51.100.4/32"),
  site: site(1),
  server: undefined,
  editable: true
}
