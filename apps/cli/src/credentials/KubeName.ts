/**
 * Names of Secrets as people write them.
 */
import * as Effect from "effect/Effect"
import { WrongUsage } from "../Problem.ts"
import type { SecretName } from "./SecretLogin.ts"

const label = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
const namespaceName = new RegExp(`^${label}$`, "u")
const objectName = new RegExp(`^(?=.{1,253}$)${label}(\\.${label})*$`, "u")

/** Both parts, as Kubernetes takes them. */
export const check = ({ name, namespace }: SecretName): Effect.Effect<SecretName, WrongUsage> =>
  namespaceName.test(namespace) && objectName.test(name)
    ? Effect.succeed({ name, namespace })
    : Effect.fail(
        new WrongUsage({ message: `"${namespace}/${name}" names no Secret: write for example netcup-system/netcup` })
      )

/** `NAMESPACE/NAME`. */
export const parse = (text: string): Effect.Effect<SecretName, WrongUsage> => {
  const [namespace = "", name = "", ...others] = text.split("/")
  return others.length > 0 || name === ""
    ? Effect.fail(new WrongUsage({ message: `--secret "${text}" is not NAMESPACE/NAME` }))
    : check({ name, namespace })
}
