import { assert, describe, it } from "@effect/vitest"
import * as RouteMemory from "@netcup-failover/controller/observe/RouteMemory"
import type { ServerName } from "@netcup-failover/core/ServerName"
import * as Arbitrary from "effect/Arbitrary"
import { between, oneOf } from "../Choice.ts"
import { address, server } from "../Given.ts"

const one = address("198.51.100.1/32").prefix
const two = address("198.51.100.2/32").prefix
const [v1, v2, v3] = [server(1), server(2), server(3)]

type Told = RouteMemory.Read["told"]
const everywhere = { servers: [v1, v2, v3], failed: new Set<ServerName>() }

/** A read in which netcup told of both v1 and v2. */
const read = (startedAt: number, told: Told, more: Partial<RouteMemory.Read> = {}): RouteMemory.Read => ({
  ...everywhere,
  startedAt,
  told: new Map<ServerName, Iterable<typeof one>>([[v1, []], [v2, []], ...told]),
  ...more
})
const at = (startedAt: number, place: ServerName | undefined, more: Partial<RouteMemory.Read> = {}) =>
  read(startedAt, new Map(place === undefined ? [] : [[place, [one]]]), more)

/** A memory after these reads. */
const after = (...reads: ReadonlyArray<RouteMemory.Read>) => {
  const memory = RouteMemory.make()
  for (const each of reads) memory.learn(each)
  return memory
}
const placeOf = (memory: RouteMemory.RouteMemory, prefix = one) => memory.account()?.routes.get(prefix)

describe("the memory of an account", () => {
  it("is empty before the first read", () => {
    const memory = after()
    assert.isUndefined(memory.account())
    assert.isFalse(memory.holds(one, v1))
    assert.isFalse(memory.isDoubtful())
    assert.strictEqual(memory.unsure.size, 0)
  })

  it("is what the first read told", () => {
    const memory = after(
      read(
        0,
        new Map([
          [v1, [one]],
          [v2, [two]]
        ])
      )
    )
    assert.deepStrictEqual(memory.account(), {
      servers: new Set([v1, v2, v3]),
      routes: new Map([
        [one, v1],
        [two, v2]
      ]),
      unread: new Set<ServerName>()
    })
    assert.isTrue(memory.holds(one, v1))
    assert.isFalse(memory.holds(one, v2))
    assert.isTrue(memory.holds(two, v2))
    assert.isFalse(memory.isDoubtful())
  })

  it("has the servers of the last read", () => {
    assert.deepStrictEqual(after(at(0, v1), at(1, v1, { servers: [v2] })).account()?.servers, new Set([v2]))
  })

  it("is not changed where somebody holds what it was", () => {
    const memory = after(at(0, v1))
    const before = memory.account()
    memory.telling(one, 20_000)
    memory.arrived(one, v2)
    memory.learn(at(60_000, v2))
    assert.strictEqual(before?.routes.get(one), v1)
  })
})

describe("an address", () => {
  it("that is seen on another server is believed to be there at once", () => {
    const memory = after(at(0, v1), at(1, v2))
    assert.isTrue(memory.holds(one, v2))
    assert.isFalse(memory.holds(one, v1))
    assert.isFalse(memory.isDoubtful())
  })

  it("that a read does not find is believed gone at the second such read, and doubted until then", () => {
    const memory = after(at(0, v1), at(1, undefined))
    assert.isTrue(memory.holds(one, v1))
    assert.isTrue(memory.isDoubtful())
    memory.learn(at(2, undefined))
    assert.isUndefined(placeOf(memory))
    assert.isFalse(memory.isDoubtful())
    memory.learn(at(3, undefined))
    assert.isFalse(memory.isDoubtful())
  })

  it("that is found again was not missed: it takes two more reads to lose it", () => {
    for (const again of [v1, v2]) {
      const memory = after(at(0, v1), at(1, undefined), at(2, again))
      assert.isFalse(memory.isDoubtful())
      memory.learn(at(3, undefined))
      assert.isTrue(memory.holds(one, again))
      assert.isTrue(memory.isDoubtful())
    }
  })

  it("is missed by itself: what others do says nothing", () => {
    const both = new Map([[v1, [one, two]]])
    const memory = after(read(0, both), read(1, new Map([[v1, [two]]])), read(2, new Map([[v1, [one]]])))
    assert.isTrue(memory.holds(one, v1))
    assert.isTrue(memory.holds(two, v1))
    assert.isTrue(memory.isDoubtful())
  })

  it("that went with its server is not missed for ever", () => {
    const memory = after(at(0, v1), at(20_000, undefined))
    assert.isTrue(memory.isDoubtful())
    memory.learn({ ...everywhere, startedAt: 40_000, told: new Map([[v2, []]]) })
    assert.isUndefined(placeOf(memory))
    assert.isFalse(memory.isDoubtful())
  })

  it("on a server that is none of our nodes any more is not known", () => {
    const memory = after(at(0, v1), { ...everywhere, startedAt: 1, told: new Map([[v2, []]]) })
    assert.isUndefined(placeOf(memory))
  })
})

describe("a server that netcup does not tell about", () => {
  const silent = (startedAt: number, told: Told = new Map([[v2, []]])): RouteMemory.Read => ({
    ...everywhere,
    startedAt,
    told,
    failed: new Set([v1])
  })

  it("is unread, and doubted, while it never was read", () => {
    const memory = after(silent(0))
    assert.deepStrictEqual(memory.account()?.unread, new Set([v1]))
    assert.isTrue(memory.isDoubtful())
    memory.learn(at(1, v1))
    assert.deepStrictEqual(memory.account()?.unread, new Set())
    assert.isFalse(memory.isDoubtful())
  })

  it("keeps what it last had, however often it fails, and is not unread", () => {
    const memory = after(at(0, v1), silent(1), silent(2), silent(3))
    assert.isTrue(memory.holds(one, v1))
    assert.deepStrictEqual(memory.account()?.unread, new Set())
    assert.isFalse(memory.isDoubtful())
  })

  it("is no witness of what is missing", () => {
    const memory = after(at(0, v1), silent(1), at(2, undefined))
    assert.isTrue(memory.holds(one, v1))
    memory.learn(silent(3))
    assert.isTrue(memory.holds(one, v1))
    memory.learn(at(4, undefined))
    assert.isUndefined(placeOf(memory))
  })

  it("does not keep what is seen elsewhere", () => {
    assert.isTrue(after(at(0, v1), silent(1, new Map([[v2, [one]]]))).holds(one, v2))
  })

  it("that is asked for no more is not unread", () => {
    const memory = after(silent(0), { ...everywhere, startedAt: 1, told: new Map([[v2, []]]) })
    assert.deepStrictEqual(memory.account()?.unread, new Set())
    assert.isFalse(memory.isDoubtful())
  })
})

describe("a move of ours", () => {
  const moved = () => {
    const memory = after(at(0, v1))
    memory.telling(one, 20_000)
    memory.arrived(one, v2)
    return memory
  }

  it("is known as soon as netcup did as told, and not before", () => {
    const memory = after(at(0, v1))
    memory.telling(one, 20_000)
    assert.isTrue(memory.holds(one, v1))
    memory.arrived(one, v2)
    assert.isTrue(memory.holds(one, v2))
    assert.strictEqual(placeOf(memory), v2)
  })

  it("is not undone by a read that began less than ten seconds after it was told, but by a later one", () => {
    for (const startedAt of [0, 20_000, 29_999]) {
      const memory = moved()
      memory.learn(at(startedAt, v1))
      assert.isTrue(memory.holds(one, v2), `at ${startedAt}`)
    }
    const memory = moved()
    memory.learn(at(30_000, v1))
    assert.isTrue(memory.holds(one, v1))
  })

  it("is not known from a read before netcup has answered", () => {
    const memory = after(at(0, v1))
    memory.telling(one, 20_000)
    for (const place of [v2, undefined, undefined]) memory.learn(at(20_001, place))
    assert.isTrue(memory.holds(one, v1))
    memory.learn(at(30_000, v2))
    assert.isTrue(memory.holds(one, v2))
  })

  it("of an address that was nowhere leaves it nowhere until netcup has answered", () => {
    const memory = after(at(0, undefined))
    memory.telling(one, 20_000)
    memory.learn(at(20_001, v1))
    assert.isFalse(memory.holds(one, v1))
    memory.arrived(one, v2)
    memory.learn(at(20_002, undefined))
    assert.isTrue(memory.holds(one, v2))
  })

  it("that is told once more is as long in doubt as the last telling", () => {
    const memory = moved()
    memory.telling(one, 40_000)
    memory.learn(at(49_999, v1))
    assert.isTrue(memory.holds(one, v2))
    memory.learn(at(50_000, v1))
    assert.isTrue(memory.holds(one, v1))
  })

  it("that settles is not missed: a read that lacks it then is none of the two that are believed", () => {
    const memory = after(at(0, v1))
    memory.telling(one, 20_000)
    memory.arrived(one, v2)
    memory.learn(at(20_001, undefined))
    assert.isFalse(memory.isDoubtful())
    memory.learn(at(60_000, undefined))
    assert.strictEqual(placeOf(memory), v2)
    memory.learn(at(80_000, undefined))
    assert.isUndefined(placeOf(memory))
  })

  it("says nothing about other addresses", () => {
    const memory = moved()
    memory.learn(read(20_001, new Map([[v3, [two]]])))
    assert.isTrue(memory.holds(two, v3))
  })

  it("that ended before the first read is known from it on", () => {
    const memory = RouteMemory.make()
    memory.telling(one, 20_000)
    memory.arrived(one, v2)
    assert.isUndefined(memory.account())
    memory.learn(at(20_001, v1))
    assert.isTrue(memory.holds(one, v2))
  })

  it("is not lost to what was missed before it", () => {
    const memory = after(at(0, v1), at(1, undefined))
    memory.telling(one, 20_000)
    memory.arrived(one, v2)
    assert.isFalse(memory.isDoubtful())
    memory.learn(at(60_000, undefined))
    assert.isTrue(memory.holds(one, v2))
  })
})

describe("whatever is read and moved", () => {
  interface Step {
    readonly kind: "Read" | "Telling" | "Arrived"
    /** Where the address is said to be, or goes. */
    readonly place: ServerName | undefined
    readonly silent: ServerName | undefined
    /** In ms since the step before. */
    readonly pause: number
  }
  const step: Arbitrary.Arbitrary<Step> = Arbitrary.all({
    kind: oneOf<Step["kind"]>("Read", "Read", "Telling", "Arrived"),
    place: oneOf(undefined, v1, v2),
    silent: oneOf(undefined, v1, v2),
    pause: between(0, 15_000)
  })
  const steps = Arbitrary.array(step, { minLength: 1, maxLength: 30 })

  const readOf = ({ place, silent }: Step, startedAt: number): RouteMemory.Read => ({
    ...everywhere,
    startedAt,
    told: new Map([v1, v2].filter((each) => each !== silent).map((each) => [each, each === place ? [one] : []])),
    failed: new Set([v1, v2].filter((each) => each === silent))
  })

  const play = (all: ReadonlyArray<Step>, law: (memory: RouteMemory.RouteMemory, step: Step, now: number) => void) => {
    const memory = RouteMemory.make()
    let now = 0
    for (const each of all) {
      now += each.pause
      if (each.kind === "Read") memory.learn(readOf(each, now))
      else if (each.kind === "Telling") memory.telling(one, now)
      else if (each.place !== undefined) memory.arrived(one, each.place)
      law(memory, each, now)
    }
    return { memory, now }
  }

  it.prop("holds says what the account says", [steps], ([all]) => {
    play(all, (memory) => {
      for (const each of [v1, v2, v3]) assert.strictEqual(memory.holds(one, each), placeOf(memory) === each)
    })
  })

  it.prop("an address that was known is lost only by the second read that misses it", [steps], ([all]) => {
    let before: ServerName | undefined
    let misses = 0
    play(all, (memory, { kind, place, silent }) => {
      const isFound = place !== undefined && place !== silent
      if (kind === "Read" && !isFound && silent !== before) misses += 1
      const now = placeOf(memory)
      if (now === undefined && before !== undefined) assert.isAtLeast(misses, 2)
      if (kind === "Read" && isFound) misses = 0
      before = now
    })
  })

  it.prop("a read that begins ten seconds later tells where the address is", [steps, oneOf(v1, v2)], ([all, place]) => {
    const { memory, now } = play(all, () => undefined)
    memory.learn(at(now + 10_000, place))
    assert.isTrue(memory.holds(one, place))
    assert.isFalse(memory.isDoubtful())
  })

  it.prop("two reads that begin ten seconds later tell that it is nowhere", [steps], ([all]) => {
    const { memory, now } = play(all, () => undefined)
    memory.learn(at(now + 10_000, undefined))
    memory.learn(at(now + 10_001, undefined))
    assert.isUndefined(placeOf(memory))
    assert.isFalse(memory.isDoubtful())
  })

  it.prop("a server is unread exactly while it failed last and never was read", [steps], ([all]) => {
    const ever = new Set<ServerName>()
    play(all, (memory, { kind, silent }) => {
      if (kind !== "Read") return
      for (const each of [v1, v2]) if (each !== silent) ever.add(each)
      const unread = [v1, v2].filter((each) => each === silent && !ever.has(each))
      assert.deepStrictEqual([...(memory.account()?.unread ?? [])], unread)
      if (unread.length > 0) assert.isTrue(memory.isDoubtful())
    })
  })
})

describe("a server that netcup does not route to", () => {
  it("is known with the account once it is read, in what others hold too", () => {
    const memory = after()
    memory.notRunning(v1, true)
    memory.offSite(one, v2)
    assert.isUndefined(memory.account())
    memory.learn(at(0, v1))
    assert.deepStrictEqual(memory.account()?.notRunning, new Set([v1]))
    assert.deepStrictEqual(memory.account()?.offSite, new Map([[one, new Set([v2])]]))
  })

  it("is not known to the account where there is none", () => {
    const memory = after(at(0, v1))
    memory.notRunning(v1, true)
    memory.notRunning(v1, false)
    for (const key of ["notRunning", "offSite"]) assert.notProperty(memory.account(), key)
  })

  it("stays so whatever is read, until it is said to run again", () => {
    const memory = after(at(0, v1))
    for (const server of [v1, v2]) memory.notRunning(server, true)
    memory.learn(at(60_000, v1))
    memory.arrived(one, v2)
    assert.deepStrictEqual(memory.stopped(), new Set([v1, v2]))
    memory.notRunning(v1, false)
    assert.deepStrictEqual(memory.stopped(), new Set([v2]))
    assert.deepStrictEqual(memory.account()?.notRunning, new Set([v2]))
  })

  it("since it is at another site is so for that address alone, and each such server counts", () => {
    const memory = after(at(0, v1))
    memory.offSite(one, v2)
    memory.offSite(one, v3)
    memory.offSite(two, v1)
    assert.deepStrictEqual(
      memory.account()?.offSite,
      new Map([
        [one, new Set([v2, v3])],
        [two, new Set([v1])]
      ])
    )
    assert.deepStrictEqual(memory.stopped(), new Set())
  })

  it("is not changed where somebody holds what it was", () => {
    const memory = after(at(0, v1))
    memory.notRunning(v1, true)
    memory.offSite(one, v2)
    const before = memory.account()
    const stopped = memory.stopped()
    memory.notRunning(v1, false)
    memory.notRunning(v2, true)
    memory.offSite(one, v3)
    assert.deepStrictEqual(before?.notRunning, new Set([v1]))
    assert.deepStrictEqual(before?.offSite, new Map([[one, new Set([v2])]]))
    assert.deepStrictEqual(stopped, new Set([v1]))
  })
})
