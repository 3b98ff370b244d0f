/**
 * Which edition of the CRD this is: by it the controller notices one that is older than itself.
 */

/** The annotation of the CRD that holds {@link crdRevision}, in decimal. */
export const crdRevisionAnnotation = "netcup.digilol.net/crd-revision"

/** To be raised by one with each change of what the CRD accepts or keeps. The CRD of the Go controller has none. */
export const crdRevision = 3
