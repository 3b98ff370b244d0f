import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import * as ImageEntry from "@netcup-failover/testing/stage/ImageEntry"
import * as Effect from "effect/Effect"

const dockerfile = `FROM build AS build
USER 1:1
ENV LEFT=out
FROM base
ENV A=1 \\
    B_=two
USER 65532:65532
ENTRYPOINT ["/node", "--flag", "/app/main.cjs"]
`

it.effect("the last stage of a Dockerfile tells flags, environment and user", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* ImageEntry.parse(dockerfile), {
      flags: ["--flag"],
      bundle: "/app/main.cjs",
      environment: { A: "1", B_: "two" },
      user: { uid: 65532, gid: 65532 }
    })
  })
)

it.effect("an entry point in shell form and a user by name are refused", () =>
  Effect.gen(function* () {
    const spoiled = [
      dockerfile.replace(/ENTRYPOINT.*/u, "ENTRYPOINT node /app/main.cjs"),
      dockerfile.replace("65532:65532", "nonroot"),
      dockerfile.replace(/ENTRYPOINT.*/u, "")
    ]
    for (const text of spoiled) {
      const error = yield* Effect.flip(ImageEntry.parse(text))
      assert.strictEqual(error._tag, "UnreadableEntry")
    }
  })
)

it.effect("this repository's image runs the bundle by Node's flags as a user that is not root", () =>
  Effect.gen(function* () {
    const { bundle, flags, user } = yield* ImageEntry.read
    assert.match(bundle, /\.cjs$/u)
    assert.isTrue(flags.every((flag) => flag.startsWith("--")))
    assert.isAbove(user.uid, 0)
  }).pipe(Effect.provide(NodeServices.layer))
)
