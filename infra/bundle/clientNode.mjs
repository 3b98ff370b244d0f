/**
 * How bundles take client-node: it lacks `sideEffects: false`, and without this its 900 model classes would stay.
 */
export const treeshake = {
  moduleSideEffects: [
    { test: /client-node\/dist\/polyfill/, sideEffects: true },
    { test: /@kubernetes\/client-node/, sideEffects: false }
  ]
}
