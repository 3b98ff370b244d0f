/**
 * What the API server checks of a spec beyond its types, as annotations for the schemas: limits, and rules in CEL with messages
 * that say what to write instead. A `messageExpression` may hold only what has a longest length by the API server's reckoning:
 * not the result of `string`, `filter` or `split`.
 *
 * They judge at the API server alone. A resource that was let in before is decoded and looked after as far as it can be
 * understood, and what cannot be is told in its status. What the rules accept of an address has to be what
 * `FailoverAddress.parse` accepts: a table in the end-to-end tests compares both.
 *
 * The functions that need the newest Kubernetes are `isCIDR` and `isIP`: a CRD may use them from 1.31 on.
 * https://kubernetes.io/docs/reference/using-api/cel/
 */

/** One entry of `x-kubernetes-validations`. */
interface Rule {
  readonly rule: string
  /** Said where `messageExpression` cannot be evaluated. */
  readonly message: string
  readonly messageExpression?: string
}

const rules = (...all: ReadonlyArray<Rule>) => ({ "x-kubernetes-validations": all })

const text = (words: string): string => `'${words}'`

const noCidr =
  "is not a CIDR: write an IPv4 address with /32 or an IPv6 prefix with its length, such as 198.51.100.1/32 or 2001:db8::/64"
const noRange = "netcup routes single IPv4 addresses only: write the address with /32"
const everything = "is the whole address space: write the prefix that netcup assigned, such as 2001:db8::/64"
const twice = "two of these are the same prefix, whatever their host bits and spelling: keep one of them"

/** An IPv4 address that is written as IPv6 (`::ffff:198.51.100.1`), without what precedes and follows it. */
const mapped = "self.substring(7, (self + '/').indexOf('/'))"

/** An element of `spec.ips`. Longer than any address, so that what is wrong with one is told by a rule. */
export const address = {
  maxLength: 64,
  ...rules(
    {
      rule: "isCIDR(self)",
      message: noCidr,
      messageExpression: [
        "isIP(self)",
        "? 'has no prefix length: write ' + self + (ip(self).family() == 4 ? '/32' : '/64')",
        `: (self.lowerAscii().startsWith('::ffff:') && isIP(${mapped}) && ip(${mapped}).family() == 4`,
        `? 'is an IPv4 address written as IPv6: write ' + ${mapped} + '/32'`,
        `: ${text(noCidr)})`
      ].join(" ")
    },
    {
      rule: "!isCIDR(self) || cidr(self).ip().family() == 6 || cidr(self).prefixLength() == 32",
      message: noRange,
      messageExpression:
        "'netcup routes single IPv4 addresses only: write ' + self.substring(0, self.indexOf('/')) + '/32'"
    },
    {
      rule: "!isCIDR(self) || cidr(self).ip().family() == 4 || cidr(self).prefixLength() > 0",
      message: everything
    }
  )
}

/** Whether `y` is the same prefix as `x`. Not by `==` of both: 1.31 takes the cost of that for endless. */
const isSame = "isCIDR(y) && cidr(y).prefixLength() == cidr(x).prefixLength() && cidr(x).containsIP(cidr(y).ip())"

/** `spec.ips`. REST allows ten moves in five minutes: a group of more addresses could not fail over at once. */
export const addresses = {
  maxItems: 64,
  ...rules({ rule: `self.all(x, !isCIDR(x) || self.filter(y, ${isSame}).size() == 1)`, message: twice })
}

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names */
export const secretName = {
  maxLength: 253,
  ...rules({
    rule: "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
    message:
      "is no name of a Secret: write lower-case letters, digits, - and . only, with a letter or digit at both ends"
  })
}

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names */
export const namespaceName = {
  maxLength: 63,
  ...rules({
    rule: "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
    message:
      "is no name of a namespace: write lower-case letters, digits and - only, with a letter or digit at both ends"
  })
}

const valuePattern = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
const keyPattern = `^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?${valuePattern}$`
const noKey =
  "is no label key: write a name such as role, or one with a prefix such as node-role.kubernetes.io/control-plane"
const noValue = "is no value that a label can have: write at most 63 letters, digits, -, _ and ., or nothing"

/** The key of a requirement: a prefix of 253, a slash, and a name of 63. */
export const labelKey = {
  maxLength: 317,
  ...rules({ rule: `self.indexOf('/') <= 253 && self.matches('${keyPattern}')`, message: noKey })
}

/** An element of a requirement's values, and a value of `matchLabels`. */
export const labelValue = {
  maxLength: 63,
  ...rules({ rule: `self == '' || self.matches('^${valuePattern}$')`, message: noValue })
}

export const requirementValues = (maxItems: number) => ({ maxItems })

export const requirement = rules({
  rule: "self.operator in ['In', 'NotIn'] ? has(self.values) && self.values.size() > 0 : !has(self.values) || self.values.size() == 0",
  message: "In and NotIn need at least one value, Exists and DoesNotExist take none",
  messageExpression:
    "self.operator + (self.operator in ['In', 'NotIn'] ? ' needs at least one value: write values, or use Exists or DoesNotExist' : ' takes no values: leave values out, or use In or NotIn')"
})

export const requirements = (maxItems: number) => ({ maxItems })

/** `matchLabels`. A schema has no limit for the length of keys, so that a message cannot tell which one it is. */
export const matchLabels = (maxProperties: number) => ({
  maxProperties,
  ...rules({
    rule: `self.all(key, key.indexOf('/') <= 253 && key.matches('${keyPattern}'))`,
    message: `one of the keys ${noKey}`
  })
})

/** `spec.preferences`. */
export const preferences = { maxItems: 16 }

/** As in the preferences of a Pod's node affinity. */
export const weight = { minimum: 1, maximum: 100 }

/** `spec.detection`. */
export const detection = rules({
  rule: "!has(self.mode) || self.mode != 'NodeConditions' || (!has(self.leaseStaleAfterSeconds) && !has(self.silentAfterSeconds) && !has(self.recoveredAfterSeconds))",
  message: "NodeConditions knows no times: leave them out, or use Fast"
})

/** A kubelet renews each 10 s, or more often where it is set to: what is stale sooner than 5 s is so in peace. */
export const leaseStaleAfter = { minimum: 5, maximum: 3600 }

/** Two connects of a second each have to fail before anything is suspected. */
export const silentAfter = { minimum: 2, maximum: 3600 }

export const recoveredAfter = { minimum: 0, maximum: 3600 }

/** As far as a user's PriorityClass goes, and as far below zero. */
export const priority = { minimum: -1_000_000_000, maximum: 1_000_000_000 }
