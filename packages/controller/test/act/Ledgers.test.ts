import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import type { Reading } from "@netcup-failover/controller/act/LedgerReading"
import { type Grant, Ledgers, type Ticket } from "@netcup-failover/controller/act/Ledgers"
import { Wake } from "@netcup-failover/controller/Wake"
import type { MoveRequest } from "@netcup-failover/core/Allowance"
import * as Ledger from "@netcup-failover/core/Ledger"
import * as KubeErrors from "@netcup-failover/kubernetes/KubeError"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as FakeData from "../FakeData.ts"
import { address, restKey, server, soapKey } from "../Given.ts"
import * as LedgerTerm from "./LedgerTerm.ts"

const { entries, open, settled, stored } = LedgerTerm
const prefix = (n: number) => address(`198.51.100.${n}/32`).prefix

/** A failover of the address of that number to the second server. */
const request = (n: number, more: Partial<MoveRequest> = {}): MoveRequest => ({
  prefix: prefix(n),
  server: server(2),
  purpose: "Failover",
  ...more
})
const shown = (n: number, state: string) => `${prefix(n)} v2 ${state}`
const isGranted = ({ _tag }: Grant) => _tag === "Granted"
const until = (grant: Grant) => (grant._tag === "Waits" ? grant.notBefore : undefined)
const ticketOf = (grant: Grant): Ticket =>
  grant._tag === "Granted" ? grant.ticket : assert.fail("it is not granted, but waits")
const encode = Schema.encodeSync(Ledger.LedgerText)

/** A term of its own over the same ConfigMaps; it ends with the test. */
const termOver = (options: Parameters<typeof LedgerTerm.opened>[0] & { readonly data: FakeData.FakeData }) =>
  Effect.map(Layer.build(LedgerTerm.layer(options)), (services) => ({
    use: <A, E>(effect: Effect.Effect<A, E, Ledgers | Wake>) => Effect.provide(effect, services)
  }))

/** Whether what was granted may be sent; without a grant whether anything may. */
const mayBeSent = (account: typeof soapKey, ...grants: ReadonlyArray<Grant>) =>
  Ledgers.use((ledgers) => ledgers.commit(account, grants.map(ticketOf))).pipe(
    Effect.as(true),
    Effect.catchTag("NotWritten", () => Effect.succeed(false))
  )
const ask = (account: typeof soapKey, wish: MoveRequest) => Ledgers.use((ledgers) => ledgers.ask(account, wish))
const isOpen = (account: typeof soapKey, reading: Reading = LedgerTerm.nothingRead) =>
  Ledgers.use((ledgers) => ledgers.open(account, reading))

/** A test of one term with its ConfigMaps. */
const alone =
  <A, E>(test: (data: FakeData.FakeData) => Effect.Effect<A, E, Ledgers | Wake>) =>
  () =>
    Effect.suspend(() => {
      const data = FakeData.make()
      return Effect.scoped(Effect.provide(test(data), LedgerTerm.opened({ data })))
    })

/** A leader before us that granted these, wrote them, and was killed. */
const killedAfter = (data: FakeData.FakeData, account: typeof soapKey, wishes: ReadonlyArray<MoveRequest>) =>
  Effect.gen(function* () {
    yield* open(account)
    for (const wish of wishes) assert.isTrue(isGranted(yield* ask(account, wish)))
    assert.isTrue(yield* mayBeSent(account))
  }).pipe(Effect.provide(LedgerTerm.layer({ data })), Effect.scoped)

const pathOf = (data: FakeData.FakeData, account: typeof soapKey) =>
  data.paths().find((path) => data.data(path)?.account === account) ?? ""

/** Somebody else leads, and grants the move of an address. */
const foreignLeader = (data: FakeData.FakeData, account: typeof soapKey, n: number, at = 0) => {
  const ledger: Ledger.Ledger = {
    ...Ledger.empty,
    nextId: 2,
    entries: [{ id: 1, ...request(n), intendedAt: at, state: { _tag: "Intended" }, recorded: false }]
  }
  data.put(pathOf(data, account), { account, term: "another", "ledger.json": encode(ledger) })
}

describe("what is granted", () => {
  it.effect(
    "is written once for all who ask at the same time, and may be sent only then",
    alone((data) =>
      Effect.gen(function* () {
        const before = data.written.length
        const gate = yield* Deferred.make<void>()
        data.turns.writes.push({ before: Deferred.await(gate) })
        for (const n of [1, 2, 3, 4, 5]) assert.isTrue(isGranted(yield* ask(restKey, request(n))))
        const commits = yield* Effect.forEach([1, 2, 3, 4, 5], () =>
          Effect.forkChild(mayBeSent(restKey), { startImmediately: true })
        )
        yield* settled
        assert.deepStrictEqual(
          commits.map((commit) => commit.pollUnsafe()),
          commits.map(() => undefined)
        )
        assert.strictEqual(data.written.length, before)
        yield* Deferred.succeed(gate, undefined)
        assert.deepStrictEqual(
          yield* Effect.forEach(commits, Fiber.join),
          commits.map(() => true)
        )
        assert.strictEqual(data.written.length, before + 1)
        assert.deepStrictEqual(
          entries(data, restKey),
          [1, 2, 3, 4, 5].map((n) => shown(n, "Intended"))
        )
      })
    )
  )

  it.effect(
    "while another write is under way is not taken for written with it",
    alone((data) =>
      Effect.gen(function* () {
        const gate = yield* Deferred.make<void>()
        data.turns.writes.push({ after: Deferred.await(gate) })
        yield* ask(restKey, request(1))
        const first = yield* Effect.forkChild(mayBeSent(restKey), { startImmediately: true })
        yield* settled
        assert.deepStrictEqual(entries(data, restKey), [shown(1, "Intended")])
        yield* ask(restKey, request(2))
        const second = yield* Effect.forkChild(mayBeSent(restKey), { startImmediately: true })
        yield* settled
        yield* Deferred.succeed(gate, undefined)
        assert.isTrue(yield* Fiber.join(first))
        assert.isTrue(yield* Fiber.join(second))
        assert.deepStrictEqual(entries(data, restKey), [shown(1, "Intended"), shown(2, "Intended")])
      })
    )
  )

  for (const reason of [
    new KubeErrors.Forbidden({ message: "the role does not allow it" }),
    new KubeErrors.ServerError({ message: "etcdserver: no leader", status: 500 }),
    new KubeErrors.Conflict({ message: "the object has been modified" })
  ]) {
    it.effect(
      `is not sent when its write fails with ${reason._tag}; the ledger is read again, and then moves go on`,
      alone((data) =>
        Effect.gen(function* () {
          data.turns.writes.push({ before: Effect.fail(reason) })
          const grant = yield* ask(soapKey, request(1))
          const asked = data.asked.length
          assert.isFalse(yield* mayBeSent(soapKey))
          // Who comes after it is told the same without a request.
          assert.isFalse(yield* mayBeSent(soapKey))
          assert.strictEqual(data.asked.length, asked + 1)
          yield* Ledgers.use((ledgers) => ledgers.end(soapKey, ticketOf(grant), { _tag: "Withdrawn" }))
          yield* settled
          assert.isFalse(yield* isOpen(soapKey))
          yield* settled
          assert.strictEqual(data.asked[asked + 1]?.method, "GET")
          assert.isTrue(yield* isOpen(soapKey))
          assert.isTrue(isGranted(yield* ask(soapKey, request(1))))
          assert.isTrue(yield* mayBeSent(soapKey))
          assert.deepStrictEqual(entries(data, soapKey), [shown(1, "Intended")])
        })
      )
    )
  }

  it.effect(
    "by a write whose answer was lost is not sent, and memory knows better than what it stored",
    alone((data) =>
      Effect.gen(function* () {
        const first = yield* ask(restKey, request(1))
        yield* mayBeSent(restKey)
        const lost = new KubeErrors.Unreachable({ message: "no answer within 5s" })
        data.turns.writes.push({ after: Effect.fail(lost) })
        const second = yield* ask(restKey, request(2))
        assert.isFalse(yield* mayBeSent(restKey))
        assert.deepStrictEqual(entries(data, restKey), [shown(1, "Intended"), shown(2, "Intended")])
        yield* Ledgers.use((ledgers) => ledgers.end(restKey, ticketOf(second), { _tag: "Withdrawn" }))
        yield* Ledgers.use((ledgers) => ledgers.end(restKey, ticketOf(first), { _tag: "Done" }))
        yield* open(restKey)
        assert.deepStrictEqual(entries(data, restKey), [shown(1, "Done")])
      })
    )
  )
})

describe("a write that nobody waits for any more", () => {
  it.effect(
    "is not given up: the next one is not refused for it",
    alone((data) =>
      Effect.gen(function* () {
        const gate = yield* Deferred.make<void>()
        data.turns.writes.push({ after: Deferred.await(gate) })
        yield* ask(soapKey, request(1))
        const first = yield* Effect.forkChild(mayBeSent(soapKey), { startImmediately: true })
        yield* settled
        yield* Effect.andThen(Fiber.interrupt(first), settled)
        yield* Effect.andThen(Deferred.succeed(gate, undefined), settled)
        const next = yield* ask(soapKey, request(2))
        assert.isTrue(yield* mayBeSent(soapKey, next))
        assert.deepStrictEqual(entries(data, soapKey), [shown(1, "Intended"), shown(2, "Intended")])
      })
    )
  )
})

describe("a leader that does not know that it is one no more", () => {
  it.effect("meets the write of its successor, who has written before granting anything", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      const [old, next] = [yield* termOver({ data }), yield* termOver({ data })]
      yield* old.use(open(soapKey))
      yield* next.use(open(soapKey))
      assert.isTrue(isGranted(yield* old.use(ask(soapKey, request(1)))))
      assert.isFalse(yield* old.use(mayBeSent(soapKey)))
      assert.deepStrictEqual(entries(data, soapKey), [])
      assert.isTrue(isGranted(yield* next.use(ask(soapKey, request(1)))))
      assert.isTrue(yield* next.use(mayBeSent(soapKey)))
    }).pipe(Effect.scoped)
  )

  it.effect(
    "takes over what another wrote, with the limits that follow from it",
    alone((data) =>
      Effect.gen(function* () {
        foreignLeader(data, soapKey, 7)
        assert.isTrue(isGranted(yield* ask(soapKey, request(1))))
        assert.isFalse(yield* mayBeSent(soapKey))
        yield* TestClock.adjust("10 seconds")
        yield* open(soapKey)
        assert.deepStrictEqual(entries(data, soapKey), [shown(7, "Unknown")])
        assert.notStrictEqual(data.data(pathOf(data, soapKey))?.term, "another")
        // It may have been sent until just now.
        assert.strictEqual(until(yield* ask(soapKey, request(7))), 311_000)
        assert.isTrue(isGranted(yield* ask(soapKey, request(1))))
        assert.isTrue(yield* mayBeSent(soapKey))
      })
    )
  )

  it.effect(
    "sends nothing of what it granted before, also where that was to be written while the other's was read",
    alone((data) =>
      Effect.gen(function* () {
        const grant = yield* ask(soapKey, request(1))
        assert.isTrue(yield* mayBeSent(soapKey, grant))
        const late = yield* ask(soapKey, request(2))
        foreignLeader(data, soapKey, 7)
        // An end meets the other's write first.
        yield* Ledgers.use((ledgers) => ledgers.end(soapKey, ticketOf(grant), { _tag: "Done" }))
        yield* settled
        const gate = yield* Deferred.make<void>()
        data.turns.reads.push({ before: Deferred.await(gate) })
        assert.isFalse(yield* isOpen(soapKey))
        yield* settled
        const commit = yield* Effect.forkChild(mayBeSent(soapKey, late), { startImmediately: true })
        yield* settled
        assert.isUndefined(commit.pollUnsafe())
        yield* Deferred.succeed(gate, undefined)
        assert.isFalse(yield* Fiber.join(commit))
        assert.isTrue(yield* isOpen(soapKey))
        assert.deepStrictEqual(entries(data, soapKey), [shown(7, "Unknown")])
      })
    )
  )

  it.effect(
    "sends nothing of what it granted before, also where the other's ledger is taken over before it is to be written",
    alone((data) =>
      Effect.gen(function* () {
        const grant = yield* ask(soapKey, request(1))
        assert.isTrue(yield* mayBeSent(soapKey, grant))
        const late = yield* ask(soapKey, request(2))
        foreignLeader(data, soapKey, 7)
        yield* Ledgers.use((ledgers) => ledgers.end(soapKey, ticketOf(grant), { _tag: "Done" }))
        yield* settled
        yield* open(soapKey)
        assert.isFalse(yield* mayBeSent(soapKey, late))
        assert.isTrue(yield* mayBeSent(soapKey, yield* ask(soapKey, request(2))))
      })
    )
  )

  it.effect(
    "does not end a move of the other's for one of its own",
    alone((data) =>
      Effect.gen(function* () {
        const lost = yield* ask(soapKey, request(1))
        foreignLeader(data, soapKey, 7)
        assert.isFalse(yield* mayBeSent(soapKey, lost))
        yield* open(soapKey)
        yield* Ledgers.use((ledgers) => ledgers.end(soapKey, ticketOf(lost), { _tag: "Withdrawn" }))
        assert.isFalse(isGranted(yield* ask(soapKey, request(7))))
      })
    )
  )

  it.effect("writes nothing while its fence is closed, and goes on when it opens", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      let isLeader = true
      const { use } = yield* termOver({ data, fence: Effect.sync(() => isLeader) })
      yield* use(open(soapKey))
      const before = data.written.length
      isLeader = false
      yield* use(ask(soapKey, request(1)))
      assert.isFalse(yield* use(mayBeSent(soapKey)))
      assert.isFalse(yield* use(isOpen(restKey)))
      yield* TestClock.adjust("1 minute")
      assert.isFalse(yield* use(isOpen(restKey)))
      assert.strictEqual(data.written.length, before)
      isLeader = true
      yield* TestClock.adjust("12 seconds")
      yield* settled
      assert.isTrue(yield* use(isOpen(restKey)))
      assert.isTrue(yield* use(mayBeSent(soapKey)))
    }).pipe(Effect.scoped)
  )
})

describe("a ledger that is opened", () => {
  it.effect("is not open at once: the loop is woken when it is, without a write too many", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      const { use } = yield* termOver({ data })
      yield* use(
        Effect.gen(function* () {
          const wake = yield* Wake
          assert.isFalse(yield* isOpen(soapKey))
          assert.isFalse(yield* isOpen(soapKey))
          yield* wake.next
          assert.isTrue(yield* isOpen(soapKey))
          assert.deepStrictEqual(
            data.asked.map(({ method }) => method),
            ["GET", "POST"]
          )
        })
      )
    }).pipe(Effect.scoped)
  )

  it.effect("is read and taken over ahead of netcup's answer, and is open with that, at once", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      const { use } = yield* termOver({ data })
      yield* killedAfter(data, soapKey, [request(1)])
      const asked = data.asked.length
      yield* use(
        Effect.gen(function* () {
          const wake = yield* Wake
          const openWith = (reading: Reading | undefined) => Ledgers.use((ledgers) => ledgers.open(soapKey, reading))
          assert.isFalse(yield* openWith(undefined))
          yield* wake.next
          // Nothing is known of what was under way before netcup has told.
          assert.isFalse(yield* openWith(undefined))
          assert.deepStrictEqual(
            data.asked.slice(asked).map(({ method }) => method),
            ["GET", "PUT"]
          )
          assert.deepStrictEqual(entries(data, soapKey), [shown(1, "Unknown")])
          assert.isTrue(yield* openWith(LedgerTerm.nothingRead))
          assert.lengthOf(data.asked.slice(asked), 2)
          assert.isTrue(isGranted(yield* ask(soapKey, request(1))))
        })
      )
    }).pipe(Effect.scoped)
  )

  it.effect("is read again after a failure, each time after a longer pause, and nothing is written before", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      const reads: Array<number> = []
      const unreachable = new KubeErrors.Unreachable({ message: "refused" })
      const note = Effect.map(Clock.currentTimeMillis, (now) => {
        reads.push(now)
      })
      const down = { before: Effect.andThen(note, Effect.fail(unreachable)) }
      data.turns.reads.push(down, down, down, { before: note })
      const { use } = yield* termOver({ data })
      assert.isFalse(yield* use(isOpen(soapKey)))
      for (let step = 0; step < 100 && data.written.length === 0; step++) {
        assert.isFalse(yield* use(isOpen(soapKey)))
        yield* TestClock.adjust("100 millis")
        yield* settled
      }
      assert.isTrue(yield* use(isOpen(soapKey)))
      assert.lengthOf(data.written, 1)
      const pauses = reads.slice(1).map((at, i) => at - (reads[i] ?? 0))
      assert.lengthOf(pauses, 3)
      for (const [i, full] of [1_000, 2_000, 4_000].entries()) {
        assert.isAtLeast(pauses[i] ?? 0, 0.8 * full)
        assert.isAtMost(pauses[i] ?? Number.NaN, 1.2 * full)
      }
    }).pipe(Effect.scoped)
  )

  it.effect("of an account has a name of its own, in our namespace, that tells no login", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      const { use } = yield* termOver({ data, environment: { POD_NAMESPACE: "ours" } })
      yield* use(Effect.andThen(open(soapKey), open(restKey)))
      const paths = data.paths()
      assert.lengthOf(new Set(paths), 2)
      for (const path of paths) {
        assert.match(path, /^\/api\/v1\/namespaces\/ours\/configmaps\/netcup-failover-ledger-[0-9a-f]{16}$/u)
        assert.notInclude(path, "12345")
        assert.notInclude(path, "555001")
      }
    }).pipe(Effect.scoped)
  )

  it.effect("that cannot be read, understood or written is logged, without the login", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      const logger = Logger.make(({ message }) => told.push(inspect(message, { depth: 9 })))
      yield* Effect.gen(function* () {
        const data = FakeData.make()
        yield* killedAfter(data, soapKey, [request(1)])
        data.put(pathOf(data, soapKey), { account: soapKey, term: "another", "ledger.json": "{" })
        data.turns.reads.push({ before: Effect.fail(new KubeErrors.Unreachable({ message: "refused" })) })
        data.turns.writes.push({ before: Effect.fail(new KubeErrors.Conflict({ message: "modified" })) })
        const { use } = yield* termOver({ data })
        yield* use(isOpen(soapKey))
        for (let step = 0; step < 5; step++) yield* Effect.andThen(TestClock.adjust("3 seconds"), settled)
        assert.isTrue(yield* use(isOpen(soapKey)))
      }).pipe(Effect.scoped, Effect.provide(Logger.layer([logger])))
      assert.include(soapKey, "12345")
      for (const what of ["not read", "not written", "unreadable"]) assert.include(told.join(), what)
      assert.notInclude(told.join(), "12345")
    })
  )

  for (const [what, text] of [
    ["is no JSON", "{"],
    ["is of another version", JSON.stringify({ ...Ledger.empty, version: 2 })],
    ["is not there", undefined]
  ] as const) {
    it.effect(`whose text ${what} begins anew`, () =>
      Effect.gen(function* () {
        const data = FakeData.make()
        yield* killedAfter(data, soapKey, [request(1)])
        data.put(pathOf(data, soapKey), {
          account: soapKey,
          term: "another",
          ...(text === undefined ? {} : { "ledger.json": text })
        })
        const { use } = yield* termOver({ data })
        yield* use(open(soapKey))
        assert.isTrue(isGranted(yield* use(ask(soapKey, request(1)))))
        assert.isTrue(yield* use(mayBeSent(soapKey)))
        assert.deepStrictEqual(entries(data, soapKey), [shown(1, "Intended")])
      }).pipe(Effect.scoped)
    )
  }

  it.effect(
    "and then deleted by somebody is written anew from memory, which knows what was moved",
    alone((data) =>
      Effect.gen(function* () {
        const grant = yield* ask(soapKey, request(1))
        yield* mayBeSent(soapKey, grant)
        yield* Ledgers.use((ledgers) => ledgers.end(soapKey, ticketOf(grant), { _tag: "Done" }))
        yield* settled
        data.remove(pathOf(data, soapKey))
        assert.isFalse(yield* mayBeSent(soapKey, yield* ask(soapKey, request(2))))
        yield* open(soapKey)
        assert.isFalse(isGranted(yield* ask(soapKey, request(1))))
        assert.include(entries(data, soapKey), shown(1, "Done"))
      })
    )
  )
})

describe("what a killed leader intended", () => {
  it.effect("with SOAP was done where it is there now, and not sent where it is not", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      yield* killedAfter(data, soapKey, [request(1), request(2)])
      yield* TestClock.adjust("20 seconds")
      const { use } = yield* termOver({ data })
      yield* use(open(soapKey, { routes: new Map([[prefix(1), server(2)]]), changes: [], asOf: 15_000 }))
      const rest = yield* use(ask(soapKey, request(1, { server: server(3) })))
      assert.deepStrictEqual(rest, {
        _tag: "Waits",
        notBefore: 15_000 + 301_000,
        message: "netcup lets an address rest after a move"
      })
      assert.isTrue(isGranted(yield* use(ask(soapKey, request(2)))))
    }).pipe(Effect.scoped)
  )

  it.effect(
    "is remembered until something else is written, which a move that waits or is not written does not do",
    () =>
      Effect.gen(function* () {
        const data = FakeData.make()
        yield* killedAfter(data, restKey, [request(1), request(2)])
        const { use } = yield* termOver({ data })
        yield* use(open(restKey))
        const begun = use(Ledgers.use((ledgers) => ledgers.begunBefore(restKey))).pipe(
          Effect.map((entries) => [...entries.keys()].sort())
        )
        assert.deepStrictEqual(yield* begun, [prefix(1), prefix(2)])
        const elsewhere = yield* use(ask(restKey, request(1, { server: server(3) })))
        data.turns.writes.push({
          before: Effect.fail(new KubeErrors.ServerError({ message: "no leader", status: 500 }))
        })
        assert.isFalse(yield* use(mayBeSent(restKey, elsewhere)))
        assert.deepStrictEqual(yield* begun, [prefix(1), prefix(2)])
        yield* use(Ledgers.use((ledgers) => ledgers.end(restKey, ticketOf(elsewhere), { _tag: "Withdrawn" })))
        yield* use(open(restKey))
        const again = yield* use(ask(restKey, request(1, { server: server(3) })))
        assert.isTrue(yield* use(mayBeSent(restKey, again)))
        assert.deepStrictEqual(yield* begun, [prefix(2)])
      }).pipe(Effect.scoped)
  )

  it.effect("with SOAP is not done where the address is on another server than it was to go to", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      yield* killedAfter(data, soapKey, [request(1)])
      const { use } = yield* termOver({ data })
      yield* use(open(soapKey, { routes: new Map([[prefix(1), server(3)]]), changes: [], asOf: 15_000 }))
      assert.isTrue(isGranted(yield* use(ask(soapKey, request(1)))))
    }).pipe(Effect.scoped)
  )

  it.effect("with REST counts only what netcup's record has, if it could be read", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      const ten = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => request(n))
      yield* killedAfter(data, restKey, ten)
      yield* TestClock.adjust("20 seconds")
      const { use } = yield* termOver({ data })
      yield* use(open(restKey, { routes: new Map([[prefix(1), server(2)]]), changes: [19_000], asOf: 20_000 }))
      for (let n = 11; n <= 19; n++) assert.isTrue(isGranted(yield* use(ask(restKey, request(n)))), `${n}`)
      assert.isFalse(isGranted(yield* use(ask(restKey, request(20)))))
    }).pipe(Effect.scoped)
  )
})

describe("netcup's own record", () => {
  it.effect("of the account counts from the first reading of a term, and is learnt once", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      const { use } = yield* termOver({ data })
      yield* TestClock.setTime(1_000_000)
      const changes = Array.from({ length: 9 }, (_, n) => 900_000 + n)
      yield* use(open(restKey, { ...LedgerTerm.nothingRead, changes, asOf: 1_000_000 }))
      assert.isTrue(isGranted(yield* use(ask(restKey, request(1)))))
      const full = yield* use(ask(restKey, request(2)))
      assert.deepStrictEqual(full, {
        _tag: "Waits",
        notBefore: 900_000 + 301_000,
        message: "the account has used its 10 moves of 5m 1s"
      })
      yield* use(isOpen(restKey, { ...LedgerTerm.nothingRead, changes: [], asOf: 1_000_001 }))
      assert.isFalse(isGranted(yield* use(ask(restKey, request(2)))))
      assert.isTrue(yield* use(mayBeSent(restKey)))
      assert.deepStrictEqual(stored(data, restKey).changes.length, 9)
    }).pipe(Effect.scoped)
  )

  it.effect("that could not be read leaves what we know ourselves", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      yield* killedAfter(
        data,
        restKey,
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => request(n))
      )
      const { use } = yield* termOver({ data })
      yield* use(open(restKey, { routes: new Map(), changes: undefined, asOf: 50_000 }))
      assert.isFalse(isGranted(yield* use(ask(restKey, request(11)))))
    }).pipe(Effect.scoped)
  )
})

describe("the end of a move", () => {
  it.effect(
    "is stored soon, in one write for many",
    alone((data) =>
      Effect.gen(function* () {
        const grants = yield* Effect.forEach([1, 2, 3, 4], (n) => ask(restKey, request(n)))
        yield* mayBeSent(restKey)
        const before = data.written.length
        yield* TestClock.adjust("2 seconds")
        const endings = [
          { _tag: "Done" },
          { _tag: "Unknown" },
          { _tag: "Withdrawn" },
          { _tag: "Refused", until: 90_000 }
        ] as const
        for (const [n, ending] of endings.entries()) {
          yield* Ledgers.use((ledgers) => ledgers.end(restKey, ticketOf(grants[n] ?? assert.fail()), ending))
        }
        yield* settled
        assert.deepStrictEqual(entries(data, restKey), [shown(1, "Done"), shown(2, "Unknown")])
        assert.deepStrictEqual(stored(data, restKey).closures, [{ at: 2_000, until: 90_000 }])
        assert.isAtMost(data.written.length, before + 2)
      })
    )
  )

  it.effect(
    "is stored also where it comes while another is being written",
    alone((data) =>
      Effect.gen(function* () {
        const one = yield* ask(restKey, request(1))
        const two = yield* ask(restKey, request(2))
        yield* mayBeSent(restKey)
        const gate = yield* Deferred.make<void>()
        data.turns.writes.push({ after: Deferred.await(gate) })
        yield* Ledgers.use((ledgers) => ledgers.end(restKey, ticketOf(one), { _tag: "Done" }))
        yield* settled
        yield* Ledgers.use((ledgers) => ledgers.end(restKey, ticketOf(two), { _tag: "Done" }))
        yield* settled
        assert.deepStrictEqual(entries(data, restKey), [shown(1, "Done"), shown(2, "Intended")])
        yield* Deferred.succeed(gate, undefined)
        yield* settled
        yield* TestClock.adjust("100 millis")
        yield* settled
        assert.deepStrictEqual(entries(data, restKey), [shown(1, "Done"), shown(2, "Done")])
      })
    )
  )

  it.effect(
    "is written with those of all that end a short time after it",
    alone((data) =>
      Effect.gen(function* () {
        const grants = yield* Effect.forEach([1, 2, 3, 4, 5, 6], (n) => ask(restKey, request(n)))
        yield* mayBeSent(restKey)
        const before = data.written.length
        for (const grant of grants) {
          yield* Ledgers.use((ledgers) => ledgers.end(restKey, ticketOf(grant), { _tag: "Done" }))
          yield* settled
          yield* TestClock.adjust("10 millis")
        }
        yield* TestClock.adjust("100 millis")
        yield* settled
        assert.deepStrictEqual(
          entries(data, restKey),
          [1, 2, 3, 4, 5, 6].map((n) => shown(n, "Done"))
        )
        assert.strictEqual(data.written.length, before + 2)
      })
    )
  )

  it.effect(
    "that cannot be written is made up for when the ledger is opened again",
    alone((data) =>
      Effect.gen(function* () {
        const grant = yield* ask(restKey, request(1))
        yield* mayBeSent(restKey)
        data.turns.writes.push({ before: Effect.fail(new KubeErrors.Forbidden({ message: "no" })) })
        yield* Ledgers.use((ledgers) => ledgers.end(restKey, ticketOf(grant), { _tag: "Done" }))
        yield* settled
        assert.deepStrictEqual(entries(data, restKey), [shown(1, "Intended")])
        yield* open(restKey)
        assert.deepStrictEqual(entries(data, restKey), [shown(1, "Done")])
      })
    )
  )

  it.effect(
    "by a refusal closes the address with SOAP, and the account with REST",
    alone(() =>
      Effect.gen(function* () {
        for (const account of [soapKey, restKey]) {
          const grant = yield* ask(account, request(1))
          const refused = { _tag: "Refused", until: 90_000 } as const
          yield* Ledgers.use((ledgers) => ledgers.end(account, ticketOf(grant), refused))
          assert.strictEqual(until(yield* ask(account, request(1))), 90_000)
          assert.strictEqual(until(yield* ask(account, request(2))), account === soapKey ? undefined : 90_000)
        }
      })
    )
  )
})

describe("two accounts", () => {
  it.effect(
    "do not disturb each other: neither by a write that fails nor by what they used",
    alone((data) =>
      Effect.gen(function* () {
        const gate = yield* Deferred.make<void>()
        const conflict = new KubeErrors.Conflict({ message: "modified" })
        data.turns.writes.push({ before: Effect.andThen(Deferred.await(gate), Effect.fail(conflict)) })
        yield* ask(soapKey, request(1))
        const hanging = yield* Effect.forkChild(mayBeSent(soapKey), { startImmediately: true })
        yield* settled
        assert.isTrue(isGranted(yield* ask(restKey, request(1))))
        assert.isTrue(yield* mayBeSent(restKey))
        yield* Deferred.succeed(gate, undefined)
        assert.isFalse(yield* Fiber.join(hanging))
        assert.isTrue(yield* isOpen(restKey))
        assert.isFalse(yield* isOpen(soapKey))
        assert.deepStrictEqual(entries(data, soapKey), [])
        assert.deepStrictEqual(entries(data, restKey), [shown(1, "Intended")])
      })
    )
  )
})

describe("the limits", () => {
  it.effect("of REST keep what is left for failovers, and say so", () =>
    Effect.gen(function* () {
      const { use } = yield* termOver({ data: FakeData.make() })
      yield* use(open(restKey))
      const upkeep = (n: number) => use(ask(restKey, request(n, { purpose: "Upkeep" })))
      for (const n of [1, 2, 3, 4]) assert.isTrue(isGranted(yield* upkeep(n)))
      const fifth = yield* upkeep(5)
      assert.strictEqual(
        fifth._tag === "Waits" ? fifth.message : undefined,
        "what is left of the account's 10 moves of 5m 1s is for failovers"
      )
      for (const n of [5, 6, 7, 8, 9, 10]) assert.isTrue(isGranted(yield* use(ask(restKey, request(n)))))
      assert.isFalse(isGranted(yield* use(ask(restKey, request(11)))))
    }).pipe(Effect.scoped)
  )

  it.effect("have as many moves as the settings say, and two fifths of them for what can wait", () =>
    Effect.gen(function* () {
      const environment = {
        NETCUP_SHORT_WINDOW_MOVES: "15",
        NETCUP_LONG_WINDOW_MOVES: "40",
        NETCUP_LONG_WINDOW: "302s"
      }
      const { use } = yield* termOver({ data: FakeData.make(), environment })
      yield* use(open(restKey))
      const granted = (n: number, purpose: MoveRequest["purpose"]) =>
        Effect.map(use(ask(restKey, { ...request(n), purpose })), isGranted)
      for (let n = 1; n <= 6; n++) assert.isTrue(yield* granted(n, "Upkeep"), `${n}`)
      assert.isFalse(yield* granted(7, "Upkeep"))
      for (let n = 7; n <= 15; n++) assert.isTrue(yield* granted(n, "Failover"), `${n}`)
      assert.isFalse(yield* granted(16, "Failover"))
    }).pipe(Effect.scoped)
  )

  it.effect("are as long as the settings say", () =>
    Effect.gen(function* () {
      const environment = {
        NETCUP_MOVE_INTERVAL: "7s",
        NETCUP_SHORT_WINDOW: "11s",
        NETCUP_LONG_WINDOW: "60s"
      }
      const { use } = yield* termOver({ data: FakeData.make(), environment })
      yield* use(Effect.andThen(open(soapKey), open(restKey)))
      const end = (account: typeof soapKey, grant: Grant) =>
        use(Ledgers.use((ledgers) => ledgers.end(account, ticketOf(grant), { _tag: "Done" })))
      yield* end(soapKey, yield* use(ask(soapKey, request(1))))
      assert.strictEqual(until(yield* use(ask(soapKey, request(1)))), 7_000)
      for (const at of [0, 11_000]) {
        yield* TestClock.setTime(at)
        for (let n = 1; n <= 10; n++) yield* end(restKey, yield* use(ask(restKey, request(n))))
        assert.strictEqual(until(yield* use(ask(restKey, request(11)))), at === 0 ? 11_000 : 60_000)
      }
    }).pipe(Effect.scoped)
  )
})
