import type { AccountKey } from "@netcup-failover/core/Account"
import type { ServerName } from "@netcup-failover/core/ServerName"
import type { Credentials } from "@netcup-failover/netcup/Credentials"
import type { TokenStore } from "@netcup-failover/netcup/TokenStore"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as MutableHashMap from "effect/MutableHashMap"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { Settings } from "../Settings.ts"
import { Wake } from "../Wake.ts"
import * as NetcupAccount from "./NetcupAccount.ts"
import type * as NodeMapping from "./NodeMapping.ts"
import * as RouteMemory from "./RouteMemory.ts"

/** An account, and what ends it. */
interface Entry {
  readonly account: NetcupAccount.NetcupAccount
  readonly scope: Scope.Closeable
}

/**
 * The netcup accounts that groups use now, by their credentials: changed credentials are another account, read anew at once,
 * and unused ones are forgotten.
 */
export class Accounts extends Context.Service<
  Accounts,
  {
    /** Opens what is wanted and not open, closes the others, and names the servers that our nodes are. What a call under way does is remembered all the same. */
    readonly use: (
      wanted: ReadonlyArray<Credentials>,
      servers: ReadonlySet<ServerName>,
      seekers?: NodeMapping.Seekers
    ) => Effect.Effect<(credentials: Credentials) => NetcupAccount.NetcupAccount | undefined>
    /** Those that are open now. */
    readonly open: Effect.Effect<ReadonlyArray<NetcupAccount.NetcupAccount>>
  }
>()("@netcup-failover/controller/observe/Accounts") {
  static readonly layer = Layer.effect(
    Accounts,
    Effect.gen(function* () {
      const context = yield* Effect.context<HttpClient.HttpClient | Settings | TokenStore | Wake>()
      const scope = yield* Scope.Scope
      const wake = yield* Wake
      const accounts = MutableHashMap.empty<Credentials, Entry>()
      const ending = MutableHashMap.empty<Credentials, Entry>()

      const memories = new Map<AccountKey, RouteMemory.RouteMemory>()
      const memoryOf = (key: AccountKey) => {
        const memory = memories.get(key) ?? RouteMemory.make()
        memories.set(key, memory)
        return memory
      }

      const openOne = Effect.fnUntraced(function* (
        credentials: Credentials,
        servers: ReadonlySet<ServerName>,
        seekers: NodeMapping.Seekers | undefined
      ) {
        // Provided first: the captured context has our own scope, in which the account would outlive its closing.
        const own = yield* Scope.fork(scope)
        const account = yield* NetcupAccount.open(credentials, servers, memoryOf, seekers).pipe(
          Scope.provide(own),
          Effect.provide(context)
        )
        MutableHashMap.set(accounts, credentials, { account, scope: own })
      })

      /**
       * A login that ends may have a token to keep: no other account waits for that, and the same login is not opened again before,
       * lest one token be used by two.
       */
      const close = Effect.fnUntraced(function* (credentials: Credentials, entry: Entry) {
        MutableHashMap.set(ending, credentials, entry)
        yield* Scope.close(entry.scope, Exit.void).pipe(
          Effect.ensuring(Effect.sync(() => MutableHashMap.remove(ending, credentials))),
          Effect.andThen(wake.now),
          Effect.forkIn(scope)
        )
      })

      return Accounts.of({
        open: Effect.sync(() => Array.from(MutableHashMap.values(accounts), ({ account }) => account)),
        use: Effect.fnUntraced(function* (wanted, servers, seekers) {
          const open = [...MutableHashMap.keys(accounts)]
          for (const credentials of open) {
            if (wanted.some((one) => Equal.equals(one, credentials))) continue
            const entry = MutableHashMap.get(accounts, credentials)
            MutableHashMap.remove(accounts, credentials)
            if (Option.isSome(entry)) yield* close(credentials, entry.value)
          }
          for (const credentials of wanted) {
            const entry = MutableHashMap.get(accounts, credentials)
            if (Option.isSome(entry)) yield* entry.value.account.watchServers(servers, seekers)
            else if (!MutableHashMap.has(ending, credentials)) yield* openOne(credentials, servers, seekers)
          }
          const found = new Map(wanted.map((one) => [one, MutableHashMap.get(accounts, one)]))
          return (credentials) =>
            Option.getOrUndefined(
              Option.map(found.get(credentials) ?? MutableHashMap.get(accounts, credentials), ({ account }) => account)
            )
        })
      })
    })
  )
}
