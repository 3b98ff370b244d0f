/**
 * What a leader has of ledgers in its term, over ConfigMaps that outlive it.
 */
import { CommonClock } from "@netcup-failover/controller/act/CommonClock"
import { Fence } from "@netcup-failover/controller/act/Fence"
import type { Reading } from "@netcup-failover/controller/act/LedgerReading"
import { Ledgers } from "@netcup-failover/controller/act/Ledgers"
import { Wake } from "@netcup-failover/controller/Wake"
import type { AccountKey } from "@netcup-failover/core/Account"
import * as Ledger from "@netcup-failover/core/Ledger"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as FakeData from "../FakeData.ts"
import { restKey, soapKey } from "../Given.ts"
import * as PromptDigest from "../PromptDigest.ts"
import { settingsOf } from "../TestSettings.ts"

/** Lets every fiber go on until it has to wait for time, however many steps it takes. */
export const settled = Effect.andThen(TestClock.adjust(0), Effect.repeat(Effect.yieldNow, { times: 40 }))

/** netcup told of nothing. */
export const nothingRead: Reading = { routes: new Map(), changes: [], asOf: 0 }

/** Opens an account's ledger, which takes a read and a write. */
export const open = Effect.fnUntraced(function* (account: AccountKey, reading: Reading = nothingRead) {
  const ledgers = yield* Ledgers
  while (!(yield* ledgers.open(account, reading))) yield* settled
})

/** What is stored of an account's ledger. */
export const stored = (data: FakeData.FakeData, account: AccountKey): Ledger.Ledger => {
  const texts = data.paths().flatMap((path) => {
    const { account: of, "ledger.json": text } = data.data(path) ?? {}
    return of === account && text !== undefined ? [text] : []
  })
  return Schema.decodeUnknownSync(Ledger.LedgerText)(texts[0])
}

/** The entries of it, by what became of them. */
export const entries = (data: FakeData.FakeData, account: AccountKey): ReadonlyArray<string> =>
  stored(data, account).entries.map(({ prefix, server, state }) => `${prefix} ${server} ${state._tag}`)

interface TermOptions {
  readonly data?: FakeData.FakeData
  readonly environment?: Parameters<typeof settingsOf>[0]
  readonly fence?: Effect.Effect<boolean>
  /** How far the API server's clock is ahead of this replica's, in ms. */
  readonly clockAhead?: number
}

/** Everything that a term's ledgers need, and they. */
export const layer = ({ data, environment, fence = Effect.succeed(true), clockAhead = 0 }: TermOptions = {}) => {
  // One of its own for each test.
  const kube = Layer.unwrap(Effect.sync(() => (data ?? FakeData.make()).layer))
  return Ledgers.layer.pipe(
    Layer.provide(
      Layer.mergeAll(
        PromptDigest.layer,
        Layer.succeed(Fence, fence),
        Layer.succeed(CommonClock, Effect.succeed(clockAhead))
      )
    ),
    Layer.provideMerge(Layer.mergeAll(kube, Wake.layer, settingsOf(environment)))
  )
}

/** The same with the ledgers of both kinds of account open, and nobody woken yet. */
export const opened = (options: TermOptions = {}) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      for (const account of [soapKey, restKey]) yield* open(account)
      yield* (yield* Wake).next
    })
  ).pipe(Layer.provideMerge(layer(options)))
