/**
 * Ways to start the process that were considered: each is the image's own with one thing changed.
 */
import type { Program } from "./Program.ts"

export interface Variant {
  readonly name: string
  readonly of: (image: Program) => Program
}

const withFlag = (flag: string): Variant => ({
  name: `+ ${flag}`,
  of: (image) => ({ ...image, flags: [...image.flags, flag] })
})

const withEnvironment = (name: string, value: string): Variant => ({
  name: `+ ${name}=${value}`,
  of: (image) => ({ ...image, environment: { ...image.environment, [name]: value } })
})

const nothing: Variant = { name: "no flags at all", of: ({ node }) => ({ node, flags: [], environment: {} }) }

/** Without each of the image's flags and variables in turn, and with each of those that it does not have. */
export const all = (image: Program): ReadonlyArray<Variant> => [
  { name: "the image's", of: (same) => same },
  nothing,
  ...image.flags.map((flag) => ({
    name: `- ${flag}`,
    of: (same: Program) => ({ ...same, flags: same.flags.filter((one) => one !== flag) })
  })),
  ...Object.entries(image.environment).map(([name, value]) => ({
    name: `- ${name}=${value}`,
    of: (same: Program) => ({
      ...same,
      environment: Object.fromEntries(Object.entries(same.environment).filter(([one]) => one !== name))
    })
  })),
  ...[
    "--lite-mode",
    "--optimize-for-size",
    "--jitless",
    "--single-threaded",
    "--v8-pool-size=0",
    "--no-opt",
    "--max-semi-space-size=1",
    "--max-semi-space-size=2"
  ]
    .filter((flag) => !image.flags.includes(flag))
    .map(withFlag),
  ...(
    [
      ["UV_THREADPOOL_SIZE", "1"],
      ["NODE_COMPILE_CACHE", "/tmp/netcup-failover-compile-cache"]
    ] as const
  )
    .filter(([name]) => !(name in image.environment))
    .map(([name, value]) => withEnvironment(name, value))
]
