/**
 * A netcup for tests by promises, behind both of its APIs, and what they reject with.
 */
import type { RestConnectOptions, SoapConnectOptions } from "@netcup-failover/netcup/promise/Connection"
import { connect } from "@netcup-failover/netcup/promise/Connection"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import * as RestSimulator from "@netcup-failover/testing/netcup/RestSimulator"
import * as SoapSimulator from "@netcup-failover/testing/netcup/SoapSimulator"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

export const [ipv4, ipv6] = ["198.51.100.4/32", "2001:db8:f::/64"]
export const [first, second] = ["v1000000000000000001", "v1000000000000000002"]

export const account = {
  loginName: "100200",
  password: "s3cret",
  servers: [
    { name: first, interfaces: [{ mac: "aa:bb:cc:dd:ee:01", ipv4: ["198.51.100.101"] }] },
    { name: second, interfaces: [{ mac: "aa:bb:cc:dd:ee:02", ipv4: ["198.51.100.102"] }] }
  ],
  addresses: [
    { cidr: ipv4, routedTo: first },
    { cidr: ipv6, routedTo: first }
  ]
}

/** What a promise is rejected with. */
export const rejection = (call: () => Promise<unknown>) =>
  Effect.flip(Effect.tryPromise({ try: call, catch: (error) => error }))

export const fulfilled = <A>(call: () => Promise<A>) => Effect.promise(call)

/** Both APIs over one world, and connections to them that are closed with the scope. */
export const netcup = Effect.fnUntraced(function* (voice: RestSimulator.RestSimulatorOptions = {}) {
  const world = yield* NetcupWorld.make([account])
  const soap = yield* SoapSimulator.make({ world })
  const rest = yield* RestSimulator.make({ world, taskDuration: 0, ...voice })
  const refreshToken = Redacted.value(yield* world.login(account.loginName))
  const opened = (options: RestConnectOptions | SoapConnectOptions) =>
    Effect.acquireRelease(
      Effect.sync(() => connect(options)),
      (connection) => Effect.promise(() => connection.close())
    )
  const { issuer, url } = rest
  return {
    world,
    soap,
    rest,
    refreshToken,
    byRest: (options: Partial<RestConnectOptions> = {}) =>
      opened({
        refreshToken,
        rest: { url, retryDelay: 1, taskPoll: { first: 1 }, login: { issuer, retryDelay: 1 } },
        ...options
      }),
    bySoap: (options: Partial<SoapConnectOptions> = {}) =>
      opened({
        loginName: account.loginName,
        password: account.password,
        soap: { url: soap.url, retryDelay: 1 },
        ...options
      })
  }
})
