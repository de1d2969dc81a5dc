// Why there is no connection to a key service.

/** Milliseconds for an attempt that only finds out. */
const attemptTimeout = 1000

const causeless = /(?<=^No connection established\. Last error: )null(?=\.)/

/**
 * What gRPC says of a failed connection to `host` (`HOST:PORT`, or the path of a socket), with its cause: on a busy machine the package may have
 * lost that, and another attempt says it.
 */
export async function withCause(details: string, host: string): Promise<string> {
  if (!causeless.test(details)) return details
  const { connect } = await import('node:net')
  const { hostname, port } = host.startsWith('/') ? { hostname: '', port: '' } : new URL(`tcp://${host}`)
  const place = hostname === '' ? { path: host } : { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) }
  const reason = await new Promise<string>((resolve) => {
    const socket = connect({ ...place, timeout: attemptTimeout })
    const done = (text: string): void => {
      socket.destroy()
      resolve(text)
    }
    socket.once('error', ({ message }) => done(message))
    socket.once('timeout', () => done('no answer'))
    socket.once('connect', () => done('the connection was lost'))
  })
  return details.replace(causeless, () => reason)
}
