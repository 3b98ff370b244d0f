import { assert, describe, it } from "@effect/vitest"
import { pods } from "@netcup-failover/controller/observe/PodResource"
import * as Watches from "@netcup-failover/controller/observe/Watches"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import { settingsOf } from "../TestSettings.ts"
import * as Pods from "./Pods.ts"

const path = "/api/v1/namespaces/apps/pods"

describe("watches that come and go", () => {
  it.effect("go on telling of changes after a bug in whoever was told", () => {
    const kube = Pods.make(() => [])
    return Effect.gen(function* () {
      let times = 0
      const watches = yield* Watches.make(pods, () =>
        Effect.suspend(() => {
          times += 1
          return times === 1 ? Effect.die("a bug") : Effect.void
        })
      )
      yield* watches.follow(new Map([["apps", { namespace: "apps" }]]))
      yield* TestClock.adjust("2 seconds")
      const before = times
      assert.isAbove(before, 1)
      yield* kube.tell(path, "ADDED", { name: "a", node: "node-1" })
      yield* TestClock.adjust("2 seconds")
      assert.isAbove(times, before)
    }).pipe(Effect.provide([kube.layer, settingsOf(), Logger.layer([])]), Effect.scoped)
  })
})
