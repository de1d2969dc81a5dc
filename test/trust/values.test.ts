// Values that were never in the file, made without a key: old ciphertexts put back as comments, and second entries of a key.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decryptToObject, type FormatId, loadEncrypted, openFile, SopsError } from '../../src/index.ts'
import { seed } from '../fuzz/budget.ts'
import { common, openService, reseal, seal, unseal } from '../fuzz/sealed.ts'
import { fakeContext } from '../support/context.ts'

/** The token of a line or member that says `key`, the first that the text has. */
const tokenOf = (text: string, key: string): string =>
  new RegExp(`${key}["']?\\s*[:=] *["']?(ENC\\[[^\\]]*\\])`).exec(text)![1]!

const asComment = (token: string): string => token.replace(/,type:\w+\]$/, ',type:comment]')

interface File {
  readonly format: FormatId
  readonly earlier: string
  readonly later: string
}

/** A file whose password was changed, and the text in which it still has the earlier one. */
async function replayed({ format, earlier, later }: File): Promise<{ now: string; old: string }> {
  const before = await seal(earlier, { format })
  const now = await reseal(before, Buffer.from(later), format)
  return { now: Buffer.from(now).toString(), old: Buffer.from(before).toString() }
}

const files = {
  dotenv: { format: 'dotenv', earlier: 'PASSWORD=old\nUSER=u\n', later: 'PASSWORD=new\nUSER=u\n' },
  json: {
    format: 'json',
    earlier: '{"db": {"password": "old"}, "user": "u"}\n',
    later: '{"db": {"password": "new"}, "user": "u"}\n',
  },
  yaml: {
    format: 'yaml',
    earlier: 'db:\n  password: old\nlist:\n- old\n',
    later: 'db:\n  password: new\nlist:\n- new\n',
  },
  ini: {
    format: 'ini',
    earlier: '[db]\npassword = old\n;password = left\n',
    later: '[db]\npassword = new\n;password = left\n',
  },
  binary: { format: 'binary', earlier: 'old', later: 'new' },
} as const satisfies Record<string, File>

type Attack = (now: string, comment: string) => string

const before =
  (line: RegExp, make: (comment: string) => string): Attack =>
  (now, comment) =>
    now.replace(line, (found) => make(comment) + found)
const behind =
  (line: RegExp, make: (comment: string) => string): Attack =>
  (now, comment) =>
    now.replace(line, (found) => found + make(comment))

const attacks: readonly (readonly [name: string, keyof typeof files, key: string, path: readonly string[], Attack])[] =
  [
    ['a line before the real one', 'dotenv', 'PASSWORD', ['PASSWORD'], before(/^/, (c) => `PASSWORD=${c}\n`)],
    [
      'a line behind the real one',
      'dotenv',
      'PASSWORD',
      ['PASSWORD'],
      behind(/^PASSWORD.*\n/, (c) => `PASSWORD=${c}\n`),
    ],
    [
      'a line in place of the real one',
      'dotenv',
      'PASSWORD',
      ['PASSWORD'],
      (t, c) => t.replace(/^.*/, `PASSWORD=${c}`),
    ],
    [
      'a member behind the real one',
      'json',
      'password',
      ['db', 'password'],
      behind(/"password": *"[^"]*"/, (c) => `, "password": "${c}"`),
    ],
    [
      'a second map',
      'json',
      'password',
      ['db', 'password'],
      behind(/"db": *\{[^}]*\}/, (c) => `, "db": {"password": "${c}"}`),
    ],
    [
      'a key that joins to the same path',
      'json',
      'password',
      ['db:password'],
      before(/"db"/, (c) => `"db:password": "${c}", `),
    ],
    [
      'a value that is a map',
      'json',
      'password',
      ['db', 'password', ''],
      (t, c) => t.replace(/"user"/, `"db:password": {"": "${c}"}, "user"`).replace('"": ', '"": '),
    ],
    [
      'a key that joins to the same path',
      'yaml',
      'password',
      ['db:password'],
      before(/^/, (c) => `"db:password": ${c}\n`),
    ],
    ['a merge key', 'yaml', 'password', ['db', 'password'], (t, c) => t.replace(/password: .*/, `password: ${c}`)],
    [
      'an alias as a key',
      'yaml',
      'password',
      ['db', 'password'],
      (t, c) => t.replace(/( *)password: .*\n/, (l, i) => `${i}&k ${l.trim()}\n${i}*k : ${c}\n`),
    ],
    ['a document of its own', 'yaml', 'password', ['db', 'password'], (t, c) => `${t}---\ndb:\n  password: ${c}\n`],
    [
      'a key in place of the real one',
      'ini',
      'password',
      ['db', 'password'],
      (t, c) => t.replace(/password = .*/, `password = ${c}`),
    ],
    [
      'a key behind the real one',
      'ini',
      'password',
      ['db', 'password'],
      behind(/password = .*\n/, (c) => `password = ${c}\n`),
    ],
    [
      'a second section',
      'ini',
      'password',
      ['db', 'password'],
      (t, c) => t.replace('[sops]', `[db]\npassword = ${c}\n\n[sops]`),
    ],
    [
      'a section that joins to the same path',
      'ini',
      'password',
      ['db:password', ''],
      (t, c) => t.replace('[sops]', `[db:password]\n"" = ${c}\n\n[sops]`),
    ],
    ['the payload', 'binary', 'data', ['data'], (t, c) => t.replace(/ENC\[[^\]]*\]/, c)],
  ]

describe('an old ciphertext, declared a comment so that no MAC counts it', () => {
  test.each(attacks)('%s (%s)', async (_name, id, key, path, attack) => {
    const { format } = files[id]
    const { now, old } = await replayed(files[id])
    const forged = attack(now, asComment(tokenOf(old, key)))
    expect(forged).not.toBe(now)
    for (const ignoreMac of [false, true]) {
      const error = await unseal(forged, format, { ignoreMac }).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(SopsError)
      expect((error as SopsError).message).toContain('')
      console.log(_name, id, (error as SopsError).message, (error as SopsError).path, path)
    }
  })
})
void [fc, decryptToObject, loadEncrypted, openFile, seed, common, openService, fakeContext]
