/**
 * Calls operations of netcup's webservice: credentials, time limits, retries of reads, and one error for all that goes wrong.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type { SoapCredentials } from "../Credentials.ts"
import * as Redactor from "../Redactor.ts"
import {
  InvalidCredentials,
  MalformedAnswer,
  Refused,
  RoutingError,
  type RoutingErrorReason,
  UnknownOutcome,
  Unreachable
} from "../RoutingError.ts"
import * as Envelope from "./Envelope.ts"
import * as Exchange from "./Exchange.ts"
import * as Fault from "./Fault.ts"
import type { Operation, Parameters, Returns } from "./Operation.ts"
import { type SoapOptions, withDefaults } from "./SoapOptions.ts"

export interface SoapClient {
  /**
   * Calls an operation. A read is tried again, a few times, unless netcup said no; a change is sent once, and fails with
   * `UnknownOutcome` when it may have been heard but no answer tells. No error holds login or password.
   */
  readonly call: <P extends Parameters, R extends Returns>(
    operation: Operation<P, R>,
    parameters: P["Type"]
  ) => Effect.Effect<R["Type"], RoutingError>
  /** Makes netcup's words fit to be shown: without login and password, and of bounded length. */
  readonly say: (text: string) => string
}

/** How one try failed, and whether another could go better. */
class Failed extends Data.TaggedError("Failed")<{
  readonly reason: RoutingErrorReason
  readonly again: boolean
}> {}

/** netcup's faults are a line; what a broken gateway says may be a page, and goes into logs and statuses. */
const longestMessage = 500

/** A client of one account. Made once, it holds no connection and no state. */
export const make = Effect.fnUntraced(function* (credentials: SoapCredentials, options: SoapOptions = {}) {
  const http = yield* HttpClient.HttpClient
  const settings = withDefaults(options)
  const password = Redacted.value(credentials.password)
  const redact = Redactor.make([credentials.loginName, password])

  const say = (text: string) => {
    const said = redact(text).trim()
    return said.length > longestMessage ? `${said.slice(0, longestMessage)}…` : said
  }

  const login = ["loginName", credentials.loginName] as const

  const request = <P extends Parameters, R extends Returns>(
    operation: Operation<P, R>,
    parameters: P["Type"]
  ): Result.Result<string, RoutingErrorReason> =>
    Schema.encodeResult(operation.parameters)(parameters).pipe(
      Result.mapError(() => new Refused({ message: `${operation.name} can't be asked with these parameters` })),
      Result.flatMap((encoded) =>
        Envelope.build(operation.name, [
          login,
          ...(operation.credentials === "login" ? [] : [["password", password] as const]),
          ...Object.entries(encoded).flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const]))
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

  /** Nothing usable came back. For a change the answer may be all that was lost. */
  const lost = (
    { kind }: { readonly kind: "read" | "change" },
    Reason: typeof Unreachable | typeof MalformedAnswer,
    text: string,
    again = true
  ) =>
    kind === "read"
      ? new Failed({ reason: new Reason({ message: say(text) }), again })
      : new Failed({ reason: new UnknownOutcome({ message: say(text) }), again: false })

  const read = <P extends Parameters, R extends Returns>(
    operation: Operation<P, R>,
    { status, text }: { readonly status: number; readonly text: string }
  ): Result.Result<R["Type"], Failed> => {
    const answer = Envelope.parse(operation.name, text)
    if (Result.isFailure(answer) && answer.failure._tag === "SoapFault") {
      return Result.fail(new Failed({ reason: Fault.classify(answer.failure.text, say), again: false }))
    }
    if (status >= 500) return Result.fail(lost(operation, Unreachable, `HTTP ${status} without a fault`))
    if (status < 200 || status >= 300) {
      return Result.fail(lost(operation, MalformedAnswer, `HTTP ${status} without a fault`, false))
    }
    return answer.pipe(
      Result.mapError(({ message }) => lost(operation, MalformedAnswer, message)),
      Result.flatMap((returns) =>
        Schema.decodeUnknownResult(operation.returns)(returns).pipe(
          Result.mapError(() => lost(operation, MalformedAnswer, `an answer to ${operation.name} of another shape`))
        )
      )
    )
  }

  const attempt = <P extends Parameters, R extends Returns>(operation: Operation<P, R>, envelope: string) =>
    Exchange.post(http, {
      url: settings.url,
      envelope,
      timeout: operation.kind === "read" ? settings.readTimeout : settings.changeTimeout
    }).pipe(
      Effect.tap(({ status }) => Effect.logDebug(`netcup answered ${operation.name} with HTTP ${status}`)),
      Effect.catchTags({
        NoAnswer: ({ message, sent }) =>
          Effect.fail(
            sent
              ? lost(operation, Unreachable, message)
              : new Failed({ reason: new Unreachable({ message: say(message) }), again: operation.kind === "read" })
          ),
        TooLong: ({ message }) => Effect.fail(lost(operation, MalformedAnswer, message))
      }),
      Effect.flatMap((answer) => Effect.fromResult(read(operation, answer))),
      Effect.tapError(({ reason }) =>
        Effect.logDebug(`${operation.name} failed with ${reason._tag}: ${reason.message}`)
      )
    )

  const pauses = Schedule.min([
    Schedule.exponential(settings.retryDelay),
    Schedule.spaced(settings.maxRetryDelay)
  ]).pipe(Schedule.jittered, Schedule.upTo({ times: Math.max(0, settings.tries - 1) }))

  const call: SoapClient["call"] = (operation, parameters) =>
    Effect.fromResult(request(operation, parameters)).pipe(
      Effect.flatMap((envelope) =>
        attempt(operation, envelope).pipe(
          Effect.retry({ schedule: pauses, while: ({ again }) => again }),
          Effect.mapError(({ reason }) => reason)
        )
      ),
      Effect.mapError((reason) => new RoutingError({ reason })),
      Effect.withSpan("SoapClient.call", { attributes: { operation: operation.name } })
    )

  return { call, say } satisfies SoapClient
})
