import { assert, describe, it } from "@effect/vitest"
import * as CrdAge from "@netcup-failover/controller/report/CrdAge"
import { crdRevision } from "@netcup-failover/core/CrdRevision"
import type { Occurrence } from "@netcup-failover/kubernetes/EventObject"
import { Events } from "@netcup-failover/kubernetes/Events"
import * as KubeErrors from "@netcup-failover/kubernetes/KubeError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import * as FakeKube from "../FakeKube.ts"

const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/netcupfailoverips.netcup.digilol.net"

/** A cluster whose CRD bears this annotation, or that answers so. */
const given = (first: string | undefined | KubeErrors.KubeErrorReason) => {
  let now = first
  const asked: Array<string> = []
  const occurrences: Array<Occurrence> = []
  const logged: Array<string> = []
  const kube = FakeKube.layer(({ method, path }) => {
    asked.push(`${method} ${path}`)
    if (now !== undefined && typeof now !== "string") return Effect.fail(now)
    const annotations = now === undefined ? {} : { annotations: { "netcup.digilol.net/crd-revision": now } }
    return Effect.succeed({ metadata: { name: "crd", uid: "u", resourceVersion: "1", ...annotations } })
  })
  const events = Layer.mock(Events, {
    record: (occurrence) =>
      Effect.sync(() => {
        occurrences.push(occurrence)
      })
  })
  const logger = Logger.layer([
    Logger.make(({ logLevel, message }) => {
      if (logLevel !== "Debug") logged.push(`${logLevel}: ${Array.isArray(message) ? message[0] : message}`)
    })
  ])
  const watching = Layer.launch(CrdAge.layer).pipe(
    Effect.provide(Layer.mergeAll(kube, events, logger)),
    Effect.forkScoped({ startImmediately: true }),
    Effect.andThen(TestClock.adjust(0))
  )
  return {
    asked,
    occurrences,
    logged,
    watching,
    put: (next: typeof first) => {
      now = next
    }
  }
}

describe("the age of the CRD", () => {
  for (const annotation of [undefined, "0", `${crdRevision - 1}`, "", "new", "-1", "1.5", " "]) {
    it.effect(`${JSON.stringify(annotation)} is told, with what to run`, () =>
      Effect.gen(function* () {
        const { asked, occurrences, logged, watching } = given(annotation)
        yield* watching
        assert.deepStrictEqual(asked, [`GET ${path}`])
        assert.strictEqual(occurrences.length, 1)
        const [{ kind, metadata, type, reason, message } = assert.fail()] = occurrences
        assert.deepStrictEqual(
          [kind.kind, metadata.uid, type, reason],
          ["CustomResourceDefinition", "u", "Warning", "CRDTooOld"]
        )
        assert.include(message, "kubectl apply -f infra/crd/netcupfailoverips.yaml")
        assert.include(message, "helm upgrade")
        assert.deepStrictEqual(logged, [`Warn: ${message}`])
        assert.isAtMost(message.length, 1024)
      })
    )
  }

  for (const annotation of [`${crdRevision}`, `${crdRevision + 1}`, "999999999"]) {
    it.effect(`${annotation} is nothing to tell`, () =>
      Effect.gen(function* () {
        const { asked, occurrences, logged, watching } = given(annotation)
        yield* watching
        assert.strictEqual(asked.length, 1)
        assert.deepStrictEqual([occurrences, logged], [[], []])
      })
    )
  }

  it.effect("is told once, and again only when it has changed", () =>
    Effect.gen(function* () {
      const { asked, occurrences, logged, watching, put } = given(undefined)
      yield* watching
      yield* TestClock.adjust("10 minutes")
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(asked.length, 3)
      assert.strictEqual(occurrences.length, 1)
      put(`${crdRevision}`)
      yield* TestClock.adjust("10 minutes")
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(logged.slice(1), ["Info: the CRD is as new as the controller now"])
      put(undefined)
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(occurrences.length, 2)
    })
  )

  for (const reason of [
    new KubeErrors.Forbidden({ message: "no" }),
    new KubeErrors.NotFound({ message: "no" }),
    new KubeErrors.Unreachable({ message: "no" }),
    new KubeErrors.MalformedAnswer({ message: "no" })
  ]) {
    it.effect(`is not judged, and nothing said above debug, while the answer is ${reason._tag}`, () =>
      Effect.gen(function* () {
        const { asked, occurrences, logged, watching, put } = given(reason)
        yield* watching
        yield* TestClock.adjust("10 minutes")
        assert.strictEqual(asked.length, 2)
        assert.deepStrictEqual([occurrences, logged], [[], []])
        put(undefined)
        yield* TestClock.adjust("10 minutes")
        assert.strictEqual(occurrences.length, 1)
      })
    )
  }
})
