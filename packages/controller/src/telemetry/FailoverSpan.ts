/**
 * The names of spans: what users search for, so a closed list. `docs/telemetry.md` explains them.
 */

/** From the first sign against a node that failed, or else the signal that caused a move of a group, to its confirmed route. */
export const root = "failover"

/** One sign against the node that is left, from its first sight to the node's conviction. */
export const sign = "failover.sign"

/** The pass of the loop that decided on it. */
export const decide = "failover.decide"
/** The ledger is written, before netcup is told. */
export const ledger = "failover.ledger"
/** The status is written: what has begun, as a rule with what came of it. */
export const status = "failover.status"
/** One address is routed; the calls to netcup are below it. */
export const route = "failover.route"
/** The pass of the loop that found all addresses where they belong. */
export const confirm = "failover.confirm"

const own: ReadonlySet<string> = new Set([root, sign, decide, ledger, status, route, confirm])

/** Calls to netcup have names of their own: `netcup.API.OPERATION`. */
export const isListed = (name: string): boolean => own.has(name) || /^netcup\.(?:soap|rest|login)\./u.test(name)
