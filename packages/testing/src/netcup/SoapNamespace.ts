/** SOAP 1.1. */
export const envelopeNamespace = "http://schemas.xmlsoap.org/soap/envelope/"

/** The webservice's own: operations and their answers, but not what is inside them. */
export const targetNamespace = "http://enduser.service.web.vcp.netcup.de/"
