/**
 * What a node's network is told to be: read as the systems read it, and asked of nobody who is not needed.
 */
import { fileURLToPath } from "node:url"
import { assert, it } from "@effect/vitest"
import * as NodeNetwork from "@netcup-failover/cli/network/NodeNetwork"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { parse, parseAllDocuments } from "yaml"
import { complaint, json, scenario } from "./Scene.ts"
import { readIni, readInterfaces } from "./SystemFiles.ts"

const own = "2001:db8:1:2:a8bb:ccff:fedd:eeff/64"
const addresses = ["--ip", "198.51.100.1/32", "--ip", "2001:db8::2/64"]
const offline = ["--interface", "eth0", ...addresses, "--mac", "aa:bb:cc:dd:ee:ff", "--native", "2001:db8:1:2::/64"]

/** An environment in which nothing can be asked. */
const nobody = { NETCUP_REST_URL: "nonsense", KUBECONFIG: "/nonexistent" }

scenario(
  "for each system the addresses and the node's own are there, and nobody is asked",
  ({ runWith, simulator }) =>
    Effect.gen(function* () {
      const snippet = (system: string, ...more: ReadonlyArray<string>) =>
        Effect.map(runWith(nobody, "network", "--for", system, ...offline, ...more), ({ code, stderr, stdout }) => {
          assert.strictEqual(code, 0, stderr)
          assert.strictEqual(stderr, "")
          return stdout
        })
      assert.deepStrictEqual(parse(yield* snippet("talos")), {
        machine: {
          network: {
            interfaces: [{ interface: "eth0", dhcp: true, addresses: ["198.51.100.1/32", "2001:db8::2/64", own] }]
          }
        }
      })
      assert.deepStrictEqual(
        parseAllDocuments(yield* snippet("talos-linkconfig")).map((document) => document.toJS()),
        [
          {
            apiVersion: "v1alpha1",
            kind: "LinkConfig",
            name: "eth0",
            addresses: [{ address: "198.51.100.1/32" }, { address: "2001:db8::2/64" }, { address: own }]
          },
          { apiVersion: "v1alpha1", kind: "DHCPv4Config", name: "eth0" }
        ]
      )
      assert.deepStrictEqual(parse(yield* snippet("netplan")), {
        network: {
          version: 2,
          ethernets: { eth0: { addresses: ["198.51.100.1/32", { "2001:db8::2/64": { lifetime: 0 } }, own] } }
        }
      })
      assert.deepStrictEqual(readIni(yield* snippet("systemd-networkd")), [
        ["Address", { Address: "198.51.100.1/32" }],
        ["Address", { Address: "2001:db8::2/64", PreferredLifetime: "0", DuplicateAddressDetection: "none" }],
        ["Address", { Address: own }]
      ])
      const add = (family: string, address: string, more = "") =>
        `ip${family} address replace ${address} dev eth0${more}`
      const del = (family: string, address: string) => `ip${family} address del ${address} dev eth0 2>/dev/null || true`
      assert.deepStrictEqual(readInterfaces(yield* snippet("ifupdown")), [
        {
          iface: "eth0 inet manual",
          up: [add("", "198.51.100.1/32")],
          down: [del("", "198.51.100.1/32")]
        },
        {
          iface: "eth0 inet6 manual",
          up: [add(" -6", "2001:db8::2/64", " preferred_lft 0 nodad"), add(" -6", own)],
          down: [del(" -6", "2001:db8::2/64"), del(" -6", own)]
        }
      ])
      assert.deepStrictEqual(parse(yield* snippet("k3s", "--node-ip", "203.0.113.5")), {
        "node-ip": "203.0.113.5",
        "flannel-iface": "eth0"
      })
      assert.deepStrictEqual(yield* simulator.journal.calls, [])
    }),
  { apis: ["rest"] }
)

scenario(
  "what the pages show is what works",
  ({ fs, runWith }) =>
    Effect.gen(function* () {
      for (const page of ["../README.md", "../../../docs/node-network.md"]) {
        const text = yield* fs.readFileString(fileURLToPath(new URL(page, import.meta.url)))
        const [, words = ""] = /netcup-failover (network [^#\n]*\\\n[^#\n]*)/u.exec(text) ?? []
        const ended = yield* runWith(nobody, ...words.split(/[\s\\]+/u).filter((word) => word !== ""))
        assert.strictEqual(ended.code, 0, `${page}: ${ended.stderr}`)
        assert.include(ended.stdout, "2001:db8:1:2:a8bb:ccff:fedd:eeff/64")
      }
    }),
  { apis: ["rest"] }
)

scenario(
  "each snippet says first where it goes and how it is applied, in comments that break no line of it",
  ({ runWith }) =>
    Effect.gen(function* () {
      const all = ["talos", "talos-linkconfig", "netplan", "systemd-networkd", "ifupdown", "k3s"]
      const flags = all.flatMap((system) => ["--for", system])
      const ended = yield* runWith(nobody, "network", ...flags, ...offline, "--node-ip", "203.0.113.5", "--json")
      const applied = [
        "talosctl patch mc",
        "talosctl patch mc",
        "netplan try",
        "networkctl reload",
        "up",
        "systemctl restart k3s"
      ]
      const found = json(ended)
      assert.isArray(found)
      const snippets = [found].flat()
      assert.strictEqual(snippets.length, all.length, ended.stdout)
      for (const [at, snippet] of snippets.entries()) {
        const { file, system, text } = Object(snippet)
        assert.strictEqual(system, all[at])
        assert.isTrue(String(text).startsWith(`# ${file}`), text)
        const comments = String(text)
          .split("\n")
          .filter((line) => line.startsWith("#"))
        assert.include(comments.join("\n"), applied[at] ?? "")
      }
      // In the text they are one after the other, and none comes twice.
      const text = yield* runWith(nobody, "network", ...flags, "--for", "talos", ...offline, "--node-ip", "203.0.113.5")
      assert.strictEqual(text.stdout, `${snippets.map((snippet) => Object(snippet).text).join("\n\n")}\n`)
    }),
  { apis: ["rest"] }
)

scenario(
  "IPv4 alone needs neither MAC nor network, and has nothing of IPv6",
  ({ runWith }) =>
    Effect.gen(function* () {
      for (const system of ["talos", "talos-linkconfig", "netplan", "systemd-networkd", "ifupdown"]) {
        const { code, stderr, stdout } = yield* runWith(
          nobody,
          "network",
          "--for",
          system,
          "--interface=ens3",
          "--ip=198.51.100.1/32"
        )
        assert.strictEqual(code, 0, stderr)
        assert.include(stdout, "198.51.100.1/32")
        assert.notMatch(stdout, /IPv6|inet6|undefined|::/u)
      }
    }),
  { apis: ["rest"] }
)

scenario("MAC, network and IPv4 address are netcup's to tell, of the interface that is no VLAN's", ({ run }) =>
  Effect.gen(function* () {
    const ended = yield* run(
      ...["network", "--for", "netplan", "--for", "k3s", "--interface", "eth0", "--server", "v1", ...addresses]
    )
    assert.strictEqual(ended.code, 0, ended.stderr)
    assert.include(ended.stdout, '- "2001:db8:100:1:0:ff:fe00:1/64"')
    assert.include(ended.stdout, 'node-ip: "203.0.113.1"')
    const unknown = yield* run("network", "--for=netplan", "--interface=eth0", "--server=v99", ...addresses)
    assert.strictEqual(unknown.code, 1)
    assert.match(complaint(unknown), /v99/u)
  })
)

it("the server's own network is none of the failover addresses, whichever way they are written", () => {
  const failover = Result.getOrThrow(NodeNetwork.failover(["2001:db8:f::2/64"]))
  const own = (...networks: ReadonlyArray<string>) => NodeNetwork.native(networks, failover)
  assert.strictEqual(own("2001:DB8:F:0::/64", "2001:db8:9::/48", "2001:db8:1:2::/64"), "2001:db8:1:2::/64")
  assert.strictEqual(own("2001:db8:9::/48"), "2001:db8:9::/48")
  assert.isUndefined(own("2001:db8:f::/64", "nonsense"))
})

scenario(
  "bad input is one line that names what is wrong, and code 2",
  ({ runWith, simulator }) =>
    Effect.gen(function* () {
      const base = ["--for", "netplan", "--interface", "eth0"]
      const v6 = [...base, "--ip", "2001:db8::/64"]
      const bad: ReadonlyArray<readonly [RegExp, ReadonlyArray<string>]> = [
        [/--interface "eth0: \{\}"/u, ["--for", "netplan", "--interface", "eth0: {}", "--ip", "198.51.100.1/32"]],
        [/--interface ""/u, ["--for", "netplan", "--interface", "", "--ip", "198.51.100.1/32"]],
        [/--interface "abcdefghijklmnop"/u, ["--for=netplan", "--interface=abcdefghijklmnop", "--ip=198.51.100.1/32"]],
        [/write "198\.51\.100\.1\/32"/u, [...base, "--ip", "198.51.100.1/24"]],
        [/write "198\.51\.100\.1\/32"/u, [...base, "--ip", "198.51.100.1"]],
        [/--node or --server/u, v6],
        [/--node or --server/u, [...v6, "--mac", "aa:bb:cc:dd:ee:ff"]],
        [/--native "203\.0\.113\.0\/24"/u, [...v6, "--mac=aa:bb:cc:dd:ee:ff", "--native=203.0.113.0/24"]],
        [/a \/64, not a \/48/u, [...v6, "--mac=aa:bb:cc:dd:ee:ff", "--native=2001:db8:1::/48"]],
        [/one of the failover addresses/u, [...v6, "--mac=aa:bb:cc:dd:ee:ff", "--native=2001:db8::5/64"]],
        [/--mac "aa-bb/u, [...v6, "--mac=aa-bb-cc-dd-ee-ff", "--native=2001:db8:1:2::/64"]],
        [/00:00:00:00:00:00 is no MAC/u, [...v6, "--mac=00:00:00:00:00:00", "--native=2001:db8:1:2::/64"]],
        [/give them by --ip, or by KUBECONFIG/u, base],
        [/exclude each other/u, [...base, "--ip", "198.51.100.1/32", "--group", "primary"]],
        [/is a failover address/u, ["--for=k3s", "--interface=eth0", "--ip=198.51.100.1/32", "--node-ip=198.51.100.1"]],
        [/--node-ip "here"/u, ["--for=k3s", "--interface=eth0", "--ip=198.51.100.1/32", "--node-ip=here"]]
      ]
      for (const [pattern, args] of bad) {
        const ended = yield* runWith({}, "network", ...args)
        assert.strictEqual(ended.code, 2, args.join(" "))
        assert.match(complaint(ended), pattern)
        assert.strictEqual(ended.stdout, "")
      }
      const missing = yield* runWith({}, "network", "--interface", "eth0", "--ip", "198.51.100.1/32")
      assert.strictEqual(missing.code, 2)
      assert.match(missing.stderr, /--for/u)
      assert.deepStrictEqual(yield* simulator.journal.calls, [])
    }),
  { apis: ["rest"] }
)
