import { assert, it } from "@effect/vitest"
import * as Addresses from "@netcup-failover/kubernetes/Addresses"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

type Listed = ReadonlyArray<string> | "silent" | "fails"

/** A name's server that gives one of these after the other, the last one for ever. */
const nameServer = (...answers: ReadonlyArray<Listed>) => {
  let asked = 0
  const resolve: Addresses.Resolve = (_name, _options, callback) => {
    const answer = answers[Math.min(asked, answers.length - 1)] ?? []
    asked += 1
    if (answer === "silent") return
    if (answer === "fails") return void setImmediate(callback, new Error("EAI_AGAIN"), [])
    setImmediate(
      callback,
      null,
      answer.map((address) => ({ address, family: 4 }))
    )
  }
  return { resolve, asked: () => asked }
}

const find = ({ lookup }: Addresses.Addresses, avoid: ReadonlyArray<string> = []) =>
  Effect.callback<ReadonlyArray<string>, string>((resume) =>
    lookup(new Set(avoid))("kube.test", { all: true }, (error, addresses) =>
      resume(
        error === null && typeof addresses !== "string"
          ? Effect.succeed(addresses.map(({ address }) => address))
          : Effect.fail(String(error))
      )
    )
  )

const found = (
  name: string,
  answers: ReadonlyArray<Listed>,
  test: (addresses: Addresses.Addresses, asked: () => number) => Effect.Effect<void, string>
) =>
  it.live(name, () =>
    Effect.gen(function* () {
      const { asked, resolve } = nameServer(...answers)
      yield* test(yield* Addresses.make(resolve), asked)
    }).pipe(Effect.scoped)
  )

found("those that were silent go last, the latest at the very end", [["a", "b", "c"]], (addresses) =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* find(addresses), ["a", "b", "c"])
    addresses.silent("a")
    assert.deepStrictEqual(yield* find(addresses), ["b", "c", "a"])
    addresses.silent("b")
    assert.deepStrictEqual(yield* find(addresses), ["c", "a", "b"])
    addresses.silent("c")
    assert.deepStrictEqual(yield* find(addresses), ["a", "b", "c"])
  })
)

found("of equals the one in use goes first, and never before one that was not silent", [["a", "b", "c"]], (addresses) =>
  Effect.gen(function* () {
    addresses.used("c")
    assert.deepStrictEqual(yield* find(addresses), ["c", "a", "b"])
    addresses.silent("c")
    assert.deepStrictEqual(yield* find(addresses), ["a", "b", "c"])
  })
)

found("one to avoid goes last this time only", [["a", "b"]], (addresses) =>
  Effect.gen(function* () {
    addresses.used("a")
    assert.deepStrictEqual(yield* find(addresses, ["a"]), ["b", "a"])
    assert.deepStrictEqual(yield* find(addresses), ["a", "b"])
  })
)

found("what was known is used while the name's server is silent or fails", [["a"], "fails", "silent"], (addresses) =>
  Effect.gen(function* () {
    for (let n = 0; n < 4; n++) assert.deepStrictEqual(yield* find(addresses), ["a"])
  })
)

found(
  "without anything known its failure is the failure, and an empty answer is one",
  ["fails", [], ["a"]],
  (addresses) =>
    Effect.gen(function* () {
      assert.isTrue(Result.isFailure(yield* Effect.result(find(addresses))))
      const none = yield* Effect.result(find(addresses))
      assert.include(Result.isFailure(none) ? none.failure : "", "kube.test has no address")
      assert.deepStrictEqual(yield* find(addresses), ["a"])
    })
)

found("many at once ask once, and all hear the answer", [["a"], ["b"]], (addresses, asked) =>
  Effect.gen(function* () {
    const all = Effect.all(
      Array.from({ length: 5 }, () => find(addresses)),
      { concurrency: "unbounded" }
    )
    assert.deepStrictEqual(
      yield* all,
      Array.from({ length: 5 }, () => ["a"])
    )
    assert.strictEqual(asked(), 1)
    assert.deepStrictEqual(yield* find(addresses), ["b"])
  })
)

it.effect.prop(
  "never is one lost or made up, and one that was never silent goes before one that was",
  [Schema.Array(Schema.Literals(["a", "b", "c", "d"])), Schema.Array(Schema.Literals(["a", "b", "c", "d"]))],
  ([silent, used]) =>
    Effect.gen(function* () {
      const addresses = yield* Addresses.make(nameServer(["a", "b", "c", "d"]).resolve)
      for (const address of used) addresses.used(address)
      for (const address of silent) addresses.silent(address)
      const order = yield* find(addresses)
      assert.deepStrictEqual([...order].sort(), ["a", "b", "c", "d"])
      const was = order.map((address) => silent.some((one) => one === address))
      assert.deepStrictEqual(was, was.toSorted())
    }).pipe(Effect.scoped)
)
