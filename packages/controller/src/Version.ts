/** The controller's version. The same as in its package.json, which is tested. */
export const version = "0.1.0"
