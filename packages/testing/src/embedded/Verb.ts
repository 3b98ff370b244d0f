/**
 * What a request does, in the words of Kubernetes' roles.
 */
export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection"

/** `named`: one object, or no object at all, such as `/readyz`. One object by its name cannot be watched. */
export const verbOf = (method: string, named: boolean, watching: boolean): Verb => {
  switch (method) {
    case "POST":
      return "create"
    case "PUT":
      return "update"
    case "PATCH":
      return "patch"
    case "DELETE":
      return named ? "delete" : "deletecollection"
    default:
      return named ? "get" : watching ? "watch" : "list"
  }
}
