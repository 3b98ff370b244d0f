/**
 * The command line tool: only wiring.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Cli from "./Cli.ts"

// A connection of its own for each call: on a kept one that netcup has closed meanwhile a routing change would be lost unseen.
const Platform = Layer.mergeAll(NodeServices.layer, NodeHttpClient.layerNodeHttp)

NodeRuntime.runMain(Effect.provide(Cli.run, Platform), { disableErrorReporting: true })
