// Which authorities are trusted, and what is said of a connection that failed.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcp, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { findAuthorities } from '../../src/net/certificates.ts'
import { connectionText, unreachable } from '../../src/net/failure.ts'
import { deadlineIn, send } from '../../src/net/http.ts'
import { secured } from '../../src/net/trust.ts'
import { contextOf } from '../../src/runtime/certificates.ts'
import { fakeContext } from '../support/context.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { type Listening, listen } from '../support/emulators/listen.ts'
import { refusingPort } from '../support/ports.ts'

let folder: string
let [one, two, three]: TestCertificate[] = []
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sops-certificates-'))
  ;[one, two, three] = [makeCertificate(), makeCertificate(), makeCertificate()]
  const put = (name: string, text: string): void => writeFileSync(join(folder, name), text)
  put('both.pem', `# comment\n${one!.cert}\r\n${two!.cert.replaceAll('\n', '\r\n')}`)
  put('one.pem', one!.cert)
  put('empty.pem', '')
  put('broken.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  put('trusted.pem', three!.cert.replaceAll(' CERTIFICATE', ' TRUSTED CERTIFICATE'))
  for (const name of ['d1', 'd2', 'd2/below', 'd3', 'nothing']) mkdirSync(join(folder, name))
  put('d1/any-name', one!.cert)
  put('d2/x.crt', two!.cert)
  put('d2/below/y.crt', three!.cert)
  put('d2/README', 'no certificate')
  symlinkSync(join(folder, 'nowhere'), join(folder, 'd2/dangling'))
  symlinkSync('../one.pem', join(folder, 'd3/link'))
  if (process.platform !== 'win32') execFileSync('mkfifo', [join(folder, 'd2/pipe')])
})
afterAll(() => {
  for (const certificate of [one, two, three]) certificate?.remove()
  rmSync(folder, { recursive: true, force: true })
})

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

describe('where they are looked for', () => {
  const platform = 'linux' as const
  const names = (env: Record<string, string>, files: string[] = [], folders: string[] = []): string[] => {
    const inside = (list: string[]): string[] => list.map((name) => join(folder, name))
    const places = { files: inside(files), folders: inside(folders) }
    const { certificates, alone } = findAuthorities({ env, cwd: folder, platform }, places)
    const known = [one!, two!, three!].map(({ cert }) => cert.trim())
    const found = certificates.map((each) => ['one', 'two', 'three'][known.indexOf(each)] ?? 'another')
    return [...found, ...(alone ? ['alone'] : [])]
  }
  // The reference, tried in a name space of its own with these folders in place of the system's, accepts the same ones.
  test.each<[string, Record<string, string>, string[], string[], string[]]>([
    ['the first file that can be read', {}, ['nowhere', 'one.pem', 'both.pem'], [], ['one']],
    ['an empty one counts as read', {}, ['empty.pem', 'one.pem'], [], []],
    ['every folder, whatever its files are called, but none below', {}, [], ['d1', 'nowhere', 'd2'], ['one', 'two']],
    ['links', {}, [], ['d3'], ['one']],
    ['each once', {}, ['both.pem'], ['d1', 'd2'], ['one', 'two']],
    ['SSL_CERT_FILE instead of the files', { SSL_CERT_FILE: 'one.pem' }, ['both.pem'], ['nothing'], ['one', 'alone']],
    ['… beside the folders', { SSL_CERT_FILE: 'one.pem' }, [], ['d2'], ['one', 'two', 'alone']],
    ['SSL_CERT_DIR instead of the folders', { SSL_CERT_DIR: 'd1:nowhere::d2' }, [], ['d3'], ['one', 'two', 'alone']],
    ['… beside the file', { SSL_CERT_DIR: 'd2' }, ['one.pem'], ['d3'], ['one', 'two', 'alone']],
    ['both', { SSL_CERT_FILE: 'empty.pem', SSL_CERT_DIR: 'd2' }, ['one.pem'], ['d1'], ['two', 'alone']],
    ['an unreadable SSL_CERT_FILE', { SSL_CERT_FILE: 'nowhere' }, ['one.pem'], ['d2'], ['two', 'alone']],
    ['empty variables', { SSL_CERT_FILE: '', SSL_CERT_DIR: '' }, ['one.pem'], [], ['one']],
    ['NODE_EXTRA_CA_CERTS as well', { NODE_EXTRA_CA_CERTS: 'd2/x.crt' }, ['one.pem'], [], ['one', 'two']],
    [
      '… with the others',
      { NODE_EXTRA_CA_CERTS: 'd2/x.crt', SSL_CERT_FILE: 'one.pem' },
      [],
      [],
      ['one', 'two', 'alone'],
    ],
    ['blocks of other kinds', {}, ['trusted.pem'], [], []],
  ])('%s', (_, env, files, folders, expected) => {
    expect(names(env, files, folders)).toEqual(expected)
  })

  test.each(['darwin', 'win32'] as const)('%s: the store, and not the variables for files', (system) => {
    const found = findAuthorities({ env: { SSL_CERT_FILE: 'one.pem' }, cwd: folder, platform: system })
    expect(found.alone).toBe(false)
    expect(found.certificates).not.toContain(one!.cert.trim())
  })
})

describe('connections', () => {
  async function serve(certificate: TestCertificate): Promise<Listening> {
    const server = await listen((_, response) => response.end('fine'), { tls: certificate })
    closing.push(() => server.close())
    return server
  }
  const ask = (server: { address: string }, env: Record<string, string>, tls = {}): Promise<string> =>
    send({ ctx: fakeContext({ env, cwd: folder }), method: 'GET', url: new URL(server.address), tls }, deadlineIn(5000))
      .then(({ body }) => body.toString())
      .catch((error: Error) => error.message)

  test.each<[string, Record<string, string>, object, RegExp]>([
    [
      'nobody vouches',
      {},
      {},
      /^cannot reach localhost:\d+: its certificate is signed by no authority that is trusted/,
    ],
    ['SSL_CERT_FILE', { SSL_CERT_FILE: 'one.pem' }, {}, /^fine$/],
    ['SSL_CERT_DIR', { SSL_CERT_DIR: 'd2:d1' }, {}, /^fine$/],
    ['NODE_EXTRA_CA_CERTS', { NODE_EXTRA_CA_CERTS: 'one.pem' }, {}, /^fine$/],
    ['with a bad one beside it', { SSL_CERT_FILE: 'broken.pem', SSL_CERT_DIR: 'd1' }, {}, /^fine$/],
    ['one of its own', {}, { ca: 'OWN' }, /^fine$/],
    ['another of its own', { SSL_CERT_FILE: 'one.pem' }, { ca: 'OTHER' }, /signed by no authority/],
    ['not checked', { SSL_CERT_FILE: 'empty.pem', SSL_CERT_DIR: 'nothing' }, { rejectUnauthorized: false }, /^fine$/],
  ])('%s', async (_, env, options: { ca?: string }, expected) => {
    const server = await serve(one!)
    const ca = { OWN: one!.cert, OTHER: two!.cert }[options.ca ?? '']
    expect(await ask(server, env, ca === undefined ? options : { ca })).toMatch(expected)
  })

  test('what one run trusts, the next does not', async () => {
    const server = await serve(one!)
    expect(await ask(server, { SSL_CERT_FILE: 'one.pem' })).toBe('fine')
    expect(await ask(server, { SSL_CERT_FILE: 'd2/x.crt' })).toMatch(/signed by no authority/)
    expect(await ask(server, {})).toMatch(/signed by no authority/)
  })

  test('SSL_CERT_FILE and SSL_CERT_DIR that name nothing: nobody is trusted', () => {
    const env = { SSL_CERT_FILE: 'empty.pem', SSL_CERT_DIR: 'nothing' }
    expect(() => secured(fakeContext({ env, cwd: folder, platform: 'linux' }))).toThrow(
      'SSL_CERT_FILE and SSL_CERT_DIR name no certificate that can be read, so no server can be trusted',
    )
    for (const ca of ['', 'text', []]) {
      expect(() => secured(fakeContext(), { ca })).toThrow(/holds no certificate that can be read/)
    }
    expect(() => contextOf([], {})).toThrow('no authority is given')
  })

  test.skipIf(process.platform === 'win32').each([
    ['SSL_CERT_FILE', 'd2/pipe', 'd2/pipe is a named pipe that nothing writes to'],
    ['SSL_CERT_FILE', '/dev/zero', 'read /dev/zero: file too large'],
    ['SSL_CERT_FILE', 'd1', 'read {}/d1: is a directory'],
    ['SSL_CERT_FILE', 'nowhere', 'open {}/nowhere: no such file or directory'],
    ['SSL_CERT_DIR', 'one.pem', 'scandir {}/one.pem: not a directory'],
    ['NODE_EXTRA_CA_CERTS', '/dev/zero', 'read /dev/zero: file too large'],
  ])('%s=%s: the variable and the file are named', (variable, path, reason) => {
    const env = { SSL_CERT_FILE: 'empty.pem', SSL_CERT_DIR: 'nothing', [variable]: path }
    expect(() => secured(fakeContext({ env, cwd: folder, platform: 'linux' }))).toThrow(
      `${variable}: ${reason.replace('{}', folder)}`.replace(': d2', `: ${folder}/d2`),
    )
  })

  test.skipIf(process.platform === 'win32')('a file without an end is refused where others are trusted as well', () => {
    for (const variable of ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS']) {
      const env = { SSL_CERT_DIR: 'd1', [variable]: '/dev/zero' }
      expect(() => secured(fakeContext({ env, cwd: folder, platform: 'linux' }))).toThrow(`${variable}: read /dev/zero`)
    }
  })

  test.skipIf(process.platform === 'win32')('a pipe in a folder of SSL_CERT_DIR is passed over', () => {
    const env = { SSL_CERT_DIR: 'd2', SSL_CERT_FILE: 'empty.pem' }
    expect(findAuthorities({ env, cwd: folder, platform: 'linux' }).certificates).toEqual([two!.cert.trim()])
  })

  test("the runtime's own are not added to those that are named", () => {
    const [root = ''] = rootCertificates
    writeFileSync(join(folder, 'root.pem'), root)
    const machine = { cwd: folder, platform: 'linux' } as const
    expect(findAuthorities({ ...machine, env: { SSL_CERT_FILE: 'one.pem', SSL_CERT_DIR: 'nothing' } })).toEqual({
      certificates: [one!.cert.trim()],
      alone: true,
      unread: [],
    })
  })

  test('the words of a failure say where to add the authority', async () => {
    const server = await serve(one!)
    const own = await ask(server, { SSL_CERT_FILE: 'd2/x.crt', SSL_CERT_DIR: 'd2' })
    expect(own).toContain("add its authority's certificate to what SSL_CERT_FILE and SSL_CERT_DIR name,")
    const system = await ask(server, {})
    expect(system).toContain(
      "add its authority's certificate to the machine's, or name a file with it in NODE_EXTRA_CA_CERTS",
    )
    const service = await ask(server, {}, { ca: two!.cert })
    expect(service).toContain("add its authority's certificate to those that this service's own setting names")
    expect(service).not.toContain('NODE_EXTRA_CA_CERTS')
  })

  test('an authority below a root is trusted without its root', async () => {
    const [root, below, leaf] = ['root', 'below', 'leaf'].map((name) => join(folder, `chain-${name}`))
    const run = (...args: string[]): unknown => execFileSync('openssl', args, { stdio: 'pipe' })
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    const key = (path: string): string[] => [...curve, '-subj', `/CN=${path.slice(-4)}`, '-keyout', `${path}.key`]
    const signed = (path: string, by: string, more: string): unknown => {
      run('req', ...key(path), '-out', `${path}.csr`)
      writeFileSync(`${path}.ext`, more)
      const authority = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial']
      return run('x509', '-req', '-in', `${path}.csr`, ...authority, '-extfile', `${path}.ext`, '-out', `${path}.pem`)
    }
    run('req', '-x509', ...key(root!), '-out', `${root}.pem`)
    signed(below!, root!, 'basicConstraints=critical,CA:true\n')
    signed(leaf!, below!, 'subjectAltName=DNS:localhost\n')
    const [middle, cert, own] = [`${below}.pem`, `${leaf}.pem`, `${leaf}.key`].map((path) => readFileSync(path, 'utf8'))
    const server = await serve({ ...one!, key: own!, cert: cert! })
    expect(await ask(server, { SSL_CERT_FILE: `${below}.pem` })).toBe('fine')
    expect(await ask(server, { NODE_EXTRA_CA_CERTS: `${below}.pem` })).toBe('fine')
    expect(await ask(server, {}, { ca: middle! })).toBe('fine')
    expect(await ask(server, { SSL_CERT_FILE: `${root}.pem` })).toMatch(/signed by no authority/)
  })

  test('a certificate for another host', async () => {
    const server = await serve(one!)
    const text = await ask(server, { SSL_CERT_FILE: 'one.pem' }, { servername: 'other.example' })
    expect(text).toMatch(/^cannot reach localhost:\d+: its certificate is for another host: Host: other\.example/)
  })

  const plainly = async (server: Server): Promise<{ address: string }> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closing.push(() => server.close())
    return { address: `https://localhost:${(server.address() as AddressInfo).port}` }
  }
  test('a server without TLS', async () => {
    const server = await plainly(createServer((_, response) => response.end('plain')))
    expect(await ask(server, {})).toMatch(/^cannot reach localhost:\d+: it answers plain HTTP/)
  })

  test('a server that closes', async () => {
    const server = await plainly(createTcp((socket) => socket.destroy()))
    expect(await ask(server, {})).toMatch(
      /^cannot reach localhost:\d+: (?:it closed the connection before TLS was set up|read: connection reset by peer)$/,
    )
    const clear = { address: server.address.replace('https', 'http') }
    expect(await ask(clear, {})).toMatch(
      /^cannot reach localhost:\d+: (?:it closed the connection without an answer|read: connection reset by peer)$/,
    )
  })

  test.each([
    ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ])('an answer that ends before its end, by %s', async (_, text) => {
    const server = await plainly(createTcp((socket) => socket.once('data', () => socket.end(text))))
    const clear = { address: server.address.replace('https', 'http') }
    expect(await ask(clear, {})).toMatch(/^the answer of localhost:\d+ is cut off$/)
  })

  test('something else than HTTP', async () => {
    const server = await plainly(createTcp((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')))
    const clear = { address: server.address.replace('https', 'http') }
    expect(await ask(clear, {})).toMatch(/^cannot reach localhost:\d+: what it answers is no HTTP$/)
  })

  test('nobody there, and no such host', async () => {
    expect(await ask({ address: `https://localhost:${refusingPort}` }, {})).toMatch(
      /^cannot reach localhost:\d+: connect .*: connection refused$/,
    )
    expect(await ask({ address: 'https://nowhere.invalid' }, {})).toMatch(
      /^cannot reach nowhere\.invalid: lookup nowhere\.invalid: (?:no such host|temporary failure in name resolution)$/,
    )
  })
})

test.each([
  ['CERT_HAS_EXPIRED', 'certificate has expired', 'its certificate has expired'],
  [
    'CERT_NOT_YET_VALID',
    'certificate is not yet valid',
    "its certificate is not valid yet: is this machine's clock right?",
  ],
  [
    'EPROTO',
    'write EPROTO 80AC:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/x.c:350:\n',
    'it answers plain HTTP, or something else that is no TLS: should the address begin with http://, or name another port?',
  ],
  [
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    '80:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../x.c:1:SSL alert number 116\n',
    'it asks for a certificate of the client, and accepts none that was shown',
  ],
  [
    'EPROTO',
    'write EPROTO 80:error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:../x.c:1:\n',
    'TLS fails: sslv3 alert handshake failure',
  ],
])('%s: %s', (code, message, expected) => {
  expect(connectionText(Object.assign(new Error(message), { code }), { env: {}, platform: 'linux' })).toBe(expected)
})

test('the error of a client that uses none of our agents is not one of a connection', () => {
  expect(unreachable(new Error('AccessDenied'), { env: {}, platform: 'linux' })).toBeUndefined()
})

test("on this machine: its own authorities are found, where the system's bundle can be read", () => {
  const bundle = '/etc/ssl/certs/ca-certificates.crt'
  let text = ''
  try {
    text = readFileSync(bundle, 'utf8')
  } catch {
    // Another system, or none installed.
  }
  const { certificates } = findAuthorities({ env: {}, cwd: folder, platform: 'linux' })
  const count = new Set(text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).size
  expect(certificates.length).toBeGreaterThanOrEqual(count)
})
