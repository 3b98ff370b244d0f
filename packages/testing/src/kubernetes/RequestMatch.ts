/**
 * Which requests to the Kubernetes API a rule or a question is about.
 */

/** What is known of a request on its arrival. */
export interface RequestHead {
  /** `GET`, `PATCH`, … */
  readonly verb: string
  /** Without the query. */
  readonly path: string
  /** A GET that asks for a stream of changes. */
  readonly watch: boolean
}

/** Absent conditions match everything. */
export interface RequestMatch {
  readonly verb?: string
  readonly path?: RegExp | ((path: string) => boolean)
  readonly watch?: boolean
}

export const matches = ({ verb, path, watch }: RequestMatch, head: RequestHead): boolean =>
  (verb === undefined || verb === head.verb) &&
  (watch === undefined || watch === head.watch) &&
  (path === undefined || (path instanceof RegExp ? head.path.search(path) >= 0 : path(head.path)))
