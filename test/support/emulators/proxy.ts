// An HTTP proxy on loopback that tunnels every CONNECT to one port of this machine, whatever name is asked for.
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

export interface TunnelProxy {
  /** With the user name `user` and the password `pass`. */
  readonly url: string
  /** The target and credentials of each CONNECT. */
  readonly seen: readonly string[]
  close(): void
}

export async function startTunnelProxy(port: number): Promise<TunnelProxy> {
  const seen: string[] = []
  const sockets: { destroy(): unknown }[] = []
  const proxy = createServer().on('connect', (request, socket: Socket) => {
    seen.push(`${request.url} ${request.headers['proxy-authorization']}`)
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    socket.on('error', () => onward.destroy())
    onward.on('error', () => socket.destroy())
    sockets.push(socket)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://user:pass@127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    seen,
    close() {
      for (const socket of sockets) socket.destroy()
      proxy.close()
    },
  }
}
