/**
 * How a test of the contract is played, and what they all ask and expect.
 */
import { assert, it } from "@effect/vitest"
import type { ServerName } from "@netcup-failover/core/ServerName"
import type { NetcupError, NetcupErrorReason } from "@netcup-failover/netcup/NetcupError"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import * as Effect from "effect/Effect"
import { accounts, all, ipv4Address, ipv6Address, serverA, serverC, unrouted } from "./Accounts.ts"
import type { Stage, Subject } from "./Stage.ts"

export interface Play<Refusal, Loss> extends Stage<Refusal, Loss> {
  readonly world: NetcupWorld.NetcupWorld
}

/** What of a play the helpers below need: that of any API. */
type Asked = Pick<Play<never, never>, "routing">

/** A test on a stage of its own, at the end of which netcup must have understood everything. */
export const playing =
  <Refusal, Loss>({ stage: build }: Subject<Refusal, Loss>) =>
  (sentence: string, play: (stage: Play<Refusal, Loss>) => Effect.Effect<void, unknown>) =>
    it.effect(sentence, () =>
      Effect.gen(function* () {
        const world = yield* NetcupWorld.make(accounts)
        const stage = yield* build(world)
        yield* play({ ...stage, world })
        assert.deepStrictEqual(yield* stage.misunderstood, [])
      })
    )

/** A route goes to a server that may have been looked at before, as it is when the state of things is read ahead. */
export const known = [
  ["not looked at before", () => Effect.void],
  ["looked at before", ({ routing }: Asked, server: ServerName) => Effect.asVoid(routing.inspect(server))]
] as const

const failoverPrefixes = [ipv4Address, ipv6Address, unrouted].map(({ prefix }) => prefix)

/** Where the failover addresses of the account point, as the service tells it; it tells of every server. */
export const routesNow = ({ routing }: Asked) =>
  Effect.gen(function* () {
    const { held, untold } = yield* routing.routes(all)
    assert.deepStrictEqual([...untold], [])
    return Object.fromEntries([...held].filter(([prefix]) => failoverPrefixes.includes(prefix)))
  })

/** Each read, whatever it gives. */
export const readsOf = ({
  routing: { inspect, prepare, routes, servers }
}: Asked): ReadonlyArray<Effect.Effect<unknown, NetcupError>> => [
  servers,
  routes([serverA]),
  inspect(serverA),
  inspect(serverC),
  prepare(serverA)
]

/** The error is of that kind, says something, and holds no credential. */
export const expectReason = (error: NetcupError, tag: NetcupErrorReason["_tag"]) => {
  assert.strictEqual(error.reason._tag, tag)
  assert.notStrictEqual(error.message, "")
  const told = `${error.message} ${JSON.stringify(error)} ${error.stack}`
  for (const secret of [accounts[0].loginName, accounts[0].password]) assert.notInclude(told, secret)
}
