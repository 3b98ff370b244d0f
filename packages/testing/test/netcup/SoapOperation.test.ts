import { existsSync, readFileSync } from "node:fs"
import { assert, it } from "@effect/vitest"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import * as SoapOperation from "@netcup-failover/testing/netcup/SoapOperation"
import * as SoapSimulator from "@netcup-failover/testing/netcup/SoapSimulator"
import * as XmlTree from "@netcup-failover/testing/netcup/XmlTree"
import * as Effect from "effect/Effect"
import { accounts, envelope, faultOf, operation, request } from "./Handwritten.ts"
import * as RawClient from "./RawClient.ts"

const schema = new URL("../../../../../shared/reference/contracts/soap/WSEndUser.xsd", import.meta.url)

it.effect.skipIf(!existsSync(schema))("the table says of all 31 operations what the webservice's schema says", () =>
  Effect.gen(function* () {
    const text = readFileSync(schema, "utf8")
    const types = [...text.matchAll(/<xs:complexType name="(\w+)">(.*?)<\/xs:complexType>/gsu)]
    const requests = types.filter(([, name]) => types.some(([, other]) => other === `${name}Response`))
    assert.strictEqual(requests.length, 31)
    for (const [, name = "", content = ""] of requests) {
      const elements = [...content.matchAll(/<xs:element name="(\w+)"/gu)].map(([, element]) => element)
      assert.deepStrictEqual([name, SoapOperation.find(name)?.parameters], [name, elements])
    }
    yield* XmlTree.parse(text)
  })
)

it.effect("an operation that is not simulated says so, after the credentials", () =>
  Effect.gen(function* () {
    const { url } = yield* SoapSimulator.make({ world: yield* NetcupWorld.make(accounts) })
    const right = yield* RawClient.send(url, request("getVServerStatToken", ["vserverName", "vA"]))
    assert.strictEqual(yield* faultOf(right), "getVServerStatToken is not simulated")
    const wrong = [
      ["loginName", "12345"],
      ["password", "x"],
      ["vserverName", "vA"]
    ] as const
    const refused = yield* RawClient.send(url, envelope(operation("getVServerStatToken", wrong)))
    assert.strictEqual(yield* faultOf(refused), "Invalid credentials.")
    const reset = envelope(
      operation("sendPasswordResetRequest", [
        ["loginName", "12345"],
        ["eMail", "a@example.com"]
      ])
    )
    assert.strictEqual(yield* faultOf(yield* RawClient.send(url, reset)), "sendPasswordResetRequest is not simulated")
  })
)
