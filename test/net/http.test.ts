// Requests to key services: deadlines, proxies, and what is never sent where.
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { deadlineIn, isLoopback, send, sendPatiently } from '../../src/net/http.ts'
import { parseProxy, proxyFor } from '../../src/net/proxy.ts'
import { kmsTimeout, parseDuration } from '../../src/net/timeout.ts'
import { fakeContext } from '../support/context.ts'
import { makeCertificate } from '../support/emulators/aws-tls.ts'
import { startVault } from '../support/emulators/vault.ts'

const ctx = fakeContext()

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const message = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: Error) => error.message,
  )

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('durations', () => {
  test.each([
    ['5', 5000],
    ['1m30s', 90_000],
    ['1.5s', 1500],
    ['.5s', 500],
    ['100ms', 100],
    ['2h', 7_200_000],
    ['3us', 0.003],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 9)
  })

  test.each(['', 's', '5 s', '1x', '-1s', '1m30', '1.5', '٣s'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })

  test('the limit of a key', () => {
    const limit = (text?: string): number => kmsTimeout(fakeContext({ env: { SOPS_KMS_TIMEOUT: text } }))
    expect([limit(), limit(''), limit('3'), limit('250ms'), limit('9999999h')]).toEqual([
      10_000,
      10_000,
      3000,
      250,
      2 ** 31 - 1,
    ])
    for (const text of ['0', '0s', 'x', '-1']) expect(() => limit(text)).toThrow(/^SOPS_KMS_TIMEOUT must be/)
  })
})

describe('which proxy', () => {
  const env = { HTTPS_PROXY: 'http://secure:1', http_proxy: 'plain:2' }
  test.each([
    ['https://a.example/', '', 'http://secure:1/'],
    ['http://a.example/', '', 'http://plain:2/'],
    ['https://localhost/', '', undefined],
    ['https://x.localhost/', '', undefined],
    ['http://127.0.0.1:1/', '', undefined],
    ['https://[::1]/', '', undefined],
    ['https://a.example/', '*', undefined],
    ['https://a.example/', 'b.example, a.example', undefined],
    ['https://sub.a.example/', 'a.example', undefined],
    ['https://nota.example/', 'a.example', 'http://secure:1/'],
    ['https://a.example/', '.a.example', 'http://secure:1/'],
    ['https://sub.a.example/', '.a.example', undefined],
    ['https://sub.a.example/', '*.a.example', undefined],
    ['https://a.example:8443/', 'a.example:8443', undefined],
    ['https://a.example/', 'a.example:8443', 'http://secure:1/'],
    ['https://10.1.2.3/', '10.0.0.0/8', undefined],
    ['https://11.1.2.3/', '10.0.0.0/8', 'http://secure:1/'],
    ['https://10.1.2.3/', '10.0.0.0/99', 'http://secure:1/'],
    ['https://[fd00::1]/', 'fd00::/8', undefined],
    ['https://[fd00::1]/', 'fd00::1', undefined],
    ['https://10.1.2.3/', '10.1.2.3', undefined],
  ])('%s, without %j', (url, exempt, proxy) => {
    expect(proxyFor(new URL(url), { ...env, NO_PROXY: exempt })?.href).toBe(proxy)
  })

  test('one that cannot be used is refused without its password', () => {
    for (const text of ['socks5://u:hunter2@h:1', 'https://u:hunter2@h', 'http://:hunter2', '://']) {
      expect(() => parseProxy(text, 'HTTPS_PROXY')).toThrow(/^HTTPS_PROXY must be the URL of an HTTP proxy$/)
    }
    expect(proxyFor(new URL('https://a.example'), {})).toBeUndefined()
  })
})

describe('through a proxy', () => {
  test('clear text: the whole URL is asked of it', async () => {
    const seen: string[] = []
    const address = await listen(
      createServer((request, response) => {
        seen.push(`${request.method} ${request.url} ${request.headers.host} ${request.headers['proxy-authorization']}`)
        response.end('ok')
      }),
    )
    const proxy = new URL(address.replace('://', '://user:p%40ss@'))
    const url = new URL('http://vault.example:8200/v1/x?y=1')
    const answer = await send({ ctx, method: 'GET', url, proxy }, deadlineIn(5000))
    expect([answer.status, answer.body.toString()]).toEqual([200, 'ok'])
    const credentials = Buffer.from('user:p@ss').toString('base64')
    expect(seen).toEqual([`GET http://vault.example:8200/v1/x?y=1 vault.example:8200 Basic ${credentials}`])
  })

  test('TLS: a tunnel, whose end must be trusted', async () => {
    const tls = makeCertificate()
    const vault = await startVault({ tls })
    closing.push(
      () => vault.close(),
      () => tls.remove(),
    )
    const targets: string[] = []
    let open = 0
    const tunnel = createServer()
    tunnel.on('connect', (request, socket) => {
      targets.push(request.url ?? '')
      open++
      socket.on('close', () => open--)
      const target = connect(Number(new URL(vault.address).port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        socket.pipe(target).pipe(socket)
      })
      target.on('error', () => socket.destroy())
      // Nobody reads from the socket any more, so its end would not be noticed.
      target.on('close', () => socket.resume())
      socket.on('error', () => target.destroy())
      closing.push(() => target.destroy())
    })
    const proxy = new URL(await listen(tunnel))
    // A name that only the proxy can find.
    const url = new URL('https://vault.invalid/v1/x')
    const request = { ctx, method: 'GET', url, proxy, headers: { 'X-Vault-Token': 'test-token' } }
    const names = { servername: 'localhost' }
    expect(await message(send({ ...request, tls: names }, deadlineIn(5000)))).toMatch(
      /cannot reach vault\.invalid.*(self-signed|certificate)/,
    )
    // The good one stays for the next request, the other one goes.
    for (const _ of [1, 2]) {
      const answer = await send({ ...request, tls: { ...names, ca: tls.cert } }, deadlineIn(5000))
      expect(answer.status).toBe(404)
    }
    expect(targets).toEqual(['vault.invalid:443', 'vault.invalid:443'])
    await expect.poll(() => open).toBe(1)
  })

  test('a proxy that refuses', async () => {
    const tunnel = createServer()
    tunnel.on('connect', (_, socket) => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'))
    const proxy = new URL(await listen(tunnel))
    const request = { ctx, method: 'GET', url: new URL('https://vault.example/'), proxy }
    expect(await message(send(request, deadlineIn(5000)))).toBe(
      `the proxy ${proxy.host} refuses the connection to vault.example:443 (status 407)`,
    )
  })

  test('a page instead of the tunnel is no TLS, which is said at once', async () => {
    const page = createServer()
    page.on('connect', (_, socket) => socket.write(`HTTP/1.1 200 OK\r\n\r\n<html>log in</html>${' '.repeat(300)}`))
    const request = { ctx, method: 'GET', url: new URL('https://vault.example/'), proxy: new URL(await listen(page)) }
    expect(await message(send(request, deadlineIn(5000)))).toMatch(
      /^cannot reach vault\.example: it answers plain HTTP, or something else that is no TLS/,
    )
  })
})

test('an answer that does not end is given up, one that is too long is cut off', async () => {
  const endless = await listen(createServer((_, response) => response.write('x')))
  expect(await message(send({ ctx, method: 'GET', url: new URL(endless) }, deadlineIn(100)))).toMatch(
    /^no answer from .* in time$/,
  )
  const chunk = Buffer.alloc(1024 * 1024)
  const flood = await listen(
    createServer((_, response) => {
      const pour = (): void => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once('drain', pour)
      }
      pour()
    }),
  )
  expect(await message(send({ ctx, method: 'GET', url: new URL(flood) }, deadlineIn(20_000)))).toBe(
    `the answer of ${new URL(flood).host} is longer than 16 MiB`,
  )
})

test('a connection that breaks is tried again, a status that is not busy is not', async () => {
  let count = 0
  const address = await listen(
    createServer((request, response) => {
      count++
      if (count === 1) request.socket.destroy()
      else response.writeHead(count === 2 ? 503 : 400, { 'Retry-After': new Date(0).toUTCString() }).end()
    }),
  )
  const rule = { retries: 5, isBusy: (status: number) => status >= 500, wait: () => 1 }
  const answer = await sendPatiently({ ctx, method: 'GET', url: new URL(address) }, rule, deadlineIn(10_000))
  expect([answer.status, count]).toEqual([400, 3])
})

test.each([
  ['localhost', true],
  ['a.localhost', true],
  ['127.8.9.1', true],
  ['[::1]', true],
  ['localhost.example', false],
  ['127.0.0.1.example', false],
  ['169.254.169.254', false],
])('%s is this machine: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected)
})
