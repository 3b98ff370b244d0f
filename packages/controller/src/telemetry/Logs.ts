import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import { Settings } from "../Settings.ts"
import * as LogFact from "./LogFact.ts"

const loggers = {
  json: Logger.withConsoleLog(Logger.make((options) => LogFact.json(LogFact.make(options)))),
  pretty: Logger.withConsoleLog(Logger.make((options) => LogFact.pretty(LogFact.make(options))))
}

/** Logs on stdout, a line a fact, as the settings say. */
export const layer = Layer.unwrap(
  Effect.map(Settings, ({ logFormat, logLevel }) =>
    Layer.mergeAll(Logger.layer([loggers[logFormat]]), Layer.succeed(References.MinimumLogLevel, logLevel))
  )
)
