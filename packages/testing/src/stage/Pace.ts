/**
 * Real time, or the same made shorter: heartbeats, the control plane and the controller by one factor, so that a scenario that takes
 * minutes in life keeps its proportions.
 */
import * as Duration from "effect/Duration"
import type { NodeLifecycle } from "../kubernetes/ControlPlane.ts"
import type * as FakeKubelet from "../kubernetes/FakeKubelet.ts"

export interface Pace {
  /** 1 is real time. */
  readonly factor: number
  /** What takes so many seconds in life. */
  readonly seconds: (count: number) => Duration.Duration
  readonly beats: FakeKubelet.Beats
  readonly nodeLifecycle: NodeLifecycle
  /** What a controller has to be told. */
  readonly environment: Readonly<Record<string, string>>
}

/** A connect that takes longer than this is late even on a machine with other things to do. */
const leastTimeout = 250

/** As kubelets, clusters and the controller are in life, at `factor` of the time. */
export const make = (factor: number): Pace => {
  const millis = (seconds: number) => Math.round(seconds * 1000 * factor)
  const period = (seconds: number) => `${millis(seconds)}ms`
  const seconds = (count: number) => Duration.millis(millis(count))
  const probe = `${Math.max(millis(1), leastTimeout)}ms`
  return {
    factor,
    seconds,
    beats: { renewEvery: seconds(10), statusEvery: seconds(10) },
    nodeLifecycle: { gracePeriod: seconds(50), monitorPeriod: seconds(5) },
    environment: {
      LEASE_DURATION: `${Math.ceil(15 * factor)}s`,
      LEASE_RENEW_DEADLINE: period(10),
      LEASE_RETRY_PERIOD: period(2),
      DETECTION_LEASE_STALE_AFTER: period(15),
      DETECTION_SILENT_AFTER: period(5),
      DETECTION_RECOVERED_AFTER: period(10),
      DETECTION_GUARD_BURST: period(30),
      DETECTION_LEASE_WATCH_IDLE_LIMIT: period(12),
      PROBE_INTERVAL: probe,
      PROBE_TIMEOUT: probe,
      NETCUP_SUSPECT_INTERVAL: period(2)
    }
  }
}
