/**
 * The process that runs in the cluster: command line, settings, Layers, signals. All else is in `packages/controller`.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { closingTimeOf } from "@netcup-failover/controller/act/Mover"
import * as PromptAgents from "@netcup-failover/controller/act/PromptAgents"
import * as CommandLine from "@netcup-failover/controller/CommandLine"
import * as Controller from "@netcup-failover/controller/Controller"
import * as OneLine from "@netcup-failover/controller/OneLine"
import { aboutAll } from "@netcup-failover/controller/Setting"
import { Settings, settings } from "@netcup-failover/controller/Settings"
import * as Logs from "@netcup-failover/controller/telemetry/Logs"
import * as Otlp from "@netcup-failover/controller/telemetry/Otlp"
import { TelemetrySettings, telemetrySettings } from "@netcup-failover/controller/telemetry/TelemetrySettings"
import { version } from "@netcup-failover/controller/Version"
import * as Cause from "effect/Cause"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"

const all = [...aboutAll(settings), ...aboutAll(telemetrySettings)]

const print = (text: string) => Effect.sync(() => process.stdout.write(text))

// A connection of its own for each call: on a kept one that netcup has closed meanwhile a routing change would be lost unseen.
const Http = NodeHttpClient.layerNodeHttpNoAgent.pipe(
  Layer.provide(
    Layer.effect(
      NodeHttpClient.HttpAgent,
      Effect.flatMap(Settings, (settings) => PromptAgents.make(closingTimeOf(settings)))
    )
  )
)

const ProcessLive = Otlp.layer.pipe(
  Layer.provideMerge(Layer.mergeAll(Http, Logs.layer)),
  Layer.provideMerge(Layer.mergeAll(Settings.layer, TelemetrySettings.layer))
)

const controller = (flags: Readonly<Record<string, string>>) =>
  Controller.run.pipe(
    Effect.tapDefect((defect) => Effect.logFatal("a bug: please report it", defect)),
    Effect.provide(ProcessLive),
    Effect.provide(ConfigProvider.layer(CommandLine.over(flags, ConfigProvider.fromEnv())))
  )

const main = Effect.fromResult(CommandLine.parse(process.argv.slice(2), all)).pipe(
  Effect.flatMap(
    CommandLine.Request.$match({
      Help: () => print(CommandLine.help(all)),
      Version: () => print(`${version}\n`),
      Run: ({ environment }) => controller(environment)
    })
  ),
  // One readable line; a defect is a bug, and shows all that is known of it.
  Effect.tapError((error) =>
    Effect.sync(() => process.stderr.write(`netcup-failover-controller: ${OneLine.escape(error.message)}\n`))
  )
)

NodeRuntime.runMain(main, {
  disableErrorReporting: true,
  // SIGTERM interrupts; a Pod that ends as it was told to has not failed.
  teardown: (exit, onExit) =>
    Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) ? onExit(0) : Runtime.defaultTeardown(exit, onExit)
})
