/**
 * An account as the REST API shows it: users, failover addresses and the short form of servers.
 */
import * as IpNetwork from "effect/net/IpNetwork"
import * as Result from "effect/Result"
import type { Json, JsonObject } from "../embedded/JsonValue.ts"
import * as NetcupState from "./NetcupState.ts"

/** As it is part of other things. */
export const userMinimal = (account: NetcupState.Account): JsonObject => ({
  id: account.userId,
  username: account.loginName,
  firstname: "Erika",
  lastname: "Beispiel",
  email: "erika@example.com",
  company: null
})

export const user = (account: NetcupState.Account): JsonObject => ({
  ...userMinimal(account),
  language: "de",
  timeZone: "Europe/Berlin",
  showNickname: true,
  passwordlessMode: false,
  apiIpLoginRestrictions: account.apiIpLoginRestrictions
})

export const site = ({ city, id }: NetcupState.Site): JsonObject => ({ id, city })

export const serverMinimal = (server: NetcupState.Server): JsonObject => ({
  id: server.id,
  name: server.name,
  disabled: server.disabled,
  hostname: server.hostname ?? null,
  nickname: server.nickname ?? null,
  template: { id: 1358, name: "RS 2000 G12 Pro" }
})

/** A prefix without its length. */
export const bare = (cidr: string): string => cidr.split("/")[0] ?? cidr

const location = ({ address: { family, prefix, prefixLength } }: NetcupState.OwnedAddress): JsonObject =>
  family === "IPv4"
    ? { ip: bare(prefix), cidrSuffix: prefixLength }
    : { networkPrefix: bare(prefix), networkPrefixLength: prefixLength }

const failoverIp = (account: NetcupState.Account, owned: NetcupState.OwnedAddress): JsonObject => {
  const server = owned.routedTo === undefined ? undefined : NetcupState.findServer(account, owned.routedTo)
  return {
    id: owned.id,
    ...location(owned),
    editable: owned.editable,
    site: site(owned.site),
    server: server === undefined ? null : { id: server.id, name: server.name },
    user: userMinimal(account)
  }
}

/** Whether a filter `ip` means that address: any address in it, with or without a length. */
const means = (owned: NetcupState.OwnedAddress, ip: string): boolean => {
  const { prefix, prefixLength } = owned.address
  return Result.match(IpNetwork.fromString(`${bare(ip)}/${owned.address.family === "IPv4" ? 32 : 128}`), {
    onFailure: () => false,
    onSuccess: ({ address }) => IpNetwork.format(IpNetwork.fromAddressUnsafe(address, prefixLength)) === prefix
  })
}

export const failoverIps = (
  account: NetcupState.Account,
  family: "IPv4" | "IPv6",
  query: Readonly<Record<string, string>>
): Json => {
  const { ip, serverId } = query
  const server = account.servers.find(({ id }) => String(id) === serverId)
  return account.addresses
    .filter((owned) => owned.address.family === family)
    .filter((owned) => ip === undefined || means(owned, ip))
    .filter((owned) => serverId === undefined || (server !== undefined && owned.routedTo === server.name))
    .toSorted((a, b) => a.id - b.id)
    .map((owned) => failoverIp(account, owned))
}
