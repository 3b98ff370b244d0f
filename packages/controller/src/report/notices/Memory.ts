/**
 * What has been told, as the next leader finds it. Pure.
 */
import * as Schema from "effect/Schema"

/** How long ago a move may have been and still be told, in ms. What has been told is remembered for at least as long. */
export const newsFor = 24 * 60 * 60 * 1_000

/** Of a group: more than can become news within {@link newsFor} under netcup's limits, but for a group that goes astray. */
const rememberedIds = 100

/** Of these the ones that are remembered for longer: those of all moves that a status remembers. */
const lastingIds = 20

const Told = Schema.Struct({
  /** The ids of facts, newest last. */
  ids: Schema.Array(Schema.String),
  /** Since when (RFC 3339) the group is not routed, if that was told and its end was not. */
  failing: Schema.optionalKey(Schema.String)
})
export type Told = typeof Told.Type

export const Memory = Schema.Struct({
  /** RFC 3339: what happened earlier is no news, since nobody wanted notices then. */
  since: Schema.String,
  /** By uid. */
  groups: Schema.Record(Schema.String, Told),
  /** By `namespace/name`: since when (RFC 3339) the credentials fail, if that was told and its end was not. */
  secrets: Schema.Record(Schema.String, Schema.String),
  /** By `namespace/name`: the end (`YYYY-MM-DD`) of a login that was told last. */
  expiring: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
})
export type Memory = typeof Memory.Type

export const empty = (since: string): Memory => ({ since, groups: {}, secrets: {} })

/** What changes once a fact has been told. */
export type Telling =
  | { readonly _tag: "Group"; readonly uid: string; readonly ids: ReadonlyArray<string>; readonly failing?: string }
  | { readonly _tag: "Secret"; readonly name: string; readonly failing?: string }
  | { readonly _tag: "Expiring"; readonly name: string; readonly ends: string }

export const nothingTold: Told = { ids: [] }

/** An id is a word and a time; the time is behind this. */
export const mark = "@"

const timeOf = (id: string): number => Date.parse(id.slice(id.lastIndexOf(mark) + 1))

/** With one telling remembered. `failing` left out: it is over. */
export const remember = (memory: Memory, telling: Telling): Memory => {
  switch (telling._tag) {
    case "Group": {
      const before = (memory.groups[telling.uid] ?? nothingTold).ids
      const ids = [...before, ...telling.ids.filter((id) => !before.includes(id))].slice(-rememberedIds)
      const told = telling.failing === undefined ? { ids } : { ids, failing: telling.failing }
      return { ...memory, groups: { ...memory.groups, [telling.uid]: told } }
    }
    case "Secret": {
      const { [telling.name]: _, ...others } = memory.secrets
      const secrets = telling.failing === undefined ? others : { ...others, [telling.name]: telling.failing }
      return { ...memory, secrets }
    }
    case "Expiring":
      return { ...memory, expiring: { ...memory.expiring, [telling.name]: telling.ends } }
  }
}

const ofThose = (all: Readonly<Record<string, string>>, names: ReadonlySet<string>) =>
  Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name)))

/**
 * Without what can become no news again: facts that are long over, and groups and Secrets that are gone.
 *
 * @param now ms since the epoch
 */
export const prune = (
  { expiring, ...memory }: Memory,
  uids: ReadonlySet<string>,
  secrets: ReadonlySet<string>,
  now: number
): Memory => ({
  ...memory,
  ...(expiring === undefined ? {} : { expiring: ofThose(expiring, secrets) }),
  groups: Object.fromEntries(
    Object.entries(memory.groups).flatMap(([uid, told]) => {
      const isRecent = (id: string) => timeOf(id) > now - newsFor
      // One that only its watch does not show may be back soon.
      if (!uids.has(uid) && !told.ids.some(isRecent)) return []
      const ids = told.ids.filter((id, i) => i >= told.ids.length - lastingIds || isRecent(id))
      return [[uid, { ...told, ids }]]
    })
  ),
  secrets: ofThose(memory.secrets, secrets)
})
