/**
 * How a run ends that did not do what it was asked for: a code, a word for programs, a sentence for people.
 */
import type { KubeError } from "@netcup-failover/kubernetes/KubeError"
import type { AccessDenied, ExpiredToken } from "@netcup-failover/netcup/login/OAuthError"
import type { NetcupError } from "@netcup-failover/netcup/NetcupError"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { ExitCode, FailureCode } from "./ExitCode.ts"
import type { CredentialsUnusable, NotStored, WrongUsage } from "./Problem.ts"
import * as Shown from "./Shown.ts"

/** `reason` is a tag of `NetcupError`'s reasons, or of an error of ours; all that there are is in the README. */
export class Failure extends Schema.TaggedError<Failure>()("Failure", {
  code: FailureCode,
  reason: Schema.String,
  message: Schema.String,
  taskId: Schema.optionalKey(Schema.String)
}) {
  override readonly [Runtime.errorExitCode] = this.code

  /** For `--json`. */
  get json(): Schema.Json {
    const { code, message, reason, taskId } = this
    return { error: { code, reason, message: Shown.line(message), taskId: taskId ?? null } }
  }
}

type Problem = NetcupError | KubeError | AccessDenied | ExpiredToken | WrongUsage | CredentialsUnusable | NotStored

const lookFirst =
  "Do not repeat it yet: it may still happen. Wait a minute, then see `netcup-failover failover-ips` for where the address is"

const ofNetcup = ({ reason }: NetcupError): Failure => {
  const { message } = reason
  const as = (code: FailureCode, text = message) => new Failure({ code, reason: reason._tag, message: text })
  switch (reason._tag) {
    case "RateLimited": {
      const until = reason.retryAt === undefined ? "in a few minutes" : `at ${new Date(reason.retryAt).toISOString()}`
      return as(ExitCode.later, `netcup's limit: ${message.replace(/\.$/u, "")}. Try again ${until}`)
    }
    case "InvalidCredentials":
      return as(ExitCode.credentials, `netcup does not accept the credentials: ${message}`)
    case "LoginExpired":
      return as(ExitCode.credentials, `${message}: run \`netcup-failover login\``)
    case "TokenNotKept":
    case "CalledOff":
      return as(ExitCode.later, message)
    case "Unreachable":
    case "MalformedAnswer":
      return as(ExitCode.later, `netcup cannot be asked: ${message}`)
    case "UnknownOutcome":
      return new Failure({
        code: ExitCode.unknown,
        reason: reason._tag,
        message: `nobody knows whether it was done (${message}). ${lookFirst}`,
        ...(reason.taskId === undefined ? {} : { taskId: reason.taskId })
      })
    case "TaskFailed":
      return new Failure({
        code: ExitCode.failed,
        reason: reason._tag,
        message: `netcup gave up task ${reason.taskId} (${reason.state}): ${message}`,
        taskId: reason.taskId
      })
    default:
      return as(ExitCode.failed)
  }
}

const ofKubernetes = (error: KubeError): Failure => {
  const { _tag } = error.reason
  const denied = _tag === "CredentialsUnavailable" || _tag === "Unauthorized" || _tag === "Forbidden"
  const later = error.transient || _tag === "Conflict"
  return new Failure({
    code: denied ? ExitCode.credentials : later ? ExitCode.later : ExitCode.failed,
    reason: `Kubernetes${_tag}`,
    message: `Kubernetes: ${error.message}`
  })
}

export const of = (problem: Problem): Failure => {
  const as = (code: FailureCode) => new Failure({ code, reason: problem._tag, message: problem.message })
  switch (problem._tag) {
    case "NetcupError":
      return ofNetcup(problem)
    case "KubeError":
      return ofKubernetes(problem)
    case "WrongUsage":
      return as(ExitCode.usage)
    case "CredentialsUnusable":
      return as(ExitCode.credentials)
    case "ExpiredToken":
      return as(ExitCode.later)
    case "AccessDenied":
    case "NotStored":
      return as(ExitCode.failed)
  }
}
