// The server that the SRV record of a domain names, where the user asks for the look-up (`VAULT_SRV_LOOKUP`).

/** Puts the server and port of the domain's record, if it has one, into the URL. */
export async function findService(url: URL): Promise<void> {
  const { resolveSrv } = await import('node:dns/promises')
  try {
    const [first] = (await resolveSrv(`_http._tcp.${url.hostname}`)).sort((a, b) => a.priority - b.priority)
    if (first === undefined) return
    url.hostname = first.name
    url.port = String(first.port)
  } catch {
    // No such record is the usual case.
  }
}
