import { assert, describe, it } from "@effect/vitest"
import { Collectors } from "@netcup-failover/controller/report/metrics/Collectors"
import { sample } from "@netcup-failover/controller/report/metrics/Exposition"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"

const routed = (group: string) => sample("netcup_failover_group_routed", 1, { group })

describe("collectors", () => {
  it.effect("are asked when somebody asks, each time anew, and never before", () =>
    Effect.gen(function* () {
      const { add, page } = yield* Collectors
      const asked = yield* Ref.make(0)
      yield* add(
        Effect.map(
          Ref.updateAndGet(asked, (n) => n + 1),
          (n) => [routed(`${n}`)]
        )
      )
      assert.strictEqual(yield* Ref.get(asked), 0)
      assert.include(yield* page, 'netcup_failover_group_routed{group="1"} 1')
      const second = yield* page
      assert.include(second, 'netcup_failover_group_routed{group="2"} 1')
      assert.notInclude(second, '{group="1"}')
    }).pipe(Effect.scoped, Effect.provide(Collectors.layer))
  )

  it.effect("tell nothing more once their scope has ended", () =>
    Effect.gen(function* () {
      const { add, page } = yield* Collectors
      yield* add(Effect.succeed([routed("stays")]))
      const during = yield* Effect.scoped(Effect.andThen(add(Effect.succeed([routed("term")])), page))
      assert.include(during, '{group="term"}')
      const after = yield* page
      assert.notInclude(after, '{group="term"}')
      assert.include(after, '{group="stays"}')
    }).pipe(Effect.scoped, Effect.provide(Collectors.layer))
  )

  it.effect("that have a bug take nothing from the others", () =>
    Effect.gen(function* () {
      const { add, page } = yield* Collectors
      yield* add(Effect.die("a bug"))
      yield* add(Effect.succeed([routed("other")]))
      assert.include(yield* page, '{group="other"}')
    }).pipe(Effect.scoped, Effect.provide(Collectors.layer))
  )
})
