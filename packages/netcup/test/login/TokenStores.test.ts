import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as FileTokenStore from "@netcup-failover/netcup/login/FileTokenStore"
import * as MemoryTokenStore from "@netcup-failover/netcup/login/MemoryTokenStore"
import { TokenStore } from "@netcup-failover/netcup/TokenStore"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { hostileTexts } from "../soap/HostileTexts.ts"

const secret = Redacted.make
const texts = Effect.fnUntraced(function* (original: string) {
  return Option.map(yield* TokenStore.use((store) => store.latest(secret(original))), Redacted.value)
})
const keep = (original: string, newest: string) =>
  TokenStore.use((store) => store.keep(secret(original), secret(newest)))

/** A folder of its own, and a store in it that is opened anew each time. */
const folder = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped()
  const path = `${directory}/deep/er/tokens.json`
  const open = <A, E>(use: Effect.Effect<A, E, TokenStore>) =>
    Effect.provide(use, Layer.fresh(FileTokenStore.layer(path)))
  return { fs, path, open, directory: `${directory}/deep/er` }
})

const inFile = Layer.unwrap(Effect.map(folder, ({ path }) => FileTokenStore.layer(path))).pipe(
  Layer.provide(NodeServices.layer)
)

for (const [name, layer] of [
  ["MemoryTokenStore", MemoryTokenStore.layer],
  ["FileTokenStore", inFile]
] as const) {
  describe(`${name}: as any token store`, () => {
    it.live("knows the newest token of each login, and nothing of others", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* texts("a"), Option.none())
        yield* keep("a", "a1")
        yield* keep("b", "b1")
        yield* keep("a", "a2")
        assert.deepStrictEqual(
          [yield* texts("a"), yield* texts("b"), yield* texts("a2")],
          [Option.some("a2"), Option.some("b1"), Option.none()]
        )
      }).pipe(Effect.provide(Layer.fresh(layer)))
    )

    it.live("gives hostile texts back as they were", () =>
      Effect.gen(function* () {
        for (const [, text] of hostileTexts) yield* keep(text, `${text}${text}`)
        for (const [, text] of hostileTexts) assert.deepStrictEqual(yield* texts(text), Option.some(`${text}${text}`))
        assert.deepStrictEqual(yield* texts("__proto__"), Option.none())
      }).pipe(Effect.provide(Layer.fresh(layer)))
    )

    it.live("loses nothing when many keep at once", () =>
      Effect.gen(function* () {
        const names = Array.from({ length: 20 }, (_, nth) => `t${nth}`)
        yield* Effect.forEach(names, (text) => keep(text, `${text}!`), { concurrency: "unbounded" })
        for (const text of names) assert.deepStrictEqual(yield* texts(text), Option.some(`${text}!`))
      }).pipe(Effect.provide(Layer.fresh(layer)))
    )
  })
}

describe("FileTokenStore", () => {
  it.live("outlives its process, in one file that only its owner may read", () =>
    Effect.gen(function* () {
      const { directory, fs, open, path } = yield* folder
      yield* open(keep("original", "newest"))
      assert.deepStrictEqual(yield* open(texts("original")), Option.some("newest"))
      const { mode } = yield* fs.stat(path)
      assert.strictEqual(mode & 0o777, 0o600)
      assert.strictEqual((yield* fs.stat(directory)).mode & 0o777, 0o700)
      assert.deepStrictEqual(yield* fs.readDirectory(directory), ["tokens.json"])
      assert.deepStrictEqual(JSON.parse(yield* fs.readFileString(path)), {
        version: 1,
        // printf original | sha256sum
        tokens: { "0682c5f2076f099c34cfdd15a9e063849ed437a49677e6fcc5b4198c76575be5": "newest" }
      })
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.live("takes the right to read from others who had it", () =>
    Effect.gen(function* () {
      const { fs, open, path } = yield* folder
      yield* open(keep("a", "1"))
      yield* fs.chmod(path, 0o644)
      yield* open(keep("a", "2"))
      assert.strictEqual((yield* fs.stat(path)).mode & 0o777, 0o600)
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.live("loses nothing to other processes that keep at the same time", () =>
    Effect.gen(function* () {
      const { open } = yield* folder
      const names = Array.from({ length: 12 }, (_, nth) => `t${nth}`)
      // Each with a store of its own: they share nothing but the file.
      yield* Effect.forEach(names, (text) => open(keep(text, `${text}!`)), { concurrency: "unbounded" })
      for (const text of names) assert.deepStrictEqual(yield* open(texts(text)), Option.some(`${text}!`))
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.live("is whole for readers at any moment", () =>
    Effect.gen(function* () {
      const { open } = yield* folder
      yield* open(keep("a", "0"))
      const write = Effect.forEach(Array.from({ length: 30 }), (_, nth) => open(keep("a", `${nth}`.repeat(2_000))))
      const read = Effect.forever(Effect.filterOrFail(open(texts("a")), Option.isSome, () => "nothing"))
      yield* Effect.raceFirst(write, read)
    }).pipe(Effect.provide(NodeServices.layer))
  )

  for (const [name, content] of [
    ["an empty file", ""],
    ["half a file", '{"version":1,"tokens":{"ab":"s3cr'],
    ["a file of another program", '{"s3cret":"s3cret"}'],
    ["a later version's", '{"version":2,"tokens":{}}'],
    ["tokens that are no texts", '{"version":1,"tokens":{"s3cret":7}}'],
    ["bytes", "\u0000\ufffds3cret"]
  ] as const) {
    it.live(`${name} is left alone, and is an error that names it and tells nothing of it`, () =>
      Effect.gen(function* () {
        const { directory, fs, open, path } = yield* folder
        yield* fs.makeDirectory(directory, { recursive: true })
        yield* fs.writeFileString(path, content)
        for (const use of [texts("a"), keep("a", "s3cret")]) {
          const error = yield* Effect.flip(open(Effect.asVoid(use)))
          assert.strictEqual(error._tag, "TokenStoreError")
          assert.include(error.message, path)
          assert.notInclude(`${error.message}${JSON.stringify(error)}${error.stack}`, "s3cr")
        }
        assert.strictEqual(yield* fs.readFileString(path), content)
      }).pipe(Effect.provide(NodeServices.layer))
    )
  }

  it.live("a path that is a folder, or lies in a file, is an error that names it", () =>
    Effect.gen(function* () {
      const { directory, fs, path } = yield* folder
      yield* fs.makeDirectory(path, { recursive: true })
      yield* fs.writeFileString(`${directory}/file`, "")
      for (const at of [path, `${directory}/file/tokens.json`]) {
        for (const use of [texts("a"), keep("a", "b")]) {
          const error = yield* Effect.flip(Effect.asVoid(use).pipe(Effect.provide(FileTokenStore.layer(at))))
          assert.strictEqual(error._tag, "TokenStoreError")
          assert.include(error.message, at)
        }
      }
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.live("what a process left behind that died amid a change is no obstacle", () =>
    Effect.gen(function* () {
      const { directory, fs, open, path } = yield* folder
      yield* fs.makeDirectory(directory, { recursive: true })
      for (const left of [`${path}.lock`, `${path}.new`]) {
        yield* fs.writeFileString(left, "half")
        yield* fs.utimes(left, new Date(0), new Date(0))
      }
      yield* open(keep("a", "1"))
      assert.deepStrictEqual(yield* open(texts("a")), Option.some("1"))
      assert.deepStrictEqual(yield* fs.readDirectory(directory), ["tokens.json"])
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.live("waits for another process that is amid a change", () =>
    Effect.gen(function* () {
      const { directory, fs, open, path } = yield* folder
      yield* fs.makeDirectory(directory, { recursive: true })
      yield* fs.writeFileString(`${path}.lock`, "")
      const release = Effect.delay(fs.remove(`${path}.lock`), "100 millis")
      yield* Effect.all([open(keep("a", "1")), release], { concurrency: 2 })
      assert.deepStrictEqual(yield* open(texts("a")), Option.some("1"))
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.live("lets go when it is interrupted", () =>
    Effect.gen(function* () {
      const { directory, fs, open, path } = yield* folder
      yield* fs.makeDirectory(directory, { recursive: true })
      yield* fs.writeFileString(`${path}.lock`, "")
      // Waiting can be interrupted; it leaves the other's lock.
      yield* Effect.timeoutOption(open(keep("a", "1")), "60 millis")
      assert.deepStrictEqual(yield* fs.readDirectory(directory), ["tokens.json.lock"])
      yield* fs.remove(`${path}.lock`)
      yield* Effect.timeoutOption(open(keep("a", "2")), "1 millis")
      yield* open(keep("a", "3"))
      assert.deepStrictEqual(yield* fs.readDirectory(directory), ["tokens.json"])
    }).pipe(Effect.provide(NodeServices.layer))
  )
})
