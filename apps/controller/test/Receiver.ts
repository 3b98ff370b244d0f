/**
 * A receiver of notices that answers as it is told, and keeps what it took.
 */
import { Notice } from "@netcup-failover/controller/report/notices/Notice"
import * as HttpListener from "@netcup-failover/testing/netcup/HttpListener"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { eventually } from "./Http.ts"

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Notice))

/** The part of the URL that is in no log. */
export const secretPart = "geheim"

const endless = function* () {
  while (true) yield "x".repeat(1_000)
}

export const make = Effect.gen(function* () {
  const arrived: Array<Notice> = []
  const taken: Array<Notice> = []
  const keys: Array<string> = []
  const paths = new Set<string>()
  /** What the next requests get, one after the other; then `otherwise`. */
  const answers: Array<number | "hang" | "endless"> = []
  let otherwise = 200

  const listener: HttpListener.HttpListener = yield* HttpListener.make(0, (exchange) =>
    Effect.gen(function* () {
      const notice = yield* Effect.orDie(decode(new TextDecoder().decode(exchange.body)))
      arrived.push(notice)
      keys.push(String(exchange.headers["idempotency-key"]))
      paths.add(exchange.path)
      const answer = answers.shift() ?? otherwise
      if (answer === "hang") return yield* exchange.closed
      if (answer === "endless" || answer < 300) taken.push(notice)
      yield* exchange.send({
        status: answer === "endless" ? 200 : answer,
        contentType: "text/plain",
        headers: { location: `http://127.0.0.1:${listener.port}/elsewhere` },
        body: answer === "endless" ? endless() : "ok"
      })
    })
  )

  return {
    url: `http://127.0.0.1:${listener.port}/${secretPart}?token=${secretPart}`,
    listener,
    answers,
    answerBy: (status: number) => {
      otherwise = status
    },
    arrived,
    taken,
    keys,
    paths,
    /** Waits until so many were taken, and gives their kinds in the order in which they came. */
    takenKinds: (count: number) =>
      eventually(
        Effect.sync(() => taken.map(({ kind }) => kind)),
        ({ length }) => length >= count
      )
  }
})
