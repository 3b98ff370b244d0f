import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"

/** Where a server listens. `host: undefined`: on all addresses. */
const Endpoint = Schema.Struct({ host: Schema.UndefinedOr(Schema.String), port: Schema.Int })
export type SocketAddress = typeof Endpoint.Type

/** `host:port`, `[::1]:port` or `:port`. */
export const SocketAddress = Schema.String.pipe(
  Schema.decodeTo(
    Endpoint,
    SchemaTransformation.transformEffect({
      decode: (text, options) => {
        const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]*)):(\d{1,5})$/iu.exec(text)
        const port = Number(match?.[3])
        return match === null || port > 65_535
          ? Effect.fail(
              new SchemaIssue.InvalidValue({ message: `Expected host:port or :port, got "${text}"` }, text, options)
            )
          : Effect.succeed({ host: match[1] || match[2] || undefined, port })
      },
      encode: ({ host = "", port }) => Effect.succeed(`${host.includes(":") ? `[${host}]` : host}:${port}`)
    })
  )
)
