// Loaded into a controller before its bundle (`node --require`): for it, the name in NAME_SERVER_NAME has the addresses in
// NAME_SERVER_ADDRESSES, in that order each time, as with a name server that does not know which of them are dead.
const dns = require("node:dns")

const { NAME_SERVER_ADDRESSES = "", NAME_SERVER_NAME } = process.env
const addresses = NAME_SERVER_ADDRESSES.split(",").map((address) => ({ address, family: 4 }))
const { lookup } = dns

dns.lookup = (name, options, callback = options) => {
  if (name !== NAME_SERVER_NAME) return lookup(name, options, callback)
  const [first] = addresses
  if (options.all === true) process.nextTick(callback, null, addresses)
  else process.nextTick(callback, null, first.address, first.family)
}
