/**
 * HTTP by `fetch`, put so that it is fit for changes.
 *
 * A connection for each request (docs/decisions/0004): `fetch` keeps connections, and a change written to one that netcup closed
 * meanwhile ends with nobody knowing whether it was heard. Browsers don't let programs choose that, and drop the header.
 * No redirects: a request carries credentials, which are for the one who was asked. And the error that `fetch` wraps into "fetch failed"
 * is taken out, since it tells whether a connection ever came to be.
 */
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"

const telling =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  (input, init) =>
    fetch(input, init).catch((error: unknown) =>
      Promise.reject(error instanceof TypeError && error.cause !== undefined ? error.cause : error)
    )

/** An HTTP client over the given `fetch`, or the platform's. */
export const layer = (fetch: typeof globalThis.fetch = globalThis.fetch): Layer.Layer<HttpClient.HttpClient> =>
  FetchHttpClient.layer.pipe(
    Layer.provide(Layer.succeed(FetchHttpClient.Fetch, telling(fetch))),
    Layer.provide(Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual", headers: { connection: "close" } }))
  )
