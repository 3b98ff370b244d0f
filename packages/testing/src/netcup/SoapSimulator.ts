/**
 * netcup's SOAP webservice over a {@link NetcupWorld}, on loopback: as strict as the contract, and able to fail in every way.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type * as CallInjections from "./CallInjections.ts"
import * as HttpListener from "./HttpListener.ts"
import * as NetcupWorld from "./NetcupWorld.ts"
import * as SoapFailure from "./SoapFailure.ts"
import * as SoapInjection from "./SoapInjection.ts"
import * as SoapJournal from "./SoapJournal.ts"
import * as SoapOperation from "./SoapOperation.ts"
import * as SoapRequest from "./SoapRequest.ts"
import * as SoapRouting from "./SoapRouting.ts"
import * as SoapVoice from "./SoapVoice.ts"
import * as SoapWebservice from "./SoapWebservice.ts"

export interface SoapSimulatorOptions extends SoapVoice.VoiceOptions {
  /** The accounts to serve; absent: an empty world of its own. */
  readonly world?: NetcupWorld.NetcupWorld
  /** Absent: a free one. */
  readonly port?: number
  /** How long one address stays put after an accepted change; 5 minutes when absent. */
  readonly limitWindow?: Duration.Input
}

export interface SoapSimulatorShape {
  /** Where the webservice is: `http://127.0.0.1:PORT/WSEndUser`. */
  readonly url: string
  readonly world: NetcupWorld.NetcupWorld
  readonly journal: SoapJournal.SoapJournal
  readonly awaitCall: SoapJournal.SoapJournal["awaitCall"]
  readonly inject: SoapInjection.SoapInjections["inject"]
  /** The whole webservice goes down: connections are dropped and refused. */
  readonly stop: Effect.Effect<void>
  /** Back on the same port. */
  readonly start: Effect.Effect<void>
  /** TCP connections so far. */
  readonly connections: Effect.Effect<number>
  /** The highest number of requests that were being handled together. */
  readonly mostAtOnce: Effect.Effect<number>
}

const header = (exchange: HttpListener.Exchange, name: "content-type" | "soapaction") => {
  const value = exchange.headers[name]
  return Array.isArray(value) ? value.join(", ") : value
}

const publicParameters = (call: SoapRequest.SoapCall) =>
  Object.fromEntries([...call.parameters].filter(([name]) => !SoapOperation.secretParameters.includes(name)))

const journalRouting = (call: SoapRequest.SoapCall): SoapJournal.JournalRouting | undefined => {
  const routing = SoapWebservice.routingOf(call)
  return routing === undefined ? undefined : { ...routing, prefix: SoapRouting.prefixOf(routing) }
}

/** As rules for faults see it. */
const subjectOf = (call: SoapRequest.SoapCall): CallInjections.Subject => {
  const routing = journalRouting(call)
  return {
    operation: call.operation,
    loginName: call.parameters.get("loginName"),
    server: routing?.server ?? call.parameters.get("vserverName") ?? call.parameters.get("vservername"),
    routing
  }
}

/** Serves until the scope closes. */
export const make = Effect.fn("SoapSimulator.make")(function* (
  options: SoapSimulatorOptions = {}
): Effect.fn.Return<SoapSimulatorShape, never, Scope.Scope> {
  const world = options.world ?? (yield* NetcupWorld.make())
  const window = Duration.fromInputUnsafe(options.limitWindow ?? "5 minutes")
  const recorder = yield* SoapJournal.make
  const injections = yield* SoapInjection.make
  const voice = yield* SoapVoice.make(options)

  const refuse = Effect.fnUntraced(function* (exchange: HttpListener.Exchange, refusal: SoapRequest.NotSoap) {
    const id = yield* recorder.arrive({
      receivedAt: yield* Clock.currentTimeMillis,
      operation: refusal.operation,
      loginName: undefined,
      authenticated: false,
      parameters: {},
      routing: undefined
    })
    const outcome = SoapJournal.Outcome.NotSoap({ text: refusal.message })
    yield* recorder.update(id, { status: refusal.status, outcome })
    yield* exchange.send(yield* voice.notSoap(refusal))
  })

  const arrive = Effect.fnUntraced(function* (call: SoapRequest.SoapCall) {
    return yield* recorder.arrive({
      receivedAt: yield* Clock.currentTimeMillis,
      operation: call.operation,
      loginName: call.parameters.get("loginName"),
      authenticated: SoapWebservice.authenticates(yield* world.state, call),
      parameters: publicParameters(call),
      routing: journalRouting(call)
    })
  })

  /** Carries the call out and says the truth about it. */
  const perform = Effect.fnUntraced(function* (id: number, call: SoapRequest.SoapCall) {
    const sparse = call.operation !== "getVServerInformation" || (yield* voice.sparse)
    const result = yield* Effect.result(SoapWebservice.perform(world, call, { window, sparse }))
    if (Result.isFailure(result)) return yield* voice.fault(result.failure.message)
    if (call.operation !== "changeIPRouting") return yield* voice.success(call.operation, result.success)
    yield* recorder.update(id, { appliedAt: yield* Clock.currentTimeMillis })
    return yield* voice.routed
  })

  const serve = Effect.fnUntraced(function* (exchange: HttpListener.Exchange, call: SoapRequest.SoapCall) {
    const { after, before, delayAfter, delayBefore, fault } = (yield* injections.take(subjectOf(call))) ?? {}
    const id = yield* arrive(call)
    if (before !== undefined) yield* before
    if (delayBefore !== undefined) yield* Effect.sleep(delayBefore)
    const truth = fault === undefined || SoapFailure.applies(fault) ? yield* perform(id, call) : undefined
    if (after !== undefined) yield* after
    if (delayAfter !== undefined) yield* Effect.sleep(delayAfter)
    // The journal is complete before the sender knows.
    if (fault !== undefined) {
      const failure = yield* SoapFailure.make(fault, call.operation, truth, voice)
      const outcome = SoapJournal.Outcome.Injected({ fault: fault._tag })
      yield* recorder.update(id, { outcome, ...(failure._tag === "Answer" ? { status: failure.answer.status } : {}) })
      return yield* SoapFailure.enact(exchange, failure)
    }
    if (truth === undefined) return
    yield* recorder.update(id, { status: truth.answer.status, outcome: truth.outcome })
    yield* exchange.send(truth.answer)
  })

  const listener = yield* HttpListener.make(options.port ?? 0, (exchange) =>
    SoapRequest.decode({
      method: exchange.method,
      path: exchange.path,
      contentType: header(exchange, "content-type"),
      soapAction: header(exchange, "soapaction"),
      body: exchange.body
    }).pipe(
      Effect.matchEffect({
        onFailure: (refusal) => refuse(exchange, refusal),
        onSuccess: (call) => serve(exchange, call)
      })
    )
  )

  return {
    url: `http://127.0.0.1:${listener.port}/WSEndUser`,
    world,
    journal: recorder,
    awaitCall: recorder.awaitCall,
    inject: injections.inject,
    stop: listener.stop,
    start: listener.start,
    connections: listener.connections,
    mostAtOnce: listener.mostAtOnce
  }
})

/** The simulator as a service; see {@link make}. */
export class SoapSimulator extends Context.Service<SoapSimulator, SoapSimulatorShape>()(
  "@netcup-failover/testing/netcup/SoapSimulator"
) {
  static readonly layer = (options?: SoapSimulatorOptions) => Layer.effect(SoapSimulator, make(options))
}
