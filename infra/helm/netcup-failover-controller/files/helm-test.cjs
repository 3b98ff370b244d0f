// What `helm test` runs: waits until every replica behind the Service is ready and gives metrics, or says what is missing.
const { lookup } = require("node:dns/promises")

const { SERVICE, REPLICAS, WAIT_SECONDS, METRICS_PORT = "8080", HEALTH_PORT = "8081" } = process.env

const ask = async (address, port, path) => {
  const host = address.includes(":") ? `[${address}]` : address
  const response = await fetch(`http://${host}:${port}${path}`, { signal: AbortSignal.timeout(5000) })
  const text = await response.text()
  if (!response.ok) throw new Error(`${address}${path} says ${response.status}: ${text.trim()}`)
  return text
}

const look = async () => {
  const addresses = await lookup(SERVICE, { all: true })
  if (addresses.length < Number(REPLICAS)) throw new Error(`${addresses.length} of ${REPLICAS} replicas found`)
  for (const { address } of addresses) {
    await ask(address, HEALTH_PORT, "/readyz")
    if (!(await ask(address, METRICS_PORT, "/metrics")).includes("netcup")) throw new Error(`${address} has no metrics`)
  }
  console.log(`ready: ${addresses.length} of ${REPLICAS} replicas`)
}

const end = Date.now() + Number(WAIT_SECONDS) * 1000
const again = () =>
  look().catch((error) => {
    if (Date.now() < end) return setTimeout(again, 1000)
    console.error(`${error.message}${error.cause ? `: ${error.cause.message}` : ""}`)
    process.exitCode = 1
  })
again()
