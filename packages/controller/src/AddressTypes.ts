import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"

/** Types of a node's addresses that are addresses: names would need DNS, which may have died with the node. */
const AddressType = Schema.Literals(["InternalIP", "ExternalIP"])
type AddressType = typeof AddressType.Type

const isType = Schema.is(AddressType)

/** One or more, the one that counts most first: `InternalIP,ExternalIP`. */
export const AddressTypes = Schema.String.pipe(
  Schema.decodeTo(
    Schema.Array(AddressType),
    SchemaTransformation.transformEffect({
      decode: (text, options) => {
        const types = text.split(",").map((type) => type.trim())
        return types.every(isType)
          ? Effect.succeed<ReadonlyArray<AddressType>>(types)
          : Effect.fail(
              new SchemaIssue.InvalidValue(
                { message: `Expected InternalIP, ExternalIP, or both with a comma between, got "${text}"` },
                text,
                options
              )
            )
      },
      encode: (types) => Effect.succeed(types.join(","))
    })
  )
)
