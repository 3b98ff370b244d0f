/**
 * Flags that controllers made with controller-runtime commonly take, in the words of our settings. The seed's Go controller itself
 * reads none and ignores what it is given; so a Deployment that carries some goes on, or is told what to write.
 */
import * as Data from "effect/Data"

/** What a flag of others means here. */
export type Meaning = Data.TaggedEnum<{
  /** The same as this variable. */
  Same: { readonly variable: string }
  /** The same, in other words. */
  Words: { readonly variable: string; readonly words: Readonly<Record<string, string>> }
  /** What we always do: only `true` can be accepted, and changes nothing. */
  Always: { readonly instead: string }
  /** Nothing here. */
  None: { readonly instead: string }
}>
export const Meaning = Data.taggedEnum<Meaning>()

const same = (variable: string) => Meaning.Same({ variable })
const none = (instead: string) => Meaning.None({ instead })

export const seedFlags: Readonly<Record<string, Meaning>> = {
  "--health-probe-bind-address": same("HEALTH_ADDR"),
  "--metrics-bind-address": same("METRICS_ADDR"),
  "--leader-elect": Meaning.Always({ instead: "a leader is always elected: leave the flag out" }),
  "--leader-elect-lease-duration": same("LEASE_DURATION"),
  "--leader-elect-renew-deadline": same("LEASE_RENEW_DEADLINE"),
  "--leader-elect-retry-period": same("LEASE_RETRY_PERIOD"),
  "--zap-log-level": Meaning.Words({
    variable: "LOG_LEVEL",
    words: { debug: "Debug", info: "Info", warn: "Warn", error: "Error" }
  }),
  "--zap-encoder": Meaning.Words({ variable: "LOG_FORMAT", words: { json: "json", console: "pretty" } }),
  "--zap-devel": none("write --log-level=Debug --log-format=pretty"),
  "--zap-stacktrace-level": none("leave it out: bugs are always logged with their stack"),
  "--zap-time-encoding": none("leave it out: times are always ISO 8601 in UTC"),
  "--leader-election-id": none("leave it out: the Lease's name is fixed, and the Go controller's"),
  "--leader-election-namespace": none("write --pod-namespace, which says where the ledgers and tokens are too"),
  "--metrics-secure": none("leave it out: metrics are plain HTTP; limit who reaches the port by a NetworkPolicy"),
  "--enable-http2": none("leave it out")
}
