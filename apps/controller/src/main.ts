/**
 * The process that runs in the cluster: settings, Layers, signals. All else is in `packages/controller`.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Controller from "@netcup-failover/controller/Controller"
import * as ReplicaMetrics from "@netcup-failover/controller/report/metrics/ReplicaMetrics"
import { Settings } from "@netcup-failover/controller/Settings"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Runtime from "effect/Runtime"

/** Set by the bundler, from package.json. */
declare const CONTROLLER_VERSION: string

const Version = Layer.succeed(
  ReplicaMetrics.Version,
  typeof CONTROLLER_VERSION === "string" ? CONTROLLER_VERSION : "unbundled"
)

const Logs = Layer.unwrap(
  Effect.map(Settings, ({ logLevel }) =>
    Layer.mergeAll(Logger.layer([Logger.consoleJson]), Layer.succeed(References.MinimumLogLevel, logLevel))
  )
)

// A connection of its own for each call: on a kept one that netcup has closed meanwhile a routing change would be lost unseen.
const Http = NodeHttpClient.layerNodeHttp

const main = Controller.run.pipe(
  Effect.tapDefect((defect) => Effect.logFatal("a bug: please report it", defect)),
  Effect.provide(Layer.mergeAll(Http, Logs, Version).pipe(Layer.provideMerge(Settings.layer))),
  // One readable line; a defect is a bug, and shows all that is known of it.
  Effect.tapError((error) => Effect.sync(() => process.stderr.write(`netcup-failover-controller: ${error.message}\n`)))
)

NodeRuntime.runMain(main, {
  disableErrorReporting: true,
  // SIGTERM interrupts; a Pod that ends as it was told to has not failed.
  teardown: (exit, onExit) =>
    Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) ? onExit(0) : Runtime.defaultTeardown(exit, onExit)
})
