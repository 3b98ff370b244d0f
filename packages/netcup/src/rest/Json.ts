/**
 * JSON as netcup means it: a field that is null is one that is absent.
 */
import * as Result from "effect/Result"

/** Parses; fails on what is no JSON, and on what is nested deeper than the engine can follow. */
export const parse = (text: string): Result.Result<unknown, "no JSON"> =>
  Result.try({
    try: (): unknown => JSON.parse(text, (_, value: unknown) => (value === null ? undefined : value)),
    catch: () => "no JSON" as const
  })
