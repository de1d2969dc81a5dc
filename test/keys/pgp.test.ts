import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keyTypes } from '../../src/keys/key-types.ts'
import { pgp } from '../../src/keys/pgp.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { fakeContext } from '../support/context.ts'

const alice = '84A7186F9832D9E67FAF2010DEF64C926113B527'
const dataKey = Buffer.alloc(32, 7)
const message = '-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----'

const keyOf = (fp: string, enc = ''): MasterKey => ({
  type: 'pgp',
  fields: { fp },
  createdAt: '2026-01-02T03:04:05Z',
  enc,
})

describe('key strings', () => {
  test('an age identity is refused before gpg is given it', async () => {
    const secret = `AGE-SECRET-KEY-1${'Q'.repeat(58)}`
    await expect(pgp.parse(secret, fakeContext())).rejects.toThrow('this is a key, which is secret')
    await expect(pgp.parseGroupItem(secret, fakeContext())).rejects.toThrow('this is a key, which is secret')
  })

  test.each([
    ['', []],
    [alice, [alice]],
    ['84A7 186F 9832 D9E6 7FAF  2010 DEF6 4C92 6113 B527', [alice]],
    [` ${alice} , ${alice.toLowerCase()}! `, [alice, `${alice.toLowerCase()}!`]],
    [`${alice},`, [alice, '']],
    [',', ['', '']],
    [`0x${alice}\t`, [`0x${alice}\t`]],
    ['DEF64C926113B527', ['DEF64C926113B527']],
  ])('%j', async (text, fingerprints) => {
    const keys = await pgp.parse(text, fakeContext())
    expect(keys).toEqual(fingerprints.map((fp) => keyOf(fp)))
    expect(keys.map(pgp.label)).toEqual(fingerprints)
  })

  test('one item of a key group is one key', async () => {
    expect(await pgp.parseGroupItem(`${alice}, x`, fakeContext())).toEqual([keyOf(`${alice},x`)])
    await expect(pgp.parseGroupItem({ fp: alice }, fakeContext())).rejects.toThrow('must be a string')
  })

  test('only blanks and commas matter', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string({ minLength: 1 }).filter((s) => !/[ ,]/.test(s)),
          { minLength: 1 },
        ),
        async (parts) => {
          const keys = await pgp.parse(parts.map((part) => ` ${part} `).join(','), fakeContext())
          expect(keys.map(pgp.label)).toEqual(parts)
        },
      ),
    ))

  test('is in the table', () => expect(keyTypes.pgp).toBe(pgp))
})

describe.skipIf(process.platform === 'win32')('the program', () => {
  let dir: string
  let made = 0

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'pgp-program-'))
  })
  afterAll(() => rmSync(dir, { recursive: true }))

  /** A program with this shell script in it. */
  function program(script: string): string {
    const path = join(dir, `gpg${made++}`)
    writeFileSync(path, `#!/bin/sh\n${script}\n`)
    chmodSync(path, 0o755)
    return path
  }

  const context = (gpg: string, options: { unattended?: boolean; env?: Record<string, string> } = {}) => {
    const env = { PATH: process.env.PATH, SOPS_GPG_EXEC: gpg, GNUPGHOME: dir, ...options.env }
    const ctx = fakeContext({ env, cwd: dir, home: dir })
    return options.unattended ? { ...ctx, unattended: true } : ctx
  }

  const reasonOf = async (key: MasterKey, gpg: string): Promise<string> => {
    const result = await pgp.unwrap(key, context(gpg))
    if (result instanceof Uint8Array) throw new Error('it opened')
    return result.unavailable
  }

  test("gets the reference's arguments and the bytes to wrap", async () => {
    const gpg = program(
      `printf '%s\\n' "$@" > ${dir}/args; cat > ${dir}/input; printf '\\n ${message.replaceAll('\n', '\\n')} \\r\\n\\n'`,
    )
    expect(await pgp.wrap(keyOf(alice), dataKey, context(gpg))).toBe(message)
    expect(readFileSync(join(dir, 'args'), 'utf8').trim().split('\n')).toEqual(
      `--no-default-recipient --yes --encrypt -a -r ${alice} --trusted-key DEF64C926113B527 --no-encrypt-to`.split(' '),
    )
    expect(readFileSync(join(dir, 'input'))).toEqual(dataKey)
  })

  test.each(['evil@example.org', 'Evil <evil@example.org>', '=Evil <evil@example.org>', '<evil@example.org>', 'evil'])(
    'no server is asked for the key of %s',
    async (fp) => {
      const gpg = program(`printf '%s\\n' "$@" > ${dir}/args; exit 2`)
      await expect(pgp.wrap(keyOf(fp), dataKey, context(gpg))).rejects.toThrow('could not encrypt')
      const found = program(`printf '%s\\n' "$@" > ${dir}/args; printf -- '${message.replaceAll('\n', '\\n')}'`)
      await pgp.wrap(keyOf(fp), dataKey, context(found))
      expect(readFileSync(join(dir, 'args'), 'utf8').trim().split('\n')).toContain('--no-auto-key-locate')
    },
  )

  test.each([
    [`${alice}!`, 'DEF64C926113B527!'],
    ['ABC', 'ABC'],
    ['0xDEF64C926113B527', 'DEF64C926113B527'],
  ])('the short id of %s is %s', async (fp, id) => {
    const gpg = program(`echo "$8" > ${dir}/id; printf -- '${message.replaceAll('\n', '\\n')}'`)
    await pgp.wrap(keyOf(fp), dataKey, context(gpg))
    expect(readFileSync(join(dir, 'id'), 'utf8')).toBe(`${id}\n`)
  })

  test('gets the text to unwrap, and its output is taken as it is', async () => {
    const gpg = program(`echo "$@" > ${dir}/args; cat > ${dir}/input; printf ' \\n\\001 '`)
    expect(await pgp.unwrap(keyOf(alice, message), context(gpg))).toEqual(Buffer.from(' \n\x01 '))
    expect(readFileSync(join(dir, 'args'), 'utf8')).toBe('-d\n')
    expect(readFileSync(join(dir, 'input'), 'utf8')).toBe(message)
  })

  test('is told not to ask when nobody is there', async () => {
    const gpg = program(`echo "$@" > ${dir}/args; printf x`)
    await pgp.unwrap(keyOf(alice, message), context(gpg, { unattended: true }))
    expect(readFileSync(join(dir, 'args'), 'utf8')).toBe('--batch --pinentry-mode cancel -d\n')
  })

  test.each([
    ['says why', 'echo " gpg: no " >&2; echo also >&2; exit 2', 'with pgp: gpg: no \nalso'],
    ['says nothing', 'exit 3', 'with pgp: exit status 3'],
    ['gives nothing', 'exit 0', 'with pgp: zero bytes returned'],
    ['dies', 'kill -9 $$', 'with pgp: signal: SIGKILL'],
    ['prints without end', 'yes', 'with pgp: it printed too much'],
    ['prints a key and then fails', 'echo half a key; echo bad MAC >&2; exit 1', 'with pgp: bad MAC'],
  ])('one that %s does not unwrap', async (_, script, message) => {
    const reason = await reasonOf(keyOf(alice, 'x'.repeat(500_000)), program(script))
    expect(reason).toBe(
      `could not decrypt data key with PGP key: GnuPG binary error: failed to decrypt sops data key ${message}`,
    )
  })

  test.each([
    ['says why', 'echo "gpg: no" >&2; exit 2', 'with pgp: gpg: no'],
    ['prints something else', 'echo hello', 'with pgp: the program printed no PGP message'],
    ['prints nothing', 'exit 0', 'with pgp: the program printed no PGP message'],
  ])('one that %s does not wrap', async (_, script, message) => {
    const start = 'could not encrypt data key with PGP key: GnuPG binary error: failed to encrypt sops data key '
    await expect(pgp.wrap(keyOf(alice), dataKey, context(program(script)))).rejects.toThrow(start + message)
  })

  test('an empty fingerprint never gets there', async () => {
    const gpg = program(`touch ${dir}/started`)
    await expect(pgp.wrap(keyOf(''), dataKey, context(gpg))).rejects.toThrow('the fingerprint is empty')
    expect(existsSync(join(dir, 'started'))).toBe(false)
  })

  test('a fingerprint is never an option or a command', async () => {
    const gpg = program(
      `[ "$5" = -r ] && [ "$6" = '--output;x $(id)' ] && printf -- '${message.replaceAll('\n', '\\n')}'`,
    )
    expect(await pgp.wrap(keyOf('--output;x $(id)'), dataKey, context(gpg))).toBe(message)
    await expect(pgp.wrap(keyOf('a\0b'), dataKey, context(gpg))).rejects.toThrow('null bytes')
  })

  test('is looked for in the absolute folders of PATH', async () => {
    const name = program('printf found').slice(dir.length + 1)
    const env = (PATH: string) => context(name, { env: { PATH } })
    expect(await pgp.unwrap(keyOf(alice, message), env(`/nonexistent:${dir}`))).toEqual(Buffer.from('found'))
    const unavailable = expect.stringContaining(`exec: "${name}": executable file not found in $PATH\ninstall GnuPG`)
    for (const PATH of ['', '.', ':/nonexistent', '/nonexistent']) {
      expect(await pgp.unwrap(keyOf(alice, message), env(PATH))).toEqual({ unavailable })
    }
    expect(await pgp.unwrap(keyOf(alice, message), context(`./${name}`))).toEqual(Buffer.from('found'))
  })

  test('a few run at a time, and all get their own bytes', async () => {
    const gpg = program(
      `n=$(cat | od -An -tu1 -N1 | tr -d ' '); touch ${dir}/run.$n; ls ${dir} | grep -c '^run' >> ${dir}/count; sleep 0.05; rm ${dir}/run.$n; printf -- '-----BEGIN PGP MESSAGE-----%s' $n`,
    )
    const ctx = context(gpg)
    const wrapped = Array.from({ length: 12 }, (_, i) => pgp.wrap(keyOf(alice), Buffer.alloc(32, i), ctx))
    expect(await Promise.all(wrapped)).toEqual(wrapped.map((_, i) => `-----BEGIN PGP MESSAGE-----${i}`))
    const counts = readFileSync(join(dir, 'count'), 'utf8').trim().split('\n').map(Number)
    expect(counts).toHaveLength(12)
    expect(Math.max(...counts)).toBeLessThanOrEqual(4)
  })
})
