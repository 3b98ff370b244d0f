/**
 * Which spans leave the process: those of failovers, by a closed list of names. All others are passed over, so that the tree of a
 * failover does not depend on how the code is cut, and nothing that goes on in peace is traced.
 */
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as FailoverSpan from "./FailoverSpan.ts"

/** A span that nobody sees. What is below it is shown below what is above it; with nothing above, neither. */
class Unseen implements Tracer.Span {
  readonly _tag = "Span"
  readonly name: string
  readonly parent: Tracer.Span["parent"]
  readonly annotations: Tracer.Span["annotations"]
  readonly kind: Tracer.SpanKind
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
  readonly attributes: ReadonlyMap<string, unknown> = nothing
  readonly links: ReadonlyArray<Tracer.SpanLink> = []
  status: Tracer.SpanStatus

  constructor({ name, parent, annotations, kind, startTime }: Parameters<Tracer.Tracer["span"]>[0]) {
    const above = Option.getOrUndefined(parent)
    this.name = name
    this.parent = parent
    this.annotations = annotations
    this.kind = kind
    this.traceId = above?.traceId ?? "0".repeat(32)
    this.spanId = above?.spanId ?? "0".repeat(16)
    this.sampled = above?.sampled ?? false
    this.status = { _tag: "Started", startTime }
  }

  end(endTime: bigint, exit: Exit.Exit<unknown, unknown>): void {
    this.status = { _tag: "Ended", startTime: this.status.startTime, endTime, exit }
  }
  attribute(): void {}
  event(): void {}
  addLinks(): void {}
}

const nothing: ReadonlyMap<string, unknown> = new Map()

/** As `TraceIdRatioBased` of the specification: by the trace's id alone. */
const isSampled = (traceId: string, share: number): boolean => Number.parseInt(traceId.slice(-8), 16) < share * 2 ** 32

/**
 * A tracer that gives the spans of failovers to another.
 *
 * @param share of failovers that is traced, 0 to 1
 */
export const make = (exporter: Tracer.Tracer, share: number): Tracer.Tracer =>
  Tracer.make({
    span: (options) => {
      const isRoot = Option.isNone(options.parent)
      if (!FailoverSpan.isListed(options.name) || (isRoot && options.name !== FailoverSpan.root)) {
        return new Unseen(options)
      }
      const span = exporter.span(options)
      return isRoot && !isSampled(span.traceId, share) ? new Unseen(options) : span
    }
  })
