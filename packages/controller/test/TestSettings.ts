import { Settings } from "@netcup-failover/controller/Settings"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Layer from "effect/Layer"

type Environment = Readonly<Record<string, string>>

/** The settings that an environment gives: the standard ones but for what it names. */
export const settingsOf = (environment: Environment = {}) =>
  Settings.layer.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(environment))))
