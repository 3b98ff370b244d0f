/**
 * Splits text that comes in arbitrary pieces into lines. What follows the last newline is not a line: a watch that was cut
 * mid-line sends that event again.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { MalformedAnswer } from "./KubeError.ts"

/** @param longest the most characters of a line, since a line without an end must not fill the memory */
export const split =
  (longest: number) =>
  <E, R>(self: Stream.Stream<string, E, R>): Stream.Stream<string, E | MalformedAnswer, R> =>
    Stream.mapAccumEffect(
      self,
      () => "",
      (open, chunk) => {
        const [head = "", ...tail] = chunk.split("\n")
        const lines = [open + head, ...tail]
        const rest = lines.pop() ?? ""
        return rest.length > longest || lines.some((line) => line.length > longest)
          ? Effect.fail(new MalformedAnswer({ message: `a line of more than ${longest} characters` }))
          : Effect.succeed([rest, lines.filter((line) => line.trim() !== "")])
      }
    )
