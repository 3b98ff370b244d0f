import * as Schema from "effect/Schema"

/** The name netcup gives a server, like `v1234567890123456789`; SOAP calls it `vserverName`, REST `name`. */
export const ServerName = Schema.NonEmptyString.pipe(Schema.brand("ServerName"))
export type ServerName = typeof ServerName.Type
