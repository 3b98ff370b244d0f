import { assert, describe, it } from "@effect/vitest"
import type { Candidate } from "@netcup-failover/core/Candidate"
import { NodeName } from "@netcup-failover/core/Candidate"
import * as ServerMapping from "@netcup-failover/core/ServerMapping"
import type { ServerName } from "@netcup-failover/core/ServerName"
import { fromDeclared } from "@netcup-failover/core/Verdict"
import * as Arbitrary from "effect/Arbitrary"
import { address, candidate, node, oneOf, server } from "./Worlds.ts"

const { ServerMapping: Mapping } = ServerMapping

const dead = fromDeclared({ ready: "False", deleting: false })
const lost = (n: number, more: Partial<Candidate> = {}) => candidate(n, { server: undefined, ...more })

/** Server `n` has the addresses 203.0.113.n and 2001:db8:100:n::/64, and is called `web-n`. */
const identity = (n: number, more: Partial<ServerMapping.ServerIdentity> = {}): ServerMapping.ServerIdentity => ({
  name: server(n),
  addresses: [address(`203.0.113.${n}/32`).prefix, address(`2001:db8:100:${n}::/64`).prefix],
  names: [`web-${n}`, `s${n}.netcup.example`],
  ...more
})

const knownOf = (
  identities: ReadonlyArray<ServerMapping.ServerIdentity>,
  ...failover: ReadonlyArray<string>
): ServerMapping.Known => ({
  identities: new Map(identities.map((one) => [one.name, one])),
  failover: new Set(failover.map((text) => address(text).prefix))
})

const known = knownOf([identity(1), identity(2), identity(3)], "198.51.100.1/32", "2001:db8:f::/64")

/** What becomes of the first of these nodes. */
const first = (nodes: ReadonlyArray<Candidate>, what = known) =>
  ServerMapping.map(nodes, what).get(nodes[0]?.name ?? node(0))
const byAddress = (n: number) => Mapping.Mapped({ server: server(n), by: "address" })
const byName = (n: number) => Mapping.Mapped({ server: server(n), by: "name" })

describe("a node without annotation", () => {
  for (const [what, more, found] of [
    ["an IPv4 address of a server", { addresses: ["203.0.113.2"] }, byAddress(2)],
    ["an address in a server's IPv6 prefix", { addresses: ["2001:db8:100:2:aaff:fe00::1"] }, byAddress(2)],
    ["both", { addresses: ["2001:db8:100:2::1", "203.0.113.2"] }, byAddress(2)],
    ["a server's address and another one's name", { addresses: ["203.0.113.2"], names: ["web-3"] }, byAddress(2)],
    ["the nickname of a server", { names: ["n1", "WEB-2"] }, byName(2)],
    ["the host name of a server", { names: ["s2.netcup.example"] }, byName(2)],
    ["a name that begins with netcup's for a server", { names: ["s2.elsewhere.example"] }, byName(2)],
    ["a provider's id that names a server", { names: ["n1", "s2"] }, byName(2)],
    [
      "a failover address, and a server's name",
      { addresses: ["198.51.100.1", "2001:db8:f::1"], names: ["web-2"] },
      byName(2)
    ],
    [
      "addresses of two servers",
      { addresses: ["203.0.113.3", "203.0.113.2"] },
      Mapping.Ambiguous({ servers: [server(2), server(3)] })
    ],
    ["names of two servers", { names: ["web-3", "web-2"] }, Mapping.Ambiguous({ servers: [server(2), server(3)] })],
    ["a public address of nobody's, and a server's name", { addresses: ["192.0.2.9"], names: ["web-2"] }, undefined],
    ["an address that only begins alike", { addresses: ["203.0.113.20", "2001:db8:100:20::1"] }, undefined],
    ["a failover address only", { addresses: ["198.51.100.1"] }, undefined],
    ["a name that only begins alike", { names: ["s20.netcup.example", "web-20"] }, undefined],
    ["nothing", {}, undefined]
  ] as const) {
    it(`with ${what} is ${found === undefined ? "no server" : found._tag === "Mapped" ? `that server, by its ${found.by}` : "neither"}`, () => {
      assert.deepStrictEqual(first([lost(1, more)]), found)
    })
  }

  it("whose address is a failover address that netcup lists with a server's own is not that server", () => {
    const moving = identity(2, { addresses: [address("198.51.100.1/32").prefix] })
    assert.isUndefined(first([lost(1, { addresses: ["198.51.100.1"] })], knownOf([moving], "198.51.100.1/32")))
    assert.deepStrictEqual(first([lost(1, { addresses: ["198.51.100.1"] })], knownOf([moving])), byAddress(2))
  })

  it("whose address netcup lists for two servers is neither", () => {
    const both = knownOf([identity(1), identity(2, { addresses: identity(1).addresses })])
    assert.deepStrictEqual(
      first([lost(1, { addresses: ["203.0.113.1"] })], both),
      Mapping.Ambiguous({ servers: [server(1), server(2)] })
    )
  })
})

describe("an annotation", () => {
  it("is the user's word: private addresses, names and addresses of nobody's say nothing against it", () => {
    assert.isUndefined(first([candidate(1)]))
    assert.isUndefined(first([candidate(1, { addresses: ["192.0.2.9"], names: ["web-2", "s2"] })]))
    assert.isUndefined(first([candidate(1, { addresses: ["198.51.100.1"] })]))
    assert.deepStrictEqual(ServerMapping.publicAddresses(["10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1"]), [])
    assert.deepStrictEqual(ServerMapping.publicAddresses(["127.0.1.1", "169.254.0.1", "fd00::1", "fe80::1", "::1"]), [])
    assert.deepStrictEqual(ServerMapping.publicAddresses(["0.0.0.0", "224.0.0.1", "::", "ff02::1", "x", ""]), [])
    assert.deepStrictEqual(
      ServerMapping.publicAddresses(["203.0.113.1", "203.0.113.1", "2001:DB8::0001", "100.63.0.1"]),
      ["203.0.113.1", "2001:db8::1", "100.63.0.1"]
    )
  })

  it("is contradicted by a public address of another server, and is not if its own server has one of them too", () => {
    assert.deepStrictEqual(
      first([candidate(1, { addresses: ["203.0.113.3", "203.0.113.2"] })]),
      Mapping.Contradicting({ server: server(1), other: server(2), address: "203.0.113.2" })
    )
    assert.isUndefined(first([candidate(1, { addresses: ["203.0.113.2", "203.0.113.1"] })]))
  })

  it("that names a server of another account is contradicted where the node has an address of one of these", () => {
    const foreign = candidate(1, { server: server(9), addresses: ["203.0.113.2"] })
    assert.strictEqual(first([foreign])?._tag, "Contradicting")
    assert.isUndefined(first([candidate(1, { server: server(9) })]))
  })
})

describe("two nodes that claim one server", () => {
  const shared = (n: number, ...others: ReadonlyArray<number>) =>
    Mapping.Shared({ server: server(n), nodes: others.map(node) })
  const twin = candidate(2, { server: server(1) })

  it("both have it in doubt, whatever they claim it by, if no claim is better", () => {
    const both = ServerMapping.map([candidate(1), twin], known)
    assert.deepStrictEqual([both.get(node(1)), both.get(node(2))], [shared(1, 2), shared(1, 1)])
    const copied = { addresses: ["203.0.113.1"] }
    const copies = ServerMapping.map([lost(1, copied), lost(2, copied)], known)
    assert.deepStrictEqual([copies.get(node(1)), copies.get(node(2))], [shared(1, 2), shared(1, 1)])
    const mixed = ServerMapping.map([candidate(1), lost(2, copied)], known)
    assert.deepStrictEqual([mixed.get(node(1)), mixed.get(node(2))], [shared(1, 2), shared(1, 1)])
  })

  it("leave it to the one whose annotation its address proves", () => {
    const proved = candidate(1, { addresses: ["203.0.113.1"] })
    const result = ServerMapping.map([proved, twin, lost(3, { addresses: ["203.0.113.1"] })], known)
    assert.deepStrictEqual(
      [...result],
      [
        [node(2), shared(1, 1, 3)],
        [node(3), shared(1, 1, 2)]
      ]
    )
  })

  it("leave it to the one that has its address, before one that has its name only", () => {
    const result = ServerMapping.map([lost(1, { addresses: ["203.0.113.1"] }), lost(2, { names: ["web-1"] })], known)
    assert.deepStrictEqual([result.get(node(1)), result.get(node(2))], [byAddress(1), shared(1, 1)])
  })

  it("dispute nothing once one of them has failed: it was set up anew under another name", () => {
    assert.deepStrictEqual([...ServerMapping.map([candidate(1, { verdict: dead }), twin], known)], [])
    const copied = { addresses: ["203.0.113.1"] }
    const result = ServerMapping.map([lost(1, { ...copied, verdict: dead }), lost(2, copied)], known)
    assert.deepStrictEqual([result.get(node(1)), result.get(node(2))], [byAddress(1), byAddress(1)])
  })
})

describe("what has to be identified", () => {
  const listed = [1, 2, 3].map(server)
  const toIdentify = (nodes: ReadonlyArray<Candidate>, ...identified: ReadonlyArray<number>) =>
    ServerMapping.toIdentify(nodes, listed, knownOf(identified.map((n) => identity(n))))

  it("is nothing where annotations are all that nodes say", () => {
    assert.deepStrictEqual(toIdentify([candidate(1), candidate(2)]), [])
  })

  it("is what proves an annotation, and everything where that does not", () => {
    const proved = candidate(1, { addresses: ["203.0.113.1"] })
    assert.deepStrictEqual(toIdentify([proved]), [server(1)])
    assert.deepStrictEqual(toIdentify([proved], 1), [])
    const wrong = candidate(1, { addresses: ["203.0.113.3"] })
    assert.deepStrictEqual(toIdentify([wrong]), [server(1)])
    assert.deepStrictEqual(toIdentify([wrong], 1), [server(2), server(3)])
    assert.deepStrictEqual(toIdentify([wrong], 1, 3), [])
  })

  it("is everything for a node without annotation, until it is found", () => {
    const node = lost(1, { addresses: ["203.0.113.3"] })
    assert.deepStrictEqual(toIdentify([node]), listed)
    assert.deepStrictEqual(toIdentify([node], 3), [])
    assert.deepStrictEqual(toIdentify([lost(1)], 1, 2), [server(3)])
    assert.deepStrictEqual(toIdentify([lost(1)], 1, 2, 3), [])
  })
})

/** A few nodes, each with some of all that can be said of it. */
const nodes = Arbitrary.all(
  [1, 2, 3, 4].map((n) =>
    Arbitrary.map(
      Arbitrary.all([
        oneOf<ServerName | undefined>(undefined, server(1), server(2), server(9)),
        oneOf<ReadonlyArray<string>>(
          [],
          ["203.0.113.1"],
          ["203.0.113.2"],
          ["203.0.113.2", "2001:db8:100:3::1"],
          ["192.0.2.1"],
          ["198.51.100.1"]
        ),
        oneOf<ReadonlyArray<string>>([], ["web-1"], ["s2.x"], ["web-3", "web-1"]),
        oneOf(false, true)
      ]),
      ([named, addresses, names, isDead]): Candidate =>
        candidate(n, { server: named, addresses, names, ...(isDead ? { verdict: dead } : {}) })
    )
  )
)

const often = { arbitrary: { runs: 500 } }

describe("a mapping", () => {
  it.prop(
    "does not depend on the order of nodes or servers",
    [nodes],
    ([all]) => {
      const reversed: ServerMapping.Known = { ...known, identities: new Map([...known.identities].reverse()) }
      assert.deepStrictEqual(
        new Map([...ServerMapping.map(all, known)].sort()),
        new Map([...ServerMapping.map(all.toReversed(), reversed)].sort())
      )
    },
    often
  )

  it.prop(
    "never gives one server to two nodes that live",
    [nodes],
    ([all]) => {
      const mapping = ServerMapping.map(all, known)
      const account = { servers: new Set([1, 2, 3].map(server)), routes: new Map(), mapping }
      const sure = all
        .filter((one) => one.verdict.state !== "Failed" && ServerMapping.doubtOf(one, mapping) === undefined)
        .flatMap((one) => ServerMapping.serverOf(one, account) ?? [])
      assert.strictEqual(new Set(sure).size, sure.length)
    },
    often
  )

  it.prop(
    "never goes against an annotation, and never doubts a node for one that has failed",
    [nodes],
    ([all]) => {
      const mapping = ServerMapping.map(all, known)
      for (const one of all) {
        const found = mapping.get(one.name)
        if (one.server !== undefined && found !== undefined && "server" in found)
          assert.strictEqual(found.server, one.server)
        if (found?._tag === "Shared")
          for (const rival of found.nodes)
            assert.strictEqual(all.find(({ name }) => name === NodeName.make(rival))?.verdict.state, "Healthy")
      }
    },
    often
  )

  it.prop(
    "is the same without nodes that have failed",
    [nodes],
    ([all]) => {
      const living = all.filter((one) => one.verdict.state !== "Failed")
      const mapping = ServerMapping.map(all, known)
      const alone = ServerMapping.map(living, known)
      for (const { name } of living) assert.deepStrictEqual(mapping.get(name), alone.get(name))
    },
    often
  )
})
