// Why no record could be made: what a server, or what stands in its place, answers, and what the message says of it.
import { createServer, type Server, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { insertEvents } from '../../src/audit/postgres.ts'
import { fakeContext } from '../support/context.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { startPostgresStandIn } from '../support/emulators/postgres.ts'
import { refusingPort } from '../support/ports.ts'

let tls: TestCertificate
beforeAll(() => {
  tls = makeCertificate()
})
afterAll(() => tls.remove())

const closing: (() => Promise<unknown> | unknown)[] = []
afterEach(() => Promise.all(closing.splice(0).map((close) => close())))

/** The port of a server that does this with each connection. */
async function answering(answer: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {})
    answer(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  return (server.address() as { port: number }).port
}

async function standIn(options: Parameters<typeof startPostgresStandIn>[0]): Promise<number> {
  const server = await startPostgresStandIn(options)
  closing.push(() => server.close())
  return server.port
}

async function reasonFor(text: string): Promise<string> {
  const said: string[] = []
  const around = {
    ...fakeContext({ env: {} }),
    log: ({ message }: { readonly message: string }): void => void said.push(message),
    user: 'tester',
  }
  const row = { action: 'decrypt', username: 'tester', file: '/s.yaml' }
  await expect(insertEvents([{ connectionString: text }], row, around)).rejects.toThrow()
  return said.join('\n')
}

const closed = /127\.0\.0\.1:\d+ closed the connection without an answer of PostgreSQL/

test.each<[name: string, port: () => Promise<number>, words: string, reason: RegExp]>([
  ['refused', async () => refusingPort, 'sslmode=disable', /connect 127\.0\.0\.1:\d+: connection refused/],
  ['no such name', async () => 1, 'host=nobody.invalid sslmode=disable', /nobody\.invalid/],
  [
    'reset at once',
    () => answering((socket) => socket.resetAndDestroy()),
    'sslmode=disable',
    /connection reset by peer/,
  ],
  ['closed at once', () => answering((socket) => socket.end()), 'sslmode=disable', closed],
  ['half an answer', () => answering((socket) => socket.end('R\0\0')), 'sslmode=disable', closed],
  [
    'a page',
    () => answering((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n<html>hunter2</html>')),
    'sslmode=disable',
    closed,
  ],
  [
    'a page where TLS is asked for',
    () => answering((socket) => socket.end('HTTP/1.1 400 Bad')),
    'sslmode=require',
    /does not answer for TLS as PostgreSQL does/,
  ],
  ['no TLS', () => standIn({}), 'sslmode=require', /the server has no TLS/],
  ['a certificate of nobody known', () => standIn({ tls }), 'sslmode=verify-full', /certificate/],
  ['denied', () => standIn({ password: 'other' }), 'sslmode=disable', /password authentication failed/],
])('%s', async (_, port, words, reason) => {
  const host = words.includes('host=') ? '' : 'host=127.0.0.1 '
  const said = await reasonFor(`${host}port=${await port()} user=u password=topsecret connect_timeout=5 ${words}`)
  expect(said).toMatch(/^audit database 1: /)
  expect(said).toMatch(reason)
  expect(said).not.toMatch(/topsecret|hunter2|internal error|TypeError|undefined/)
})
