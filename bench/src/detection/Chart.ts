/**
 * Points over the phase of the heartbeat as SVG, in colours that can be read on light and on dark ground.
 */
export interface Series {
  readonly name: string
  readonly colour: string
  /** In seconds. */
  readonly points: ReadonlyArray<{ readonly phase: number; readonly took: number }>
}

const width = 720
const height = 400
const frame = { left: 56, right: 16, top: 48, bottom: 48 } as const
const grey = "#808080"

const steps = (last: number, step: number) => Array.from({ length: Math.floor(last / step) + 1 }, (_, i) => i * step)

const text = (x: number, y: number, words: string, more = "") => `<text x="${x}" y="${y}" ${more}>${words}</text>`

export const render = (title: string, all: ReadonlyArray<Series>): string => {
  const points = all.flatMap((one) => one.points)
  const lastPhase = Math.ceil(Math.max(10, ...points.map(({ phase }) => phase)))
  const last = 10 * Math.ceil(Math.max(10, ...points.map(({ took }) => took)) / 10)
  const x = (phase: number) => frame.left + (phase / lastPhase) * (width - frame.left - frame.right)
  const y = (took: number) => height - frame.bottom - (took / last) * (height - frame.top - frame.bottom)
  const line = (x1: number, y1: number, x2: number, y2: number, opacity: number) =>
    `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${grey}" stroke-opacity="${opacity}"/>`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="sans-serif" font-size="12" fill="${grey}">`,
    `<title>${title}</title>`,
    ...steps(last, 10).flatMap((took) => [
      line(frame.left, y(took), width - frame.right, y(took), took === 0 ? 1 : 0.3),
      text(frame.left - 8, y(took) + 4, String(took), 'text-anchor="end"')
    ]),
    ...steps(lastPhase, 2).map((phase) =>
      text(x(phase), height - frame.bottom + 18, String(phase), 'text-anchor="middle"')
    ),
    text(width / 2, height - 10, "age of the last heartbeat when the power failed, in seconds", 'text-anchor="middle"'),
    text(frame.left, 18, "seconds from the power failure to the routing call"),
    ...all.flatMap(({ colour, name, points }, i) => [
      `<circle cx="${frame.left + 6 + i * 260}" cy="34" r="4" fill="${colour}"/>`,
      text(frame.left + 16 + i * 260, 38, name),
      ...points.map(
        ({ phase, took }) => `<circle cx="${x(phase).toFixed(1)}" cy="${y(took).toFixed(1)}" r="4" fill="${colour}"/>`
      )
    ]),
    "</svg>",
    ""
  ].join("\n")
}
