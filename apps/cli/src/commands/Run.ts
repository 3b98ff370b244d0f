/**
 * What all commands have in common: how they tell what they found, and how they end.
 */
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Failure from "../Failure.ts"
import * as Screen from "../Screen.ts"
import * as Shown from "../Shown.ts"

/** A result twice: for programs, and for people. */
export interface Output {
  readonly json: Schema.Json
  readonly text: string
}

export const json = Flag.Boolean("json").pipe(
  Flag.withDescription("Print JSON to stdout, of a failure too; see the README for the keys"),
  Flag.withDefault(false)
)

type Problem = Parameters<typeof Failure.of>[0]

/** Prints what a command found, or says how it failed. */
export const run = <E extends Problem, R>(asJson: boolean, command: Effect.Effect<Output, E, R>) =>
  command.pipe(
    Effect.scoped,
    Effect.mapError(Failure.of),
    Effect.tapError((failure) => (asJson ? Screen.print(Shown.json(failure.json)) : Effect.void)),
    Effect.flatMap((output) => Screen.print(asJson ? Shown.json(output.json) : output.text))
  )
