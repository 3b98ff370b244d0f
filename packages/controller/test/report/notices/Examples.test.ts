import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Notice } from "@netcup-failover/controller/report/notices/Notice"
import * as Slack from "@netcup-failover/controller/report/notices/Slack"
import * as Schema from "effect/Schema"

const page = readFileSync(new URL("../../../../../docs/notices.md", import.meta.url), "utf8")

/** The blocks of code that are marked so. */
const blocks = (mark: string) =>
  [...page.matchAll(/```(\S+(?: \S+)?)\n(.*?)```/gsu)].flatMap(([, is, text]) => (is === mark ? [text ?? ""] : []))

/** Nothing in an example may be a field that the schema does not have. */
const strictly = { onExcessProperty: "error" } as const
const examples = blocks("json").map((text) => Schema.decodeUnknownSync(Schema.fromJsonString(Notice), strictly)(text))

describe("the examples in docs/notices.md", () => {
  it("are notices, one of each kind", () => {
    const kinds = Notice.members.map(({ fields }) => fields.kind.literal)
    assert.deepStrictEqual(
      examples.map(({ kind }) => kind),
      kinds
    )
    for (const kind of kinds) assert.include(page, `| \`${kind}\` `)
  })

  it("have the message that Slack gets of the first", () => {
    const [message] = blocks("json slack").map((text) =>
      Schema.decodeUnknownSync(Schema.fromJsonString(Slack.Message), strictly)(text)
    )
    const [first] = examples
    assert.deepStrictEqual(message, first && Slack.message(first))
  })
})
