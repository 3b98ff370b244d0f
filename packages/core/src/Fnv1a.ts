/** Offset basis and prime of the 32-bit FNV-1a hash (draft-eastlake-fnv, section 5). */
const offsetBasis = 0x811c9dc5
const prime = 0x01000193

/**
 * 32-bit FNV-1a of the UTF-8 bytes of `text`, as an unsigned integer: what Go's `hash/fnv` `New32a` gives for
 * the same string, so that a group alone lands on the node that the Go controller chooses.
 */
export const hash32 = (text: string): number => {
  let hash = offsetBasis
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, prime)
  return hash >>> 0
}
