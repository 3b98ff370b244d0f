import { assert, describe, it } from "@effect/vitest"
import * as Pace from "@netcup-failover/controller/Pace"
import * as NetcupError from "@netcup-failover/netcup/NetcupError"
import * as Arbitrary from "effect/Arbitrary"
import * as Duration from "effect/Duration"
import { between, oneOf } from "./Choice.ts"

const settings: Pace.PaceSettings = {
  limitRetryInterval: Duration.seconds(30),
  credentialsRetryInterval: Duration.minutes(5),
  maxBackoff: Duration.seconds(10)
}

const now = Date.parse("2026-11-22T12:00:00Z")
const message = "no"
const limited = (retryAt?: number) =>
  new NetcupError.RateLimited({ message, ...(retryAt === undefined ? {} : { retryAt }) })

/** Any time around now, in ms from it. */
const offset = oneOf(0, 1, -1, 1_000, -1_000, 120_000, -120_000, -300_999, -301_000, -301_001, -600_000, 600_000)
const reason: Arbitrary.Arbitrary<NetcupError.NetcupErrorReason> = Arbitrary.flatMap(
  Arbitrary.all([between(0, 14), offset]),
  ([kind, at]) =>
    Arbitrary.Constant(
      [
        limited(),
        limited(now + at),
        new NetcupError.InvalidCredentials({ message }),
        new NetcupError.AddressNotFound({ message }),
        new NetcupError.ServerNotFound({ message }),
        new NetcupError.NoInterface({ message }),
        new NetcupError.Refused({ message }),
        new NetcupError.Unreachable({ message }),
        new NetcupError.MalformedAnswer({ message }),
        new NetcupError.UnknownOutcome({ message }),
        new NetcupError.LoginExpired({ message }),
        new NetcupError.WrongSite({ message }),
        new NetcupError.ServerNotRunning({ message }),
        new NetcupError.TaskFailed({ message, taskId: "task", state: "ERROR" }),
        new NetcupError.Unreachable({ message, retryAt: now + at })
      ][kind] ?? limited()
    )
)
const failures = oneOf(1, 2, 3, 4, 5, 6, 10, 31, 32, 33, 64, 1_024, 1_025, 5_000)
const random = Arbitrary.map(between(0, 1_000), (n) => n / 1_000)
const seconds = Arbitrary.map(between(1, 3_600), Duration.seconds)

describe("backoff", () => {
  it("doubles from a second until it is the longest", () => {
    assert.deepStrictEqual(
      [1, 2, 3, 4, 5, 6].map((n) => Pace.backoff(n, 0.5, settings.maxBackoff)),
      [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]
    )
  })

  it("is spread by a fifth to each side", () => {
    assert.strictEqual(Pace.backoff(1, 0, settings.maxBackoff), 800)
    assert.approximately(Pace.backoff(1, 1, settings.maxBackoff), 1_200, 1e-6)
  })

  it.prop(
    "is never under 0.8 s nor over 1.2 times the longest",
    { failures, random, maxBackoff: seconds },
    ({ failures, random, maxBackoff }) => {
      const pause = Pace.backoff(failures, random, maxBackoff)
      assert.isAtLeast(pause, 800)
      assert.isAtMost(pause, 1.2 * Duration.toMillis(maxBackoff) + 1e-6)
    }
  )

  it.prop(
    "does not shrink with more failures, but for its jitter",
    { failures, more: between(0, 10), random, other: random, maxBackoff: seconds },
    ({ failures, more, random, other, maxBackoff }) => {
      const pause = Pace.backoff(failures, random, maxBackoff)
      assert.isAtLeast(Pace.backoff(failures + more, random, maxBackoff), pause)
      assert.isAtLeast(Pace.backoff(failures + more, other, maxBackoff), (pause * 0.8) / 1.2 - 1e-6)
    }
  )
})

describe("the next attempt", () => {
  const at = (failure: Omit<Pace.Failure, "api">, random = 0.5, api: Pace.Failure["api"] = "soap") =>
    Pace.nextAttemptAt({ ...failure, api }, now, random, settings) - now

  it.prop(
    "is always to come, and its time can be written down",
    { reason, failures, random },
    ({ reason, failures, random }) => {
      const next = Pace.nextAttemptAt({ reason, failures, api: "soap" }, now, random, settings)
      assert.isAbove(next, now)
      assert.isTrue(Number.isFinite(next))
    }
  )

  it("is at the end of a limit that netcup names, whatever else is known", () => {
    assert.strictEqual(at({ reason: limited(now + 77_000), failures: 1 }), 77_000)
    assert.strictEqual(at({ reason: limited(now + 77_000), failures: 9 }, 1), 77_000)
  })

  it("of a limit whose end nobody knows comes after each interval, however often it failed", () => {
    for (const failures of [1, 2, 20]) assert.strictEqual(at({ reason: limited(), failures }, 1), 30_000)
  })

  it("of a limit that should have ended comes after an interval too", () => {
    for (const retryAt of [now, now - 1, 0]) assert.strictEqual(at({ reason: limited(retryAt), failures: 1 }), 30_000)
  })

  for (const Reason of [NetcupError.InvalidCredentials, NetcupError.LoginExpired]) {
    it(`with credentials of ${Reason.name} comes after their own interval`, () => {
      for (const failures of [1, 7]) {
        assert.strictEqual(at({ reason: new Reason({ message }), failures }, 0), 300_000)
      }
    })
  }

  for (const Reason of [
    NetcupError.AddressNotFound,
    NetcupError.ServerNotFound,
    NetcupError.WrongSite,
    NetcupError.ServerNotRunning,
    NetcupError.NoInterface,
    NetcupError.Refused
  ]) {
    it(`after ${Reason.name} waits for an interval, since somebody has to change something`, () => {
      for (const failures of [1, 7]) assert.strictEqual(at({ reason: new Reason({ message }), failures }, 0), 30_000)
    })
  }

  it("where netcup is left alone until then comes soon after, spread over a second, and no later than by backing off", () => {
    const quiet = (millis: number) => new NetcupError.Unreachable({ message, retryAt: now + millis })
    assert.deepStrictEqual(
      [0, 0.5, 1].map((random) => at({ reason: quiet(500), failures: 5 }, random)),
      [500, 1_000, 1_500]
    )
    assert.strictEqual(at({ reason: quiet(20_000), failures: 1 }), 1_000)
    for (const past of [0, -5_000]) assert.strictEqual(at({ reason: quiet(past), failures: 5 }, 0), 100)
  })

  for (const reason of [
    new NetcupError.Unreachable({ message }),
    new NetcupError.TokenNotKept({ message }),
    new NetcupError.MalformedAnswer({ message }),
    new NetcupError.UnknownOutcome({ message })
  ]) {
    it(`after ${reason._tag} backs off`, () => {
      const pauses = [1, 2, 3, 9].map((failures) => at({ reason, failures }))
      assert.deepStrictEqual(pauses, [1_000, 2_000, 4_000, 10_000])
      assert.strictEqual(at({ reason, failures: 1 }, 0), 800)
    })
  }

  it("after TaskFailed is soon once, and then ever later: netcup counts what it gives up", () => {
    const reason = new NetcupError.TaskFailed({ message, taskId: "task", state: "ROLLBACK" })
    const pauses = [1, 2, 3, 4, 9].map((failures) => at({ reason, failures }))
    assert.deepStrictEqual(pauses, [1_000, 30_000, 60_000, 120_000, 600_000])
  })

  it("of a netcup that is down comes when it is tried again, or a little later, and no later than without being told", () => {
    const down = new NetcupError.Unreachable({ message, retryAt: now + 3_000 })
    assert.strictEqual(at({ reason: down, failures: 9 }, 0), 3_000)
    assert.strictEqual(at({ reason: down, failures: 9 }, 1), 4_000)
    assert.strictEqual(at({ reason: down, failures: 1 }), 1_000)
    for (const retryAt of [now, now - 60_000]) {
      assert.strictEqual(at({ reason: new NetcupError.Unreachable({ message, retryAt }), failures: 9 }, 0), 100)
    }
  })

  it("with refused credentials is sooner for a token: it cannot be locked by trying, and a gateway may have erred", () => {
    const refused = new NetcupError.InvalidCredentials({ message })
    assert.strictEqual(at({ reason: refused, failures: 1 }, 0, "rest"), 30_000)
    assert.strictEqual(at({ reason: refused, failures: 1 }, 0, "soap"), 300_000)
    assert.strictEqual(at({ reason: new NetcupError.LoginExpired({ message }), failures: 1 }, 0, "rest"), 300_000)
  })
})
