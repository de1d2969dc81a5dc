// Binary files in pieces: the same files, the same plaintext and the same refusals as those that are worked on as one text.
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, linkSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { createLeafCipher } from '../../src/cipher/leaf.ts'
import { encryptLong, openLong, type Pieces } from '../../src/cipher/long-leaf.ts'
import { type CliResult, memoryFolder, runCli, type Sandbox, sandbox } from '../support/cli.ts'
import { keysFolder } from '../support/conformance/case.ts'

const identity = readFileSync(join(keysFolder, 'one.age'), 'utf8')
const recipient = /age1[a-z0-9]+/.exec(identity)![0]
const env = { SOPS_AGE_KEY: identity }
const now = new Date('2026-01-02T03:04:05Z')

/** Bytes that a piece of plaintext has. */
const step = 3 * 2 ** 18
const inPieces = 1000
const never = Number.POSITIVE_INFINITY

const folders: Sandbox[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove()
})

function temporaryFolder(): string {
  const folder = sandbox({}, memoryFolder)
  folders.push(folder)
  return folder.dir
}

const sops = (cwd: string, largeFrom: number, argv: readonly string[], stdin?: Uint8Array): Promise<CliResult> =>
  runCli(argv, { cwd, env, now, largeFrom, ...(stdin ? { stdin } : {}) })

const bytesOf = (size: number): Buffer =>
  Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) % 256))

/** The text with what differs at each encryption taken out. */
const form = (text: Buffer): string => text.toString('latin1').replace(/ENC\[[^\]]*\]|-----BEGIN[^"]*/g, '…')

async function encrypted(size: number, largeFrom: number, ...flags: string[]): Promise<{ cwd: string; text: Buffer }> {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'f.bin'), bytesOf(size))
  const { code, stdout, stderr } = await sops(cwd, largeFrom, [...flags, 'encrypt', '--age', recipient, 'f.bin'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  writeFileSync(join(cwd, 'f.enc'), stdout)
  return { cwd, text: stdout }
}

describe.each([1000, 1001, 1002, step - 1, step, step + 1, 2 * step + 2])('%i bytes', (size) => {
  test('one way of writing reads what the other wrote', async () => {
    for (const [write, read] of [
      [inPieces, never],
      [inPieces, inPieces],
      [never, inPieces],
    ] as const) {
      const { cwd } = await encrypted(size, write)
      const { code, stdout, stderr } = await sops(cwd, read, ['decrypt', 'f.enc'])
      expect({ code, stderr, isSame: stdout.equals(bytesOf(size)) }).toEqual({ code: 0, stderr: '', isSame: true })
    }
  })
})

test.each([[[]], [['--indent', '2']], [['--mac-only-encrypted']]])('the form is the same, with %j', async (flags) => {
  const [a, b] = [await encrypted(5000, inPieces, ...flags), await encrypted(5000, never, ...flags)]
  expect(form(a.text)).toBe(form(b.text))
  expect(a.text.length).toBe(b.text.length)
})

test('standard input, --output and --in-place', async () => {
  const { cwd } = await encrypted(5000, inPieces)
  const plain = bytesOf(5000)
  const piped = await sops(cwd, inPieces, ['decrypt', '--input-type', 'binary'], readFileSync(join(cwd, 'f.enc')))
  expect(piped.stdout.equals(plain)).toBe(true)
  const named = ['encrypt', '--age', recipient, '--filename-override', 'g.bin', '--output', 'g.enc']
  expect((await sops(cwd, inPieces, named, plain)).code).toBe(0)
  expect((await sops(cwd, inPieces, ['decrypt', '--output', 'g.bin', 'g.enc'])).code).toBe(0)
  expect(readFileSync(join(cwd, 'g.bin')).equals(plain)).toBe(true)
  const before = statSync(join(cwd, 'f.bin')).mode
  expect((await sops(cwd, inPieces, ['encrypt', '--age', recipient, '-i', 'f.bin'])).code).toBe(0)
  expect(readFileSync(join(cwd, 'f.bin'), 'utf8')).toContain('"data": "ENC[')
  expect((await sops(cwd, inPieces, ['decrypt', '-i', 'f.bin'])).code).toBe(0)
  expect(readFileSync(join(cwd, 'f.bin')).equals(plain)).toBe(true)
  expect(statSync(join(cwd, 'f.bin')).mode).toBe(before)
  expect(readdirSync(cwd).sort()).toEqual(['f.bin', 'f.enc', 'g.bin', 'g.enc'])
})

test('a file of two names is overwritten from a whole copy', async () => {
  const { cwd } = await encrypted(2 * step, inPieces)
  linkSync(join(cwd, 'f.enc'), join(cwd, 'other.enc'))
  expect((await sops(cwd, inPieces, ['decrypt', '-i', 'f.enc'])).code).toBe(0)
  expect(readFileSync(join(cwd, 'other.enc')).equals(bytesOf(2 * step))).toBe(true)
})

test('filestatus', async () => {
  const { cwd } = await encrypted(5000, inPieces)
  expect((await sops(cwd, inPieces, ['filestatus', 'f.enc'])).stdout.toString()).toBe('{"encrypted":true}\n')
  const plain = await sops(cwd, inPieces, ['filestatus', 'f.bin'])
  expect(plain).toEqual(await sops(cwd, never, ['filestatus', 'f.bin']))
})

const replaced =
  (pattern: RegExp, by: (text: string) => string) =>
  (text: string): string =>
    text.replace(pattern, by)
const otherLetter = (text: string): string => text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A')

describe('what was changed is refused as in smaller files, and nothing of it is shown', () => {
  test.each<[string, (text: string) => string]>([
    ['the first letter of the data', replaced(/data:./, otherLetter)],
    ['a letter of the data', (text) => otherLetter(text.slice(0, 500_000)) + text.slice(500_000)],
    ['the last piece', replaced(/.(?=.{40},iv:)/, otherLetter)],
    ['data cut short', replaced(/.{4},iv:/, (cut) => cut.slice(4))],
    ['data out of step', replaced(/.,iv:/, (cut) => cut.slice(1))],
    ['data of another alphabet', replaced(/data:./, () => 'data:-')],
    ['the nonce', replaced(/iv:./, otherLetter)],
    ['the tag', replaced(/tag:./, otherLetter)],
    ['a short tag', replaced(/tag:[^,]*/, () => 'tag:AAAA')],
    ['the type', replaced(/type:str/, () => 'type:int')],
    ['a type that there is not', replaced(/type:str/, () => 'type:new')],
    ['the MAC', replaced(/"mac": "ENC\[AES256_GCM,data:./, otherLetter)],
    ['no MAC', replaced(/"mac": "[^"]*"/, () => '"mac": ""')],
    ['the date', replaced(/2026-01-02/, () => '2026-01-03')],
    ['a second value', replaced(/,\s*"sops"/, (text) => `,"x": "y"${text}`)],
    ['a selection that leaves it in clear', replaced(/"mac"/, () => '"encrypted_regex": "^x$", "mac"')],
  ])('%s', async (_, change) => {
    const { cwd, text } = await encrypted(step + 7, inPieces)
    writeFileSync(join(cwd, 'f.enc'), change(text.toString('latin1')), 'latin1')
    for (const argv of [
      ['decrypt', 'f.enc'],
      ['decrypt', '--output', 'out', 'f.enc'],
      ['decrypt', '-i', 'f.enc'],
    ]) {
      const { code, stdout } = await sops(cwd, inPieces, argv)
      expect(code).not.toBe(0)
      expect(stdout.length).toBe(0)
    }
    expect(existsSync(join(cwd, 'out'))).toBe(false)
    expect(readFileSync(join(cwd, 'f.enc'), 'latin1')).toBe(change(text.toString('latin1')))
    expect(readdirSync(cwd).sort()).toEqual(['f.bin', 'f.enc'])
  })

  test.each<[string, (text: string) => string]>([
    ['the data', replaced(/data:./, otherLetter)],
    ['the MAC', replaced(/"mac": "[^"]*"/, () => '"mac": ""')],
    ['the key', replaced(/(?<=-----BEGIN AGE ENCRYPTED FILE-----\\n)./, otherLetter)],
  ])('in the same words: %s', async (_, change) => {
    const { cwd, text } = await encrypted(5000, inPieces)
    writeFileSync(join(cwd, 'f.enc'), change(text.toString('latin1')), 'latin1')
    const [a, b] = [await sops(cwd, inPieces, ['decrypt', 'f.enc']), await sops(cwd, never, ['decrypt', 'f.enc'])]
    expect(a).toEqual(b)
    expect(a.code).not.toBe(0)
  })

  test('--ignore-mac', async () => {
    const { cwd, text } = await encrypted(5000, inPieces)
    writeFileSync(join(cwd, 'f.enc'), text.toString('latin1').replace(/"mac": "[^"]*"/, '"mac": ""'))
    const { stdout } = await sops(cwd, inPieces, ['decrypt', '--ignore-mac', 'f.enc'])
    expect(stdout.equals(bytesOf(5000))).toBe(true)
  })
})

test('what is no envelope of binary data is read as a whole', async () => {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'f.json'), JSON.stringify({ a: 'x'.repeat(2000) }))
  const sealed = await sops(cwd, inPieces, ['encrypt', '--age', recipient, 'f.json'])
  writeFileSync(join(cwd, 'f.enc'), sealed.stdout)
  expect((await sops(cwd, inPieces, ['decrypt', 'f.enc'])).stdout.toString()).toContain('xxx')
  expect((await sops(cwd, inPieces, ['decrypt', 'f.json'])).stderr).toContain('sops metadata not found')
})

test('data that changes after it was checked is not shown', async () => {
  const cipher = createLeafCipher(randomBytes(32))
  const plain = bytesOf(3 * step)
  const parts: Uint8Array[] = []
  for await (const part of encryptLong(cipher, 'data:', memory(plain), () => {})) parts.push(part)
  const text = Buffer.concat(parts)
  const from = 'ENC[AES256_GCM,data:'.length
  const to = text.indexOf(',iv:')
  const token = { from, to, frame: `ENC[AES256_GCM,data:AAAA${text.subarray(to)}` }
  const leaf = await openLong(cipher, 'data:', token, memory(text), () => {})
  // Another letter of base64: what is none is refused before its digest is looked at.
  const place = from + 2 * 2 ** 20 + 5
  text[place] = (text[place] === 65 ? 'B' : 'A').charCodeAt(0)
  const shown: Uint8Array[] = []
  await expect(async () => {
    for await (const piece of leaf.plaintext()) shown.push(piece)
  }).rejects.toThrow('the file was changed by another program while it was read')
  expect(digest(Buffer.concat(shown))).toBe(digest(plain.subarray(0, 2 * step)))
})

const memory = (bytes: Uint8Array): Pieces => ({
  size: bytes.length,
  read: async (from, to) => bytes.subarray(from, to),
})
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
