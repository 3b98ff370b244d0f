import { readdirSync, readFileSync } from "node:fs"
import { assert, test } from "vitest"
import { parse } from "yaml"

const at = (path: string) => new URL(`../../../${path}`, import.meta.url)
const text = (path: string) => readFileSync(at(path), "utf8")
const has = (folder: string) => readdirSync(at(folder)).includes("package.json")

test("the image's build installs what every package of the workspace needs, and copies nothing that is gone", () => {
  const { packages }: { readonly packages: ReadonlyArray<string> } = parse(text("pnpm-workspace.yaml"))
  const folders = packages.flatMap((pattern) => {
    const [parent = "", rest] = pattern.split("/")
    if (rest === undefined) return [parent]
    assert.strictEqual(rest, "*", `${pattern}: this test does not know such patterns`)
    return readdirSync(at(parent)).map((name) => `${parent}/${name}`)
  })
  const copied = text("infra/image/Dockerfile").matchAll(/^COPY (\S+)\/package\.json (\S+)\/$/gmu)
  assert.sameMembers(
    Array.from(copied, ([, from = "", to]) => (from === to ? from : `${from} -> ${to}`)),
    folders.filter(has)
  )
})
