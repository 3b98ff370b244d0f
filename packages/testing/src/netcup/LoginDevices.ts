/**
 * Device flows (RFC 8628) under way: what clients have begun, and what users decide.
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as LoginToken from "./LoginToken.ts"

/** The test named a code that nobody is waiting with. */
class NoSuchDevice extends Schema.TaggedError<NoSuchDevice>()("NoSuchDevice", { message: Schema.String }) {}

/** Times in ms since the epoch, the interval in ms. */
export interface DeviceFlow {
  readonly deviceCode: string
  readonly userCode: string
  readonly offline: boolean
  readonly expiresAt: number
  readonly interval: number
  readonly polledAt: number | undefined
  /** So many polls to come are told to slow down, however slow they are. */
  readonly slowDowns: number
  /** Who has approved, `denied`, or `undefined` while nobody has decided. `used`: its tokens are given out. */
  readonly decision: { readonly loginName: string | undefined } | "denied" | "used" | undefined
}

/** What a poll is told. */
export type Polled = "authorization_pending" | "slow_down" | "access_denied" | "expired_token" | "invalid_grant"

/** Grants a login to the one poll that gets this. */
export interface Approved {
  readonly loginName: string | undefined
  readonly offline: boolean
}

/** What the user at the other device does. They die of a code that nobody is waiting with. */
export interface DeviceLevers {
  /** The codes that no user has decided on, oldest first. */
  readonly pending: Effect.Effect<ReadonlyArray<string>>
  /** As that account; absent: the world's first. */
  readonly approve: (userCode: string, loginName?: string) => Effect.Effect<void>
  readonly deny: (userCode: string) => Effect.Effect<void>
  /** The next polls, one when absent, are told `slow_down`. */
  readonly slowDown: (userCode: string, times?: number) => Effect.Effect<void>
}

export interface LoginDevices {
  readonly levers: DeviceLevers
  readonly begin: (now: number, offline: boolean) => Effect.Effect<DeviceFlow>
  readonly poll: (deviceCode: string, now: number) => Effect.Effect<Polled | Approved>
}

export const lifetime = 600_000
export const interval = 5000

const told = (flow: DeviceFlow, now: number): readonly [Polled | Approved, DeviceFlow] => {
  const next = { ...flow, polledAt: now }
  if (flow.decision === "used") return ["invalid_grant", flow]
  if (now >= flow.expiresAt) return ["expired_token", next]
  if (flow.slowDowns > 0 || (flow.polledAt !== undefined && now - flow.polledAt < flow.interval)) {
    return ["slow_down", { ...next, interval: flow.interval + 5000, slowDowns: Math.max(0, flow.slowDowns - 1) }]
  }
  if (flow.decision === undefined) return ["authorization_pending", next]
  if (flow.decision === "denied") return ["access_denied", next]
  return [
    { loginName: flow.decision.loginName, offline: flow.offline },
    { ...next, decision: "used" }
  ]
}

const letters = "BCDFGHJKLMNPQRSTVWXZ"

const userCodeOf = (hex: string): string => {
  const code = [...hex.replaceAll("-", "")].slice(0, 8).map((digit) => letters[Number.parseInt(digit, 16)] ?? "B")
  return `${code.slice(0, 4).join("")}-${code.slice(4).join("")}`
}

export const make: Effect.Effect<LoginDevices> = Effect.gen(function* () {
  const ref = yield* Ref.make<ReadonlyArray<DeviceFlow>>([])
  const change = (userCode: string, by: (flow: DeviceFlow) => DeviceFlow) =>
    Effect.flatten(
      Ref.modify(ref, (flows) => [
        flows.some((flow) => flow.userCode === userCode)
          ? Effect.void
          : Effect.die(new NoSuchDevice({ message: `nobody is waiting with "${userCode}"` })),
        flows.map((flow) => (flow.userCode === userCode ? by(flow) : flow))
      ])
    )
  return {
    levers: {
      pending: Effect.map(Ref.get(ref), (flows) =>
        flows.filter(({ decision }) => decision === undefined).map(({ userCode }) => userCode)
      ),
      approve: (userCode, loginName) => change(userCode, (flow) => ({ ...flow, decision: { loginName } })),
      deny: (userCode) => change(userCode, (flow) => ({ ...flow, decision: "denied" })),
      slowDown: (userCode, times = 1) => change(userCode, (flow) => ({ ...flow, slowDowns: times }))
    },
    begin: Effect.fnUntraced(function* (now, offline) {
      const flow: DeviceFlow = {
        deviceCode: yield* LoginToken.opaque,
        userCode: userCodeOf(yield* LoginToken.uuid),
        offline,
        expiresAt: now + lifetime,
        interval,
        polledAt: undefined,
        slowDowns: 0,
        decision: undefined
      }
      yield* Ref.update(ref, (flows) => [...flows, flow])
      return flow
    }),
    poll: (deviceCode, now) =>
      Ref.modify(ref, (flows) => {
        const found = flows.find((flow) => flow.deviceCode === deviceCode)
        if (found === undefined) return ["invalid_grant", flows]
        const [answer, next] = told(found, now)
        return [answer, flows.map((flow) => (flow === found ? next : flow))]
      })
  }
})
