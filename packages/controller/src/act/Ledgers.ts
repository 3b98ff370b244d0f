/**
 * The ledgers of the accounts that groups use: each one ConfigMap, read when this term began and written before anything is sent.
 *
 * No ledger write, no move: the write is what a next leader finds (the write-ahead), what fails when somebody else leads by now
 * (the fence), and what nothing is sent beyond (the budget).
 *
 * Its times are those of the API server's clock: a replica whose own is wrong neither waits for an hour nor ignores a limit.
 */
import { type AccountKey, apiOf } from "@netcup-failover/core/Account"
import * as Allowance from "@netcup-failover/core/Allowance"
import type * as Contest from "@netcup-failover/core/Contest"
import type { Prefix } from "@netcup-failover/core/FailoverAddress"
import * as Ledger from "@netcup-failover/core/Ledger"
import * as MoveLimits from "@netcup-failover/core/MoveLimits"
import * as DataObject from "@netcup-failover/kubernetes/DataObject"
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Digest from "effect/crypto/Digest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberMap from "effect/FiberMap"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as Pace from "../Pace.ts"
import { Settings } from "../Settings.ts"
import { Wake } from "../Wake.ts"
import * as BegunMoves from "./BegunMoves.ts"
import { CommonClock } from "./CommonClock.ts"
import { Fence } from "./Fence.ts"
import type { Reading } from "./LedgerReading.ts"

/** The ledger was not written: nothing of what was intended may be sent. */
export class NotWritten extends Schema.TaggedError<NotWritten>()("NotWritten", { message: Schema.String }) {}

/** A move in the ledger, of as long as the ledger stays ours: after another leader's write the id may be another move's. */
export interface Ticket {
  readonly id: number
  readonly epoch: number
}

/** What an address is allowed, or until when it waits (ms since the epoch), and for what. */
export type Grant =
  | { readonly _tag: "Granted"; readonly ticket: Ticket }
  | { readonly _tag: "Waits"; readonly notBefore: number; readonly message: string }

/** What came of a move. Times in ms since the epoch. */
export type Ending =
  | { readonly _tag: "Done" }
  | { readonly _tag: "Unknown" }
  /** netcup took it, and nothing was moved. */
  | { readonly _tag: "Spent" }
  /** Surely nothing was moved. */
  | { readonly _tag: "Withdrawn" }
  /** Nothing was moved by now, but netcup may carry it out late. */
  | { readonly _tag: "Lost" }
  /** netcup moves nothing before `until`. */
  | { readonly _tag: "Refused"; readonly until: number }

/** What is left of an account's limits; `account` as in {@link Ledgers}' `nameOf`. */
export interface AccountBudget {
  readonly account: string
  readonly budget: Allowance.Budget
}

export class Ledgers extends Context.Service<
  Ledgers,
  {
    /**
     * Makes the account's ledger usable: read from its ConfigMap, and then held against what netcup says. `false`: not yet, the loop is woken when it is.
     * Without a reading it is only read ahead.
     */
    readonly open: (account: AccountKey, reading: Reading | undefined) => Effect.Effect<boolean>
    /** Whether an address may be moved now. What is granted is counted from this moment, and to be written before it is sent. */
    readonly ask: (account: AccountKey, request: Allowance.MoveRequest) => Effect.Effect<Grant>
    /** Succeeds when these moves are written: one write for all who ask meanwhile. */
    readonly commit: (account: AccountKey, tickets: ReadonlyArray<Ticket>) => Effect.Effect<void, NotWritten>
    /**
     * Takes in where addresses were found; `listed`: all that groups have. What it tells that is new is written soon. Gives what is
     * remembered of addresses that others move, or `undefined` while the ledger is not open.
     */
    readonly see: (
      account: AccountKey,
      sightings: ReadonlyArray<Omit<Contest.Sighting, "isOurs">>,
      listed: ReadonlySet<Prefix>
    ) => Effect.Effect<ReadonlyMap<Prefix, Contest.Stray> | undefined>
    /** Says what came of a granted move; written soon. */
    readonly end: (account: AccountKey, ticket: Ticket, ending: Ending) => Effect.Effect<void>
    /**
     * The last moves of leaders before us that may be under way, or ended a moment ago: what we have done nothing about since. Empty before
     * the ledger was read, and some minutes after that.
     */
    readonly begunBefore: (account: AccountKey) => Effect.Effect<ReadonlyMap<Prefix, Ledger.Entry>>
    /** These addresses are where they belong: what was begun before is over. */
    readonly arrived: (account: AccountKey, prefixes: ReadonlyArray<Prefix>) => Effect.Effect<void>
    /** What is left of the accounts whose ledgers are in use. */
    readonly budgets: Effect.Effect<ReadonlyArray<AccountBudget>>
    /** An account's name for those who must not learn its login: the hash that its ConfigMap is named after. */
    readonly nameOf: (account: AccountKey) => Effect.Effect<string>
  }
>()("@netcup-failover/controller/act/Ledgers") {
  static readonly layer: Layer.Layer<Ledgers, never, KubeClient | Settings | Wake> = Layer.suspend(() => live)
}

interface Book {
  ledger: Ledger.Ledger
  /** What is stored, as far as we know. */
  stored: DataObject.StoredData | undefined
  /** Counts changes of the ledger in memory, and which of them is stored. */
  version: number
  storedVersion: number
  /** False before the ConfigMap was read, and after a write that met somebody else's. */
  loaded: boolean
  /** True once it was held against what netcup says. */
  settled: boolean
  /** How far the ledger's clock is ahead of ours, in ms: measured once, so that it never jumps. */
  ahead: number
  /** Counts the ledgers of other writers that took the place of what was in memory. */
  epoch: number
  failures: number
  readonly begunBefore: BegunMoves.BegunMoves
  readonly turn: Semaphore.Semaphore
}

/** Between two writes that nothing waits for. */
const pauseOfWrites = "100 millis"

const dataKey = "ledger.json"
const decodeLedger = Schema.decodeUnknownResult(Ledger.LedgerText)
const encodeLedger = Schema.encodeSync(Ledger.LedgerText)

const span = (millis: number): string => Duration.format(Duration.millis(Math.max(0, millis)))

const sentence: (limit: Allowance.Limit) => string = Allowance.Limit.$match({
  AccountClosed: () => "netcup routes nothing of this account for now",
  AddressClosed: () => "netcup routes this address no sooner",
  UnderWay: () => "an earlier move of this address is still under way",
  AddressRest: () => "netcup lets an address rest after a move",
  WindowFull: ({ window }) => `the account has used its ${window.moves} moves of ${span(window.millis)}`,
  Reserved: ({ window }) =>
    `what is left of the account's ${window.moves} moves of ${span(window.millis)} is for failovers`
})

/** Which limits an account is under, by the API that its key names. */
const limitsOf = (account: AccountKey, settings: Settings["Service"]): MoveLimits.MoveLimits => {
  const interval = Duration.toMillis(settings.moveInterval)
  if (apiOf(account) === "soap") return MoveLimits.soapLimits(interval)
  return {
    ...MoveLimits.restLimits(interval),
    perAccount: [
      windowOf(settings.shortWindow, settings.shortWindowMoves),
      windowOf(settings.longWindow, settings.longWindowMoves)
    ]
  }
}

/** Two fifths of the moves may go to what can wait: 4 of 10, 8 of 20. */
const windowOf = (length: Duration.Duration, moves: number): MoveLimits.Window => ({
  moves,
  upkeep: Math.max(1, Math.floor((moves * 2) / 5)),
  millis: Duration.toMillis(length)
})

/** SOAP limits an address, REST the account: so far a refusal reaches. */
const scopeOf = (account: AccountKey, prefix: Prefix) => (apiOf(account) === "soap" ? prefix : undefined)

const live = Layer.effect(
  Ledgers,
  Effect.gen(function* () {
    const settings = yield* Settings
    const wake = yield* Wake
    const client = yield* KubeClient
    const { digestHex } = yield* Digest.Digest
    const fence = yield* Fence
    const clockAhead = yield* CommonClock
    const scope = yield* Effect.scope
    const background = yield* FiberMap.make<string, void, never>()
    // Tells this term's writes from those of any other.
    const term = `${yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)}`
    const books = new Map<AccountKey, Book>()

    const bookOf = (account: AccountKey): Book => {
      const book = books.get(account) ?? {
        ledger: Ledger.empty,
        stored: undefined,
        version: 1,
        storedVersion: 0,
        loaded: false,
        settled: false,
        ahead: 0,
        epoch: 0,
        failures: 0,
        begunBefore: BegunMoves.make(),
        turn: Semaphore.makeUnsafe(1)
      }
      books.set(account, book)
      return book
    }

    const nameOf = Effect.fnUntraced(function* (account: AccountKey) {
      const hash = yield* digestHex(Digest.sha256, new TextEncoder().encode(account))
      return hash.slice(0, 16)
    })

    const configMapOf = Effect.fnUntraced(function* (account: AccountKey) {
      return yield* DataObject.make({
        kind: "ConfigMap",
        name: `netcup-failover-ledger-${yield* nameOf(account)}`,
        namespace: settings.namespace,
        labels: { "app.kubernetes.io/managed-by": "netcup-failover-controller" }
      }).pipe(Effect.provideService(KubeClient, client))
    })

    const change = (book: Book, by: (ledger: Ledger.Ledger) => Ledger.Ledger) => {
      book.ledger = by(book.ledger)
      book.version += 1
    }

    /** Now, in the ledger's time. */
    const nowOf = (book: Book) => Effect.map(Clock.currentTimeMillis, (now) => now + book.ahead)

    /** Writes what is not stored yet, if the stored one is still ours. */
    const write = Effect.fnUntraced(function* (account: AccountKey, book: Book) {
      if (!(yield* fence)) return yield* new NotWritten({ message: "no longer leading" })
      const configMap = yield* configMapOf(account)
      const version = book.version
      const data = { account, term, [dataKey]: encodeLedger(book.ledger) }
      const result = yield* Effect.result(configMap.write(book.stored, data))
      if (Result.isSuccess(result)) {
        book.stored = result.success
        book.storedVersion = version
        return
      }
      const error = result.failure
      // Whoever wrote may know of moves that we don't, and a write without an answer may be stored: read before the next.
      book.loaded = false
      yield* Effect.logWarning("ledger not written", { error: error.message })
      return yield* new NotWritten({ message: `the ledger cannot be written: ${error.message}` })
    })

    /**
     * Reads the ConfigMap. What another term wrote takes the place of what is in memory, and is written at once, so that the next
     * write of the one who had it fails. After a write of our own that failed, memory knows better.
     */
    const load = Effect.fnUntraced(function* (account: AccountKey, book: Book) {
      const configMap = yield* configMapOf(account)
      const found = yield* configMap.read
      if (book.epoch === 0) {
        book.ahead = yield* clockAhead
        if (book.ahead !== 0)
          yield* Effect.logWarning("our clock is not the API server's: set the time of this machine", {
            ahead: `${-book.ahead} ms`
          })
      }
      const now = yield* nowOf(book)
      const text = found?.data[dataKey]
      const decoded = text === undefined ? Result.succeed(Ledger.empty) : decodeLedger(text)
      if (Result.isFailure(decoded)) {
        // netcup still refuses what it limits; a controller that never moves anything again would be worse.
        const { message } = decoded.failure
        yield* Effect.logError("the ledger is unreadable and begins anew", {
          configMap: configMap.name,
          error: message
        })
      }
      const read = Result.getOrElse(decoded, () => Ledger.empty)
      book.stored = found
      // One that was deleted by hand is written anew: nobody knows better than we.
      if (book.storedVersion === 0 || (found !== undefined && found.data.term !== term)) {
        book.begunBefore.learn(Ledger.begun(read, now), now)
        book.ledger = Ledger.restore(read, now)
        book.epoch += 1
        book.version += 1
      }
      yield* write(account, book)
      book.loaded = true
      book.failures = 0
    })

    /** Once it works the loop is woken; until then each failure doubles the pause. */
    const keepLoading = (account: AccountKey, book: Book): Effect.Effect<void> =>
      load(account, book).pipe(
        Effect.tap(() => wake.now),
        Effect.catch((error) =>
          Effect.gen(function* () {
            yield* Effect.logWarning("ledger not read", { error: error.message })
            book.failures += 1
            const pause = Pace.backoff(book.failures, yield* Random.next, settings.maxBackoff)
            yield* Effect.sleep(Duration.millis(pause))
            yield* Effect.suspend(() => keepLoading(account, book))
          })
        )
      )

    /** Makes what memory has now the stored one, unless that is done already. */
    const store = Effect.fnUntraced(function* (account: AccountKey, book: Book) {
      const wanted = book.version
      const writing = Effect.gen(function* () {
        if (book.storedVersion >= wanted) return
        if (!book.loaded) return yield* new NotWritten({ message: "the ledger is to be read first" })
        yield* write(account, book)
      }).pipe(book.turn.withPermit)
      // Who waits for it may lose interest; were the write given up with that, its version would not be known, and the next refused.
      yield* Fiber.join(yield* Effect.forkIn(writing, scope, { startImmediately: true }))
    })

    const commit = Effect.fn("Ledgers.commit")(function* (account: AccountKey, tickets: ReadonlyArray<Ticket>) {
      const book = bookOf(account)
      const isOurs = Effect.suspend(() =>
        tickets.every(({ epoch }) => epoch === book.epoch)
          ? Effect.void
          : Effect.fail(new NotWritten({ message: "the ledger was written by somebody else" }))
      )
      yield* isOurs
      yield* store(account, book)
      yield* isOurs
      // From here on it may be sent; what only waits, or was not written, changes nothing of what was begun before.
      const ids = new Set(tickets.map(({ id }) => id))
      book.begunBefore.forget(book.ledger.entries.flatMap(({ id, prefix }) => (ids.has(id) ? [prefix] : [])))
    })

    /**
     * Until all is stored that memory has, with pauses: of many moves that end one after the other many go into one write. What fails
     * is made up for when the ledger is opened again.
     */
    const storeAll = (account: AccountKey, book: Book): Effect.Effect<void> =>
      store(account, book).pipe(
        Effect.andThen(Effect.sleep(pauseOfWrites)),
        Effect.andThen(
          Effect.suspend(() => (book.storedVersion < book.version ? storeAll(account, book) : Effect.void))
        ),
        Effect.ignore
      )

    return Ledgers.of({
      nameOf,
      budgets: Effect.suspend(() =>
        Effect.forEach(
          [...books].filter(([, { settled }]) => settled),
          Effect.fnUntraced(function* ([key, { ledger, ahead }]) {
            const now = (yield* Clock.currentTimeMillis) + ahead
            const { opensAt, ...budget } = Allowance.budget(ledger, limitsOf(key, settings), now)
            const [Failover, Upkeep] = [opensAt.Failover - ahead, opensAt.Upkeep - ahead]
            return { account: yield* nameOf(key), budget: { ...budget, opensAt: { Failover, Upkeep } } }
          })
        )
      ),
      open: Effect.fn("Ledgers.open")(function* (account, reading) {
        const book = bookOf(account)
        if (!book.loaded) {
          yield* FiberMap.run(background, account, book.turn.withPermit(keepLoading(account, book)), {
            onlyIfMissing: true
          })
          return false
        }
        if (book.settled) return true
        if (reading === undefined) return false
        const { routes } = reading
        const now = yield* nowOf(book)
        const asOf = reading.asOf + book.ahead
        // netcup's clock and the API server's are taken for one; what its record has is over, whatever the date.
        const changes = reading.changes?.map((at) => Math.min(at, now))
        book.settled = true
        change(book, (ledger) => {
          const settled = Ledger.openMoves(ledger).reduce((rest, { id, prefix, server, unroute }) => {
            const at = routes.get(prefix)
            // netcup was asked after the one who sent it had gone: there it is, or nothing came of it.
            if (at === (unroute === true ? undefined : server)) return Ledger.arrived(rest, id, asOf)
            // By REST it may have been counted: its record tells, if it could be read. SOAP may carry out late what it was told.
            if (apiOf(account) === "soap") return Ledger.lost(rest, id, asOf)
            return changes === undefined ? rest : Ledger.withdrawn(rest, id)
          }, ledger)
          return changes === undefined ? settled : Ledger.learn(settled, changes, asOf)
        })
        return true
      }),
      see: Effect.fnUntraced(function* (account, sightings, listed) {
        const book = bookOf(account)
        if (!book.loaded || !book.settled) return undefined
        const now = yield* nowOf(book)
        const next = Ledger.see(book.ledger, sightings, listed, now)
        if (next !== book.ledger) {
          change(book, () => next)
          yield* FiberMap.run(background, `${account}\nwrite`, storeAll(account, book), { onlyIfMissing: true })
        }
        return new Map(next.contest?.strays.map((stray) => [stray.prefix, stray]))
      }),
      begunBefore: (account) => {
        const book = bookOf(account)
        return Effect.map(nowOf(book), book.begunBefore.at)
      },
      arrived: (account, prefixes) => Effect.sync(() => bookOf(account).begunBefore.forget(prefixes)),
      ask: Effect.fnUntraced(function* (account, request) {
        const book = bookOf(account)
        const now = yield* nowOf(book)
        const limits = limitsOf(account, settings)
        const { ledger, granted, waiting } = Allowance.intend(book.ledger, limits, [request], now)
        const [grant] = granted
        if (grant !== undefined) {
          change(book, () => ledger)
          return { _tag: "Granted", ticket: { id: grant.id, epoch: book.epoch } }
        }
        const [wait] = waiting
        const asked = now + Duration.toMillis(settings.limitRetryInterval)
        return {
          _tag: "Waits",
          notBefore: Math.min(wait?.notBefore ?? asked, now + Duration.toMillis(settings.longWindow)) - book.ahead,
          message: wait === undefined ? "netcup's limits do not allow it yet" : sentence(wait.limit)
        }
      }),
      commit,
      end: Effect.fnUntraced(function* (account, { epoch, id }, ending) {
        const book = bookOf(account)
        // The one who wrote since counts it as one that may have been made.
        if (epoch !== book.epoch) return
        const now = yield* nowOf(book)
        const prefix = book.ledger.entries.find((entry) => entry.id === id)?.prefix
        change(book, (ledger) => {
          switch (ending._tag) {
            case "Done":
              return Ledger.arrived(ledger, id, now)
            case "Spent":
              return Ledger.done(ledger, id, now)
            case "Unknown":
              return Ledger.unknown(ledger, id, now)
            case "Withdrawn":
              return Ledger.withdrawn(ledger, id)
            case "Lost":
              return Ledger.lost(ledger, id, now)
            case "Refused":
              return prefix === undefined
                ? ledger
                : Ledger.refused(ledger, id, scopeOf(account, prefix), ending.until + book.ahead, now)
          }
        })
        // Off the path of moves: who takes over without it only waits longer than needed.
        yield* FiberMap.run(background, `${account}\nwrite`, storeAll(account, book), { onlyIfMissing: true })
      })
    })
  })
).pipe(Layer.provide(Digest.layerWebCrypto))
