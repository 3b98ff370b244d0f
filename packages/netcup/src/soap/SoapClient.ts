/**
 * Calls operations of netcup's webservice: credentials, time limits, retries of reads, and one error for all that goes wrong.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as CircuitBreaker from "../CircuitBreaker.ts"
import type { SoapCredentials } from "../Credentials.ts"
import * as Exchange from "../http/Exchange.ts"
import {
  CalledOff,
  InvalidCredentials,
  MalformedAnswer,
  NetcupError,
  type NetcupErrorReason,
  Refused,
  Unreachable
} from "../NetcupError.ts"
import * as Redactor from "../Redactor.ts"
import { observed } from "../Telemetry.ts"
import { Failed, lost, read, type Say } from "./Answer.ts"
import * as Envelope from "./Envelope.ts"
import { misfits } from "./Misfit.ts"
import type { Operation, Parameters, Returns } from "./Operation.ts"
import { type SoapOptions, withDefaults } from "./SoapOptions.ts"
import { maxLength } from "./XmlTree.ts"

/** netcup's webservice for one account: `client.call(WSEndUser.getVServers, {})`. */
export class SoapClient extends Context.Service<
  SoapClient,
  {
    /**
     * Calls an operation. A read is tried again, a few times, unless netcup said no; a change is sent once, and fails with
     * `UnknownOutcome` when it may have been heard but no answer tells. No error holds login, password or another secret
     * parameter, nor anything of an answer but netcup's faults. `permitted` is asked directly before it is sent; `false`: nothing is,
     * and it fails with `CalledOff`.
     */
    readonly call: <P extends Parameters, R extends Returns>(
      operation: Operation<P, R>,
      parameters: P["Type"],
      permitted?: Effect.Effect<boolean>
    ) => Effect.Effect<R["Type"], NetcupError>
    /** Makes netcup's words fit to be shown: without login and password, and of bounded length. */
    readonly say: (text: string) => string
  }
>()("@netcup-failover/netcup/soap/SoapClient") {}

/** What of a call's parameters must not come back in a message. */
const secretsOf = (parameters: unknown): ReadonlyArray<string> =>
  Predicate.isObject(parameters)
    ? Object.values(parameters).flatMap((value) => (Redacted.isRedacted(value) ? [String(Redacted.value(value))] : []))
    : []

/** netcup's faults are a line; what a broken gateway says may be a page, and goes into logs and statuses. */
const longestMessage = 500

const calledOff = new Failed({
  reason: new CalledOff({ message: "it was called off before it was sent" }),
  again: false
})

/** A client of one account. It holds no connection; all it remembers is whether netcup answers. */
export const make = Effect.fnUntraced(function* (credentials: SoapCredentials, options: SoapOptions = {}) {
  const http = yield* HttpClient.HttpClient
  const settings = withDefaults(options)
  const password = Redacted.value(credentials.password)
  const breaker = yield* CircuitBreaker.make(settings.breaker)

  const sayWithout = (secrets: ReadonlyArray<string>): Say => {
    const redact = Redactor.make([credentials.loginName, password, ...secrets])
    return (text: string) => {
      const said = redact(text).trim()
      return said.length > longestMessage ? `${said.slice(0, longestMessage)}…` : said
    }
  }
  const say = sayWithout([])

  const login = ["loginName", credentials.loginName] as const

  const request = <P extends Parameters, R extends Returns>(
    operation: Operation<P, R>,
    parameters: P["Type"]
  ): Result.Result<string, NetcupErrorReason> =>
    Schema.encodeResult(operation.parameters)(parameters).pipe(
      Result.mapError(
        ({ issue }) => new Refused({ message: `${operation.name} can't be asked like this: ${misfits("", issue)}` })
      ),
      Result.flatMap((encoded) =>
        Envelope.build(operation.name, [
          login,
          ...(operation.credentials === "login" ? [] : [["password", password] as const]),
          // A schema without fields lets any through.
          ...Object.keys(operation.parameters.fields).flatMap((name) => {
            const text = encoded[name]
            return text === undefined ? [] : [[name, text] as const]
          })
        ]).pipe(
          Result.mapError(({ codePoint, element }) => {
            const message = `${element} holds ${codePoint}, which XML can't carry`
            return element === "loginName" || element === "password"
              ? new InvalidCredentials({ message })
              : new Refused({ message })
          })
        )
      )
    )

  const attempt = <P extends Parameters, R extends Returns>(operation: Operation<P, R>, envelope: string, say: Say) =>
    Exchange.send(
      http,
      HttpClientRequest.post(settings.url).pipe(
        HttpClientRequest.setHeader("SOAPAction", '""'),
        HttpClientRequest.bodyText(envelope, "text/xml; charset=utf-8")
      ),
      { timeout: operation.kind === "read" ? settings.readTimeout : settings.changeTimeout, maxLength }
    ).pipe(
      Effect.tap(({ status }) => Effect.logDebug(`netcup answered ${operation.name} with HTTP ${status}`)),
      Effect.catchTags({
        NoAnswer: ({ message, sent }) =>
          Effect.fail(
            sent
              ? lost(operation, Unreachable, say(message))
              : new Failed({ reason: new Unreachable({ message: say(message) }), again: operation.kind === "read" })
          ),
        TooLong: ({ message }) => Effect.fail(lost(operation, MalformedAnswer, message))
      }),
      Effect.flatMap((answer) => Effect.fromResult(read(operation, answer, say))),
      Effect.tapError(({ reason }) =>
        Effect.logDebug(`${operation.name} failed with ${reason._tag}: ${reason.message}`)
      )
    )

  const pauses = Schedule.min([
    Schedule.exponential(settings.retryDelay),
    Schedule.spaced(settings.maxRetryDelay)
  ]).pipe(Schedule.jittered, Schedule.upTo({ times: Math.max(0, settings.tries - 1) }))

  const call: SoapClient["Service"]["call"] = (operation, parameters, permitted = Effect.succeed(true)) =>
    Effect.fromResult(request(operation, parameters)).pipe(
      Effect.mapError((reason) => new NetcupError({ reason })),
      Effect.flatMap((envelope) =>
        Effect.filterOrFail(permitted, Boolean, () => calledOff).pipe(
          Effect.andThen(attempt(operation, envelope, sayWithout(secretsOf(parameters)))),
          Effect.retry({ schedule: pauses, while: ({ again }) => again }),
          Effect.mapError(({ reason }) => new NetcupError({ reason })),
          operation.kind === "read" ? breaker.protect : breaker.through
        )
      ),
      observed("soap", operation.name)
    )

  return SoapClient.of({ call, say })
})

/** The client as a layer. */
export const layer = (credentials: SoapCredentials, options: SoapOptions = {}) =>
  Layer.effect(SoapClient, make(credentials, options))
