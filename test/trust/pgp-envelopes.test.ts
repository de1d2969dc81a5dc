// Changed PGP messages: what comes out is an error or the very same data key, from gpg and from the built-in OpenPGP code.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { armor, enums, unarmor } from 'openpgp'
import { afterAll, describe, expect, test } from 'vitest'
import { localKeyService, recoverDataKey } from '../../src/groups/data-key.ts'
import { pgp } from '../../src/keys/pgp.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { isLong, numbersFrom, seed, timeout } from '../fuzz/budget.ts'
import { dataKey } from '../fuzz/sealed.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { type FakeContext, fakeContext } from '../support/context.ts'
import { closeGpgHome, gpgHome, hasGpg } from '../support/gpg.ts'
import { byteChanges, lineChanges } from './changes.ts'

if (!hasGpg) process.stderr.write('changed PGP messages are not tried with GnuPG: there is no program gpg\n')

const home = mkdtempSync(join(tmpdir(), 'sops-pgp-'))
afterAll(() => {
  closeGpgHome()
  rmSync(home, { recursive: true, force: true })
})

const now = new Date()
const secret = (name: string): string => readFileSync(join(keysFolder, `${name}.pgp.asc`), 'utf8')

const keys = {
  RSA: { name: 'alice', fp: '84A7186F9832D9E67FAF2010DEF64C926113B527' },
  Curve25519: { name: 'carol', fp: '789092AA7D8990E4E3BB9C476822C6BFC36D94D8' },
} as const

const noGpg = (name: string): FakeContext =>
  fakeContext({
    now,
    cwd: home,
    home,
    env: { SOPS_GPG_EXEC: '/nonexistent/gpg', GNUPGHOME: home, SOPS_PGP_KEY: secret(name) },
  })

const withGpg = (): FakeContext =>
  fakeContext({
    now,
    cwd: home,
    home,
    env: { PATH: process.env.PATH, LANG: 'C', GNUPGHOME: gpgHome() },
  })

/** Fails unless the data key is refused, or the same. */
async function outcome(fp: string, enc: string, ctx: FakeContext): Promise<'refused' | 'same'> {
  const key: MasterKey = { type: 'pgp', fields: { fp }, createdAt: '', enc }
  let result: Uint8Array
  try {
    result = await recoverDataKey([{ keys: [key] }], 0, [localKeyService(ctx)])
  } catch (error) {
    expect(error).toMatchObject({ code: 'no-data-key' })
    return 'refused'
  }
  expect(Buffer.from(result).toString('hex'), enc).toBe(Buffer.from(dataKey).toString('hex'))
  return 'same'
}

const packed = (bytes: Uint8Array): string => armor(enums.armor.message, bytes)

/** The message's packets under other tags and lengths: among them those that know no integrity. */
function* tagChanges(message: Buffer): Generator<Buffer> {
  const second = 2 + message[1]!
  for (const at of [0, second])
    for (let tag = 0; tag < 256; tag++) if (tag !== message[at]) yield Buffer.from(message.with(at, tag))
  // A packet with integrity (tag 18, version 1) as the one without (tag 9), as an attack on mail programs did.
  const body = message.subarray(second + 3)
  yield Buffer.concat([message.subarray(0, second), Buffer.from([0xc9, body.length]), body])
}

/** Some of many, spread out. */
function some<T>(changes: Iterable<T>, count: number): T[] {
  const all = [...changes]
  const below = numbersFrom(seed)
  return isLong || all.length <= count ? all : Array.from({ length: count }, () => all[below(all.length)]!)
}

async function sweep(
  fp: string,
  ctx: FakeContext,
  wrapper: FakeContext,
  counts: readonly [number, number],
): Promise<void> {
  const key: MasterKey = { type: 'pgp', fields: { fp }, createdAt: '', enc: '' }
  const enc = await pgp.wrap(key, dataKey, wrapper)
  expect(await outcome(fp, enc, ctx)).toBe('same')
  const message = Buffer.from((await unarmor(enc)).data as Uint8Array)
  let refused = 0
  let count = 0
  const tryIt = async (text: string): Promise<void> => {
    count++
    if ((await outcome(fp, text, ctx)) === 'refused') refused++
  }
  for (const changed of some(byteChanges(message), counts[0])) await tryIt(packed(changed))
  for (const changed of some(tagChanges(message), counts[1])) await tryIt(packed(changed))
  const text = Buffer.from(enc)
  for (const changed of some(byteChanges(text), counts[1])) await tryIt(changed.toString('latin1'))
  for (const changed of some(lineChanges(text, text.length), counts[1])) await tryIt(changed.toString('latin1'))
  if (isLong) console.log(`${count} changed messages, ${refused} refused`)
  // White space, the version of a packet that nobody reads, and the like are of no consequence.
  expect(refused).toBeGreaterThan(count * 0.6)
}

describe.each(Object.entries(keys))('%s', (_, { name, fp }) => {
  test('the built-in OpenPGP code', () => sweep(fp, noGpg(name), noGpg(name), [30, 6]), timeout)

  test.skipIf(!hasGpg)('gpg', () => sweep(fp, withGpg(), noGpg(name), [8, 2]), timeout)
})
