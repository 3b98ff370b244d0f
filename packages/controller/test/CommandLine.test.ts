import { assert, describe, it } from "@effect/vitest"
import * as CommandLine from "@netcup-failover/controller/CommandLine"
import * as Setting from "@netcup-failover/controller/Setting"
import { settings } from "@netcup-failover/controller/Settings"
import { TelemetrySettings, telemetrySettings } from "@netcup-failover/controller/telemetry/TelemetrySettings"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"

const all = [...Setting.aboutAll(settings), ...Setting.aboutAll(telemetrySettings)]
const parse = (...args: ReadonlyArray<string>) => CommandLine.parse(args, all)
const flagsOf = (...args: ReadonlyArray<string>) =>
  Result.map(parse(...args), (request) => (request._tag === "Run" ? request.environment : request._tag))
const refusal = (...args: ReadonlyArray<string>) => {
  const result = parse(...args)
  return Result.isFailure(result) ? result.failure : assert.fail(`${args} was understood`)
}

describe("the command line", () => {
  for (const { flag, variable } of all) {
    if (flag === undefined) continue
    for (const args of [[`${flag}=some value`], [flag, "some value"]]) {
      it(`${args.join(" ")} sets ${variable}`, () => {
        assert.deepStrictEqual(flagsOf(...args), Result.succeed({ [variable]: "some value" }))
      })
    }

    it(`${flag} without its value is refused in words that name it`, () => {
      for (const args of [[flag], [`${flag}=`], [flag, "--log-level=Debug"]]) {
        assert.match(refusal(...args).message, new RegExp(`^${flag} needs a value[^\\n]*$`, "u"))
      }
    })
  }

  it("has a flag for each setting that is no secret, and none for two", () => {
    const flags = all.flatMap(({ flag }) => (flag === undefined ? [] : [flag]))
    assert.strictEqual(new Set(flags).size, flags.length)
    assert.deepStrictEqual(
      all.filter(({ flag }) => flag === undefined).map(({ variable }) => variable),
      [
        "NOTICE_WEBHOOK_URL",
        ...["", "TRACES_", "METRICS_", "LOGS_"].map((signal) => `OTEL_EXPORTER_OTLP_${signal}HEADERS`)
      ]
    )
  })

  it("refuses a secret without repeating it, and says where to put it", () => {
    const { message } = refusal("--otel-exporter-otlp-headers=authorization=geheim")
    assert.include(message, "environment variable OTEL_EXPORTER_OTLP_HEADERS")
    assert.notInclude(message, "geheim")
  })

  it("counts the last of equal flags", () => {
    assert.deepStrictEqual(flagsOf("--log-level=Debug", "--log-level", "Warn"), Result.succeed({ LOG_LEVEL: "Warn" }))
  })

  it("is understood when empty", () => {
    assert.deepStrictEqual(flagsOf(), Result.succeed({}))
  })

  for (const args of [
    ["--bogus"],
    ["--bogus=1"],
    ["-x"],
    ["--LOG_LEVEL=Debug"],
    ["--__proto__=1"],
    ["--constructor"]
  ]) {
    it(`refuses ${args.join(" ")}, which is unknown, with exit code 2`, () => {
      const error = refusal(...args)
      assert.match(error.message, /^unknown flag --?\w+ \(see --help\)$/u)
      assert.strictEqual(error[Runtime.errorExitCode], 2)
    })
  }

  it("refuses what is no flag", () => {
    assert.match(refusal("run").message, /^unexpected argument "run"/u)
    assert.match(refusal("--", "run").message, /^unexpected argument "run"/u)
  })

  it.prop("is refused in one line that no argument can break", [Schema.Array(Schema.String)], ([args]) => {
    const result = CommandLine.parse([...args, "a\nb\u001b[2J\u2028c"], all)
    if (Result.isFailure(result)) assert.match(result.failure.message, /^[^\p{Cc}\p{Zl}\p{Zp}]+$/u)
    else assert.notStrictEqual(result.success._tag, "Run")
  })

  for (const [args, expected] of [
    [["--health-probe-bind-address=:9001"], { HEALTH_ADDR: ":9001" }],
    [["--metrics-bind-address", ":9002"], { METRICS_ADDR: ":9002" }],
    [["--leader-elect", "--zap-log-level=debug"], { LOG_LEVEL: "Debug" }],
    [["--leader-elect=true", "--zap-encoder=console"], { LOG_FORMAT: "pretty" }],
    [["--leader-elect-lease-duration=30s"], { LEASE_DURATION: "30s" }],
    [["--leader-elect-renew-deadline=20s"], { LEASE_RENEW_DEADLINE: "20s" }],
    [["--leader-elect-retry-period=3s"], { LEASE_RETRY_PERIOD: "3s" }],
    [["--kubeconfig=/etc/kubeconfig"], { KUBECONFIG: "/etc/kubeconfig" }]
  ] as const) {
    it(`takes ${args.join(" ")}, as controllers in Go do`, () => {
      assert.deepStrictEqual(flagsOf(...args), Result.succeed(expected))
    })
  }

  for (const [arg, words] of [
    ["--leader-elect=false", "a leader is always elected"],
    ["--zap-log-level=5", "expected one of debug, info, warn, error"],
    ["--zap-devel", "write --log-level=Debug --log-format=pretty"],
    ["--leader-election-namespace=kube-system", "write --pod-namespace"],
    ["--leader-election-id=mine", "the Lease's name is fixed"]
  ] as const) {
    it(`refuses ${arg} and says what to write instead`, () => {
      const { message } = refusal(arg)
      assert.isTrue(message.startsWith(`${arg.split("=")[0]}: `), message)
      assert.include(message, words)
    })
  }

  it("asks for help and for the version, whatever else it says", () => {
    assert.deepStrictEqual(flagsOf("--bogus", "--help"), Result.succeed("Help"))
    assert.deepStrictEqual(flagsOf("-h"), Result.succeed("Help"))
    assert.deepStrictEqual(flagsOf("--version"), Result.succeed("Version"))
  })

  it.effect("goes before the environment, variable by variable", () =>
    Effect.gen(function* () {
      const environment = { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.25", LOG_LEVEL: "Warn" }
      const sampled = (flags: Readonly<Record<string, string>>) =>
        TelemetrySettings.use(({ sampled }) => Effect.succeed(sampled)).pipe(
          Effect.provide(TelemetrySettings.layer),
          Effect.provide(ConfigProvider.layer(CommandLine.over(flags, ConfigProvider.fromEnvRecord(environment))))
        )
      assert.strictEqual(yield* sampled({}), 0.25)
      // The name of the one begins with the other's.
      assert.strictEqual(yield* sampled({ OTEL_TRACES_SAMPLER_ARG: "0.5" }), 0.5)
      assert.strictEqual(yield* sampled({ OTEL_TRACES_SAMPLER: "always_off" }), 0)
    })
  )

  it("tells each setting in its help, with its default and its meaning", () => {
    const help = CommandLine.help(all)
    for (const { variable, standard, meaning } of all) {
      const [, entry = ""] = help.split(new RegExp(`(?:, |  )${variable}\\n`, "u"))
      const text = entry.split("\n").slice(0, 2).join("\n")
      assert.include(text, meaning.replaceAll("`", ""))
      if (standard !== "") assert.include(text, `default ${standard}`)
    }
  })
})
