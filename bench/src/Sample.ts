/**
 * Numbers of several runs.
 */

export type Sample = ReadonlyArray<number>

export const median = (sample: Sample): number => {
  const sorted = sample.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const at = (i: number) => sorted[i] ?? Number.NaN
  return Number.isInteger(middle) ? (at(middle - 1) + at(middle)) / 2 : at(Math.floor(middle))
}

/** The smallest number that so large a share of the sample does not exceed. */
export const quantile = (sample: Sample, share: number): number =>
  sample.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(sample.length * share) - 1)] ?? Number.NaN

/** `median (least–most)` */
export const text = (sample: Sample, digits: number): string => {
  const shown = (value: number) => value.toFixed(digits)
  return `${shown(median(sample))} (${shown(Math.min(...sample))}–${shown(Math.max(...sample))})`
}
