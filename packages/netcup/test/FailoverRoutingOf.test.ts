import { assert, describe, it } from "@effect/vitest"
import { SoapCredentials } from "@netcup-failover/netcup/Credentials"
import { FailoverRouting } from "@netcup-failover/netcup/FailoverRouting"
import * as FailoverRoutingOf from "@netcup-failover/netcup/FailoverRoutingOf"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Rest from "./rest/Endpoint.ts"
import { answer, endpoint } from "./soap/Endpoint.ts"

describe("FailoverRoutingOf", () => {
  it.live("speaks the API that the credentials are for, each with its own options", () =>
    Effect.gen(function* () {
      const rest = yield* Rest.endpoint(Rest.always(200, [{ id: 1, name: "v1" }]))
      const soap = yield* endpoint((response) => Rest.send(response, 200, answer("getVServers", "<return>v2</return>")))
      const options = { rest: { ...Rest.at(rest), pageSize: 1 }, soap: { url: soap.url } }
      const use = FailoverRouting.use(({ identity, servers }) => Effect.all([identity, servers]))
      for (const [credentials, expected] of [
        [Rest.credentials, ["rest:555001", ["v1"]]],
        [new SoapCredentials({ loginName: "12345", password: Redacted.make("secret") }), ["soap:12345", ["v2"]]]
      ] as const) {
        const layer = FailoverRoutingOf.layer(credentials, options).pipe(Layer.provide(Rest.world))
        assert.deepStrictEqual<unknown>(yield* use.pipe(Effect.provide(layer)), expected)
      }
    })
  )
})
