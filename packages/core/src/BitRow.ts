/**
 * A set of small integers, as bits: 32 of them are looked at together.
 */

export type BitRow = Int32Array

/** Empty, for members from 0 to `size` - 1. */
export const make = (size: number): BitRow => new Int32Array((size + 31) >>> 5)

export const has = (row: BitRow, member: number): boolean => (((row[member >>> 5] ?? 0) >>> (member & 31)) & 1) === 1

export const add = (row: BitRow, member: number): void => {
  row[member >>> 5] = (row[member >>> 5] ?? 0) | (1 << (member & 31))
}

export const remove = (row: BitRow, member: number): void => {
  row[member >>> 5] = (row[member >>> 5] ?? 0) & ~(1 << (member & 31))
}

/** Adds the members of `row` to `seen`, and visits, in ascending order, those that were new. */
export const visitNew = (row: BitRow, seen: BitRow, visit: (member: number) => void): void => {
  for (let word = 0; word < row.length; word++) {
    let fresh = (row[word] ?? 0) & ~(seen[word] ?? 0)
    seen[word] = (seen[word] ?? 0) | fresh
    while (fresh !== 0) {
      visit((word << 5) + 31 - Math.clz32(fresh & -fresh))
      fresh &= fresh - 1
    }
  }
}
