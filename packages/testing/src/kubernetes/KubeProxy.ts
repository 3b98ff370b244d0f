/**
 * A proxy in front of a real API server that fails on demand: HTTPS on 127.0.0.1 with an authority of its own. Requests and watches
 * pass with the credentials of one client; rules answer, delay, reset and swallow them; a journal tells what came.
 */
import { buffer } from "node:stream/consumers"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Kubeconfig from "./Kubeconfig.ts"
import * as KubeInjection from "./KubeInjection.ts"
import * as KubeJournal from "./KubeJournal.ts"
import * as KubePki from "./KubePki.ts"
import * as ProxiedWatches from "./ProxiedWatches.ts"
import * as ProxyListener from "./ProxyListener.ts"
import * as ProxyUpstream from "./ProxyUpstream.ts"
import type { RequestHead } from "./RequestMatch.ts"

export interface KubeProxy {
  /** The way in, for tests' own clients. The token proves nothing: whoever reaches the proxy acts as its client. */
  readonly access: Kubeconfig.KubeAccess
  /** The same as the path of a kubeconfig. */
  readonly kubeconfig: string
  readonly inject: KubeInjection.KubeInjections["inject"]
  readonly journal: KubeJournal.KubeJournal
  readonly awaitRequest: KubeJournal.KubeJournal["awaitRequest"]
  readonly watches: ProxiedWatches.ProxiedWatches
  /** Connections are dropped and refused. */
  readonly stop: Effect.Effect<void>
  /** Connections are accepted, and nothing is ever said on any, open ones included. */
  readonly silence: Effect.Effect<void>
  /** Ends {@link stop} and {@link silence}. */
  readonly start: Effect.Effect<void>
}

const json = { "content-type": "application/json" }

const headOf = ({ method, target }: ProxyListener.ProxyExchange): RequestHead => {
  const { pathname, searchParams } = new URL(target, "https://proxy")
  const watch = method === "GET" && ["true", "1"].includes(searchParams.get("watch") ?? "")
  return { verb: method, path: pathname, watch }
}

/** Passes everything to the API server of `access` until the scope closes. */
export const make = Effect.fn("KubeProxy.make")(function* (
  access: Kubeconfig.KubeAccess
): Effect.fn.Return<KubeProxy, PlatformError, Scope.Scope> {
  const recorder = yield* KubeJournal.make
  const injections = yield* KubeInjection.make
  const watches = yield* ProxiedWatches.make
  const upstream = yield* ProxyUpstream.make(access)
  const pki = yield* KubePki.make()

  const told = Effect.fnUntraced(function* (id: number, outcome: KubeJournal.Outcome, status?: number) {
    yield* recorder.update(id, { outcome, status, answeredAt: yield* Clock.currentTimeMillis })
  })

  /** What `fault` does to the sender. The journal is complete before the sender knows. */
  const fail = Effect.fnUntraced(function* (
    id: number,
    exchange: ProxyListener.ProxyExchange,
    fault: KubeInjection.KubeFault
  ) {
    const outcome = KubeJournal.Outcome.Injected({ fault: fault._tag })
    switch (fault._tag) {
      case "Refuse": {
        const { reason, retryAfter, status } = fault
        yield* told(id, outcome, status)
        const headers = { ...json, ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }) }
        return yield* exchange.send({ status, headers, body: JSON.stringify(ProxiedWatches.failure(status, reason)) })
      }
      case "Reset":
        yield* told(id, outcome)
        return yield* exchange.reset
      case "Hang":
      case "Stall":
        yield* recorder.update(id, { outcome })
        return yield* exchange.closed
      case "ErrorEvent":
        yield* told(id, outcome, 200)
        return yield* exchange.send({
          status: 200,
          headers: json,
          body: ProxiedWatches.errorLine(fault.status, fault.reason)
        })
    }
  })

  /** Without a rule's fault, or before it: what the API server says, and the sender is told unless a fault is told instead. */
  const forward = Effect.fnUntraced(
    function* (id: number, head: RequestHead, exchange: ProxyListener.ProxyExchange, rule: KubeInjection.KubeRule) {
      const { after, delayAfter, fault } = rule
      const answer = yield* upstream.pass(exchange)
      const status = answer.statusCode ?? 0
      const headers = ProxyUpstream.passing(answer.headers)
      const stalled = fault?._tag === "Stall"
      if (head.watch && status === 200 && (fault === undefined || stalled)) {
        if (delayAfter !== undefined) yield* Effect.sleep(delayAfter)
        yield* recorder.update(id, { truth: status })
        yield* told(
          id,
          stalled ? KubeJournal.Outcome.Injected({ fault: "Stall" }) : KubeJournal.Outcome.Answered(),
          200
        )
        yield* exchange.head({ status, headers })
        return yield* watches.relay(head, answer, exchange, stalled)
      }
      const body = yield* Effect.tryPromise({
        try: () => buffer(answer),
        catch: (cause) => new ProxyUpstream.UpstreamLost({ cause })
      })
      yield* recorder.update(id, { truth: status })
      if (after !== undefined) yield* after
      if (delayAfter !== undefined) yield* Effect.sleep(delayAfter)
      if (fault !== undefined) return yield* fail(id, exchange, fault)
      yield* told(id, KubeJournal.Outcome.Answered(), status)
      yield* exchange.send({ status, headers: { ...headers, "content-length": body.byteLength }, body })
    },
    (effect, id, _head, exchange) =>
      effect.pipe(
        Effect.scoped,
        Effect.catchTag("UpstreamLost", () => Effect.andThen(told(id, KubeJournal.Outcome.Lost()), exchange.reset))
      )
  )

  const listener = yield* ProxyListener.make(
    pki.server,
    Effect.fnUntraced(function* (exchange: ProxyListener.ProxyExchange) {
      const head = headOf(exchange)
      const rule = (yield* injections.take(head)) ?? {}
      const id = yield* recorder.arrive(head, yield* Clock.currentTimeMillis)
      if (rule.before !== undefined) yield* rule.before
      if (rule.delayBefore !== undefined) yield* Effect.sleep(rule.delayBefore)
      const { fault } = rule
      const withheld = fault !== undefined && (fault._tag === "ErrorEvent" || ("applied" in fault && !fault.applied))
      if (!withheld) return yield* forward(id, head, exchange, rule)
      if (rule.delayAfter !== undefined) yield* Effect.sleep(rule.delayAfter)
      yield* fail(id, exchange, fault)
    })
  )

  const own: Kubeconfig.KubeAccess = {
    server: `https://127.0.0.1:${listener.port}`,
    authority: pki.authority,
    credentials: { token: Redacted.make("by-the-proxy") }
  }
  const kubeconfig = yield* Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const file = path.join(yield* fs.makeTempDirectoryScoped({ prefix: "kube-proxy-" }), "kubeconfig")
    yield* fs.writeFileString(file, Kubeconfig.render(own), { mode: 0o600 })
    return file
  }).pipe(Effect.provide(NodeServices.layer))

  return {
    access: own,
    kubeconfig,
    inject: injections.inject,
    journal: recorder,
    awaitRequest: recorder.awaitRequest,
    watches,
    stop: listener.stop,
    silence: listener.silence,
    start: listener.start
  }
})
