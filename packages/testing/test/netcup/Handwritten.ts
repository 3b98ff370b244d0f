/** Requests by hand, the accounts that they are about, and a reader of answers. */

import * as XmlTree from "@netcup-failover/testing/netcup/XmlTree"
import * as Effect from "effect/Effect"
import type { RawAnswer } from "./RawClient.ts"

export const soapNamespace = "http://schemas.xmlsoap.org/soap/envelope/"
export const netcupNamespace = "http://enduser.service.web.vcp.netcup.de/"

const escapeText = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

/** An envelope around whatever is to be in its Body. */
export const envelope = (body: string) => `<e:Envelope xmlns:e="${soapNamespace}"><e:Body>${body}</e:Body></e:Envelope>`

/** An operation with its parameters in the order given. */
export const operation = (name: string, parameters: ReadonlyArray<readonly [string, string]>) =>
  `<n:${name} xmlns:n="${netcupNamespace}">${parameters
    .map(([key, value]) => `<${key}>${escapeText(value)}</${key}>`)
    .join("")}</n:${name}>`

export const login = [
  ["loginName", "12345"],
  ["password", "geheim"]
] as const

/** A good request of account 12345. */
export const request = (name: string, ...parameters: ReadonlyArray<readonly [string, string]>) =>
  envelope(operation(name, [...login, ...parameters]))

export const macA = "aa:bb:cc:dd:ee:0a"
export const macB = "aa:bb:cc:dd:ee:0b"

export const route = (ip: string, mask: string, server: string, mac: string) =>
  request(
    "changeIPRouting",
    ["routedIP", ip],
    ["routedMask", mask],
    ["destinationVserverName", server],
    ["destinationInterfaceMAC", mac]
  )

/** Moves the IPv4 address of {@link accounts} to server A, where it is not. */
export const routeToA = route("198.51.100.4", "32", "vA", macA)
export const routeToB = route("198.51.100.4", "32", "vB", macB)

export const accounts = [
  {
    loginName: "12345",
    password: "geheim",
    servers: [
      {
        name: "vA",
        nickname: "erster <&> Server",
        interfaces: [{ mac: macA, ipv4: ["198.51.100.1"], ipv6: ["2001:db8:1::/64"] }, { mac: "aa:bb:cc:dd:ee:1a" }]
      },
      { name: "vB", status: "offline", rescue: true, interfaces: [{ mac: macB, ipv4: ["198.51.100.2"] }] }
    ],
    addresses: [{ cidr: "198.51.100.4/32", routedTo: "vB" }, { cidr: "2001:db8:f::/64" }]
  },
  {
    loginName: "Jürgen <&\"'>",
    password: "pä<ss&\"wörd'>",
    servers: [{ name: "vC", interfaces: [{ mac: "aa:bb:cc:dd:ee:0c", ipv4: ["198.51.100.3"] }] }],
    addresses: [{ cidr: "198.51.100.5/32", routedTo: "vC" }]
  }
] as const

const inside = (element: XmlTree.XmlElement | undefined, name: string) =>
  element?.children.find((child) => child.name === name)

/** What is inside the Body of an answer. */
export const bodyOf = (answer: Pick<RawAnswer, "body">) =>
  Effect.map(XmlTree.parse(answer.body), (root) => inside(root, "Body")?.children[0])

export const faultOf = (answer: Pick<RawAnswer, "body">) =>
  Effect.map(bodyOf(answer), (fault) => (fault?.name === "Fault" ? inside(fault, "faultstring")?.text : undefined))

/** The texts of every `<return>`. */
export const returnsOf = (answer: Pick<RawAnswer, "body">) =>
  Effect.map(bodyOf(answer), (response) => response?.children.map(({ text }) => text))
