import { assert, describe, it } from "@effect/vitest"
import * as KubeInjection from "@netcup-failover/testing/kubernetes/KubeInjection"
import * as CallInjections from "@netcup-failover/testing/netcup/CallInjections"
import * as Effect from "effect/Effect"

const call = { operation: "route", loginName: undefined, server: undefined, routing: undefined }
const request = { verb: "PUT", path: "/a", watch: false }

describe("a rule", () => {
  it.effect("for calls to netcup leaves so many alone first", () =>
    Effect.gen(function* () {
      const { inject, take } = yield* CallInjections.make<CallInjections.CallRule<never>, CallInjections.Subject>(
        () => true
      )
      const rule = { operation: "route", skip: 1, times: 1 }
      yield* inject(rule)
      yield* take({ ...call, operation: "servers" })
      const taken = [yield* take(call), yield* take(call), yield* take(call)]
      assert.deepStrictEqual(taken, [undefined, rule, undefined])
    })
  )

  it.effect("for requests to Kubernetes leaves so many alone first", () =>
    Effect.gen(function* () {
      const { inject, take } = yield* KubeInjection.make
      const rule = { verb: "PUT", skip: 1, times: 1 }
      yield* inject(rule)
      yield* take({ ...request, verb: "GET" })
      const taken = [yield* take(request), yield* take(request), yield* take(request)]
      assert.deepStrictEqual(taken, [undefined, rule, undefined])
    })
  )
})
