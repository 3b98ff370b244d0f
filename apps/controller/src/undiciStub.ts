/**
 * Stands for `undici` in the bundle: what is imported of it is never called, and a call would say so.
 */
const absent = () => {
  throw new Error("undici is not in this bundle: requests are made by node:http")
}

export class Agent {
  constructor() {
    absent()
  }
}

export class ProxyAgent extends Agent {}

export const fetch = absent

export default { Agent, ProxyAgent, fetch }
