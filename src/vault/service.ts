// The server that a domain names for its HTTP service, where the user asks for that (`VAULT_SRV_LOOKUP`).

/** Puts the server and port of the domain's record into the URL, where there is one. */
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
