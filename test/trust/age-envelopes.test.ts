// Changed age files: what comes out is an error or the very same data key, for every kind of recipient and for locked identity files.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Encrypter } from 'age-encryption'
import { afterAll, describe, expect, test } from 'vitest'
import { decodeArmor, encodeArmor } from '../../src/keys/age/format/armor.ts'
import { generateIdentity, identityFileText } from '../../src/keys/age/keygen.ts'
import { age } from '../../src/keys/age.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { isLong, timeout } from '../fuzz/budget.ts'
import { dataKey, recipientOne } from '../fuzz/sealed.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { type FakeContext, fakeContext } from '../support/context.ts'
import { byteChanges, lineChanges } from './changes.ts'

const home = mkdtempSync(join(tmpdir(), 'sops-envelopes-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

const text = (name: string): string => readFileSync(join(keysFolder, name), 'utf8')

/** Fails unless the data key is refused with a proper error, or the same. */
async function outcome(key: MasterKey, ctx: FakeContext): Promise<'refused' | 'same'> {
  let result: Awaited<ReturnType<typeof age.unwrap>>
  try {
    result = await age.unwrap(key, ctx)
  } catch (error) {
    expect(error).toBeInstanceOf(Error)
    expect([TypeError, RangeError], String(error)).not.toContain((error as Error).constructor)
    expect((error as Error).message).not.toMatch(/[\0-\x08\x0b-\x1f]/)
    return 'refused'
  }
  if (!(result instanceof Uint8Array)) return 'refused'
  expect(Buffer.from(result).equals(dataKey)).toBe(true)
  return 'same'
}

const wrapped = async (recipient: string): Promise<MasterKey> => {
  const [key] = await age.parse(recipient, fakeContext({ home }))
  return { ...key!, enc: await age.wrap(key!, dataKey, fakeContext({ home })) }
}

const kinds: readonly {
  readonly name: string
  readonly recipient: () => string
  readonly env: () => Readonly<Record<string, string>>
  readonly step: number
}[] = [
  { name: 'X25519', recipient: () => recipientOne, env: () => ({ SOPS_AGE_KEY: text('one.age') }), step: 1 },
  {
    name: 'post-quantum',
    recipient: () => /age1pq1[a-z0-9]+/.exec(text('pq.age'))?.[0] ?? '',
    env: () => ({ SOPS_AGE_KEY: text('pq.age') }),
    step: 31,
  },
  {
    name: 'ssh-ed25519',
    recipient: () => text('id_ed25519.pub').trim(),
    env: () => ({ SOPS_AGE_SSH_PRIVATE_KEY_FILE: join(keysFolder, 'id_ed25519') }),
    step: 2,
  },
  {
    name: 'ssh-rsa',
    recipient: () => text('id_rsa.pub').trim(),
    env: () => ({ SOPS_AGE_SSH_PRIVATE_KEY_FILE: join(keysFolder, 'id_rsa') }),
    step: 7,
  },
]

describe.each(kinds)('$name', ({ recipient, env, step }) => {
  const ctx = (): FakeContext => fakeContext({ env: env(), home, cwd: home })

  test(
    'every byte and line of the file: no change goes unnoticed',
    async () => {
      const key = await wrapped(recipient())
      expect(await outcome(key, ctx())).toBe('same')
      const file = decodeArmor(key.enc)
      const headerEnd = file.indexOf(10, file.indexOf('\n---') + 1) + 1
      let count = 0
      for (const changed of [...byteChanges(file, step), ...lineChanges(file, headerEnd)]) {
        if (changed.equals(file)) continue
        count++
        expect(await outcome({ ...key, enc: encodeArmor(changed) }, ctx()), changed.toString('latin1')).toBe('refused')
      }
      for (const tail of [Buffer.alloc(1), Buffer.alloc(16), file]) {
        const longer = Buffer.concat([file, tail])
        expect(await outcome({ ...key, enc: encodeArmor(longer) }, ctx())).toBe('refused')
      }
      if (isLong) console.log(`${count} changed files`)
      expect(count).toBeGreaterThan(50)
    },
    timeout,
  )

  test(
    'every byte of the armor',
    async () => {
      const key = await wrapped(recipient())
      const armor = Buffer.from(key.enc)
      let same = 0
      let count = 0
      for (const changed of [...byteChanges(armor, step * 5), ...lineChanges(armor, isLong ? armor.length : 0)]) {
        count++
        if ((await outcome({ ...key, enc: changed.toString('latin1') }, ctx())) === 'same') same++
      }
      if (isLong) console.log(`${count} changed armors, ${same} of them of no consequence`)
      // White space around the armor, and its line ends, are all that may be different.
      expect(same).toBeLessThan(isLong ? count / 10 : 10)
    },
    timeout,
  )
})

test(
  'a locked identity file, every byte and line',
  async () => {
    const pair = await generateIdentity()
    const key = await wrapped(pair.recipient)
    const encrypter = new Encrypter()
    encrypter.setPassphrase('correct horse')
    encrypter.setScryptWorkFactor(4)
    const file = Buffer.from(await encrypter.encrypt(identityFileText(pair, new Date(0))))
    const path = join(home, 'locked')
    const tried = async (bytes: Buffer): Promise<string> => {
      writeFileSync(path, bytes, { mode: 0o600 })
      const env = { SOPS_AGE_KEY_FILE: path, GPG_AGENT_INFO: '' }
      const answers = ['correct horse', 'correct horse', 'correct horse']
      return outcome(key, fakeContext({ env, home, cwd: home, prompt: answers }))
    }
    expect(await tried(file)).toBe('same')
    // The work factor: larger ones take seconds and gigabytes, up to the limit that the reference has, too.
    const factor = file.indexOf(' 4\n') + 1
    const headerEnd = file.indexOf(10, file.indexOf('\n---') + 1) + 1
    let count = 0
    for (const changed of [...byteChanges(file, 3), ...lineChanges(file, headerEnd)]) {
      const logN = /^-> scrypt \S+ (\d+)\n/m.exec(changed.toString('latin1', 0, factor + 40))?.[1]
      if (changed.equals(file) || (Number(logN ?? 0) > 15 && Number(logN) < 23)) continue
      count++
      expect(await tried(changed), changed.toString('latin1')).toBe('refused')
    }
    if (isLong) console.log(`${count} changed files`)
    expect(count).toBeGreaterThan(50)
  },
  timeout,
)
