/**
 * The plain manifests, as the chart renders them with its defaults. Pure.
 */
import { type Document, isMap, parseAllDocuments } from "yaml"

/** What only helm understands. */
const ofHelm = (key: string) => key.startsWith("helm.sh/") || key === "app.kubernetes.io/managed-by"

interface Written {
  /** Relative to `infra/manifests`. */
  readonly path: string
  readonly text: string
}

const rights = ["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]

const folderOf = (kind: string) =>
  kind === "CustomResourceDefinition" ? "crd" : rights.includes(kind) ? "rbac" : "manager"

const header = "# Rendered from infra/helm by `npm run manifests`: change it there.\n"

/** The order that `kubectl apply -f` needs is that of the names: the Namespace comes before what is in it. */
const fileOf = (kind: string) => (kind === "CustomResourceDefinition" ? "netcupfailoverips" : kind.toLowerCase())

const textOf = (document: Document) =>
  document
    .toString({ lineWidth: 0, directives: false, flowCollectionPadding: false })
    .replaceAll(/^# Source:.*\n/gmu, "")

const folders = ["crd", "rbac", "manager"]
const order = (path: string) => `${folders.findIndex((folder) => path.startsWith(folder))}${path}`

/** A file for each kind, and the kustomization over them, of what `helm template --no-hooks` printed. */
export const fromChart = (rendered: string): ReadonlyArray<Written> => {
  const files = new Map<string, Array<string>>()
  for (const document of parseAllDocuments(rendered)) {
    const kind = document.get("kind")
    if (typeof kind !== "string") continue
    for (const path of [
      ["metadata", "labels"],
      ["metadata", "annotations"],
      ["spec", "template", "metadata", "labels"]
    ]) {
      const map: unknown = document.getIn(path)
      if (!isMap(map)) continue
      for (const { key } of [...map.items]) if (ofHelm(String(key))) map.delete(key)
      if (map.items.length === 0) document.deleteIn(path)
    }
    const path = `${folderOf(kind)}/${fileOf(kind)}.yaml`
    files.set(path, [...(files.get(path) ?? []), textOf(document)])
  }
  const paths = [...files.keys()].toSorted((a, b) => order(a).localeCompare(order(b)))
  const kustomization = [
    header.trimEnd(),
    "# For your own image: add `images: [{name: ghcr.io/netcup-failover/netcup-failover-controller, newName: …, newTag: …}]`.",
    "apiVersion: kustomize.config.k8s.io/v1beta1",
    "kind: Kustomization",
    "resources:",
    ...paths.map((path) => `  - ${path}`),
    ""
  ].join("\n")
  return [
    ...paths.map((path) => ({ path, text: header + (files.get(path) ?? []).join("---\n") })),
    { path: "kustomization.yaml", text: kustomization }
  ]
}
