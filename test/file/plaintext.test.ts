// A new version of a file's plaintext: what is refused, what the editor sees, and how little of the file changes.
import { describe, expect, test } from 'vitest'
import { encrypt } from '../../src/file/bytes.ts'
import { loadEncrypted, openFile } from '../../src/file/encrypted-file.ts'
import { draftText, parsePlain, parseWithMetadata, sealDraft } from '../../src/file/plaintext.ts'
import type { OpenFile } from '../../src/file/types.ts'
import { loadFormat } from '../../src/formats/table.ts'
import type { FormatId } from '../../src/formats/types.ts'
import { localKeyService } from '../../src/groups/data-key.ts'
import { identity, recipient } from '../cli/exec-support.ts'
import { fakeContext } from '../support/context.ts'

const context = fakeContext({ env: { SOPS_AGE_KEY: identity } })
const later = new Date('2027-01-02T03:04:05Z')
const services = [localKeyService(context)]

const sealedText = async (plain: string, format: FormatId): Promise<string> =>
  Buffer.from(await encrypt(plain, { format, recipients: { age: recipient }, context })).toString()
const openText = async (text: string, format: FormatId): Promise<OpenFile> =>
  openFile(await loadEncrypted(Buffer.from(text), format), { services })

describe('parsePlain', () => {
  const parse = async (text: string, input: FormatId, output: FormatId = input): Promise<unknown> =>
    parsePlain(Buffer.from(text), await loadFormat(input), await loadFormat(output))

  test.each<[string, string, FormatId, FormatId, string]>([
    ['text that is not of the format', '{"a": canary', 'json', 'json', 'bad-input'],
    ['no document', '', 'yaml', 'yaml', 'no-document'],
    ['an entry called sops', 'sops: canary\n', 'yaml', 'yaml', 'already-encrypted'],
    ['an entry called sops in a later document', 'a: 1\n---\nsops: canary\n', 'yaml', 'yaml', 'already-encrypted'],
    ['a section called sops', '[sops]\na = canary\n', 'ini', 'ini', 'already-encrypted'],
    ['an entry that begins with sops_', 'sops_mac=canary\n', 'dotenv', 'dotenv', 'already-encrypted'],
    ['an entry that the output keeps for metadata', 'sops_x: canary\n', 'yaml', 'dotenv', 'already-encrypted'],
  ])('refuses %s', async (_, text, input, output, code) => {
    const error: unknown = await parse(text, input, output).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code })
    expect(String(error)).not.toContain('canary')
  })

  test.each<[string, string, FormatId, FormatId]>([
    ['sops below another key', 'a:\n  sops: 1\n', 'yaml', 'yaml'],
    ['sops_x in YAML', 'sops_x: 1\n', 'yaml', 'yaml'],
    ['sops in .env', 'sops=1\n', 'dotenv', 'dotenv'],
    ['a document without entries', '{}\n', 'yaml', 'yaml'],
    ['an empty binary file', '', 'binary', 'binary'],
  ])('accepts %s', async (_, text, input, output) => {
    expect(await parse(text, input, output)).toMatchObject({ plain: { documents: [expect.anything()] } })
  })

  test('says where the text breaks', async () => {
    await expect(parse('a: 1\nb: [1\n', 'yaml')).rejects.toMatchObject({ position: { line: expect.any(Number) } })
  })
})

describe('draftText', () => {
  test.each<[FormatId, string]>([
    ['yaml', '# note\na: 1\n'],
    ['json', '{"a":1}'],
    ['dotenv', 'A=1\n'],
    ['ini', '[s]\na = 1\n'],
  ])('%s: the plaintext as it was, and with the metadata behind it', async (id, plain) => {
    const file = await openText(await sealedText(plain, id), id)
    expect(Buffer.from(await draftText(file, file.format, {}, false)).toString()).toBe(plain)
    const shown = Buffer.from(await draftText(file, file.format, {}, true))
    expect(shown.toString()).toContain(recipient)
    expect(shown.toString().startsWith(plain.slice(0, 5))).toBe(true)
    const draft = parseWithMetadata(shown, file.format, { earlier: file.plain })
    expect(draft.metadata).toEqual(file.metadata)
    expect(Buffer.from(file.format.print(draft.plain)).toString()).toBe(
      Buffer.from(file.format.print(file.plain)).toString(),
    )
  })

  test('in another format', async () => {
    const file = await openText(await sealedText('a: 1\n', 'yaml'), 'yaml')
    const shown = Buffer.from(await draftText(file, await loadFormat('json'), {}, true)).toString()
    expect(JSON.parse(shown)).toMatchObject({ a: 1, sops: { age: [{ recipient }] } })
  })

  test('a text without metadata is no text with metadata', async () => {
    const yaml = await loadFormat('yaml')
    expect(() => parseWithMetadata(Buffer.from('a: 1\n'), yaml, {})).toThrow('sops metadata not found')
    expect(() => parseWithMetadata(Buffer.from('a: [1\n'), yaml, {})).toThrow(/^Error unmarshalling file: /)
  })
})

describe('sealDraft', () => {
  async function reseal(sealed: string, id: FormatId, plain: string): Promise<string> {
    const file = await openText(sealed, id)
    const draft = parsePlain(Buffer.from(plain), file.format, file.format)
    const when = { now: later, layout: {} }
    return Buffer.from((await sealDraft(file, draft, file.metadata, file.format, when)).bytes).toString()
  }
  const changed = (before: string, after: string): string[] => {
    const old = new Set(before.split('\n'))
    return after.split('\n').filter((line) => !old.has(line))
  }

  test.each<[FormatId, string, RegExp]>([
    ['yaml', '# c\na: 1\nb: two\nl:\n  - x\n  - y\n', /^a: ENC/],
    ['json', '{\n  "a": 1,\n  "b": "two"\n}\n', /^ {2}"a": "ENC/],
    ['dotenv', '# c\na=1\nb=two\n', /^a=ENC/],
    ['ini', '; c\n[s]\na = 1\nb = two\n', /^a = ENC/],
  ])('%s: one value, the MAC and the date are new', async (id, plain, line) => {
    const before = await sealedText(plain, id)
    const after = await reseal(before, id, plain.replace('1', '9'))
    const lines = changed(before, after)
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatch(line)
    expect(lines.slice(1).join()).toMatch(/lastmodified.*2027-01-02T03:04:05Z.*mac/s)
    const { plain: tree, format } = await openText(after, id)
    expect(Buffer.from(format.print(tree)).toString()).toContain('9')
  })

  test('a value that moves to another key gets new ciphertext, since the key is part of it', async () => {
    const before = await sealedText('a: same\n', 'yaml')
    const after = await reseal(before, 'yaml', 'b: same\n')
    const token = (text: string): string => /data:[^\]]*/.exec(text)![0]
    expect(token(after)).not.toBe(token(before))
    expect((await openText(after, 'yaml')).plain.documents).toHaveLength(1)
  })

  test('a nonce never serves two plaintexts', async () => {
    const before = await sealedText('l: [same, same]\n', 'yaml')
    const after = await reseal(before, 'yaml', 'l: [same, new, same, same, newer]\nm: same\n')
    const tokenOf = new Map<string, string>()
    for (const [token, iv] of after.matchAll(/ENC\[[^\]]*?iv:([^,]+)[^\]]*\]/g)) {
      expect(tokenOf.get(iv!) ?? token).toBe(token)
      tokenOf.set(iv!, token)
    }
    expect(tokenOf.size).toBeGreaterThanOrEqual(5)
  })

  test('a metadata block that was laid out by hand stays as it is', async () => {
    const before = (await sealedText('a: 1\nb: 2\n', 'yaml'))
      .replace(/^sops:\n/m, '# do not touch\nsops:\n')
      .replace(/^( *)unencrypted_suffix: (.*)$/m, "$1unencrypted_suffix:   '$2'")
    const lines = changed(before, await reseal(before, 'yaml', '# do not touch\na: 1\nb: 3\n'))
    expect(lines.filter((line) => !/^(b|# |#ENC)|mac:|lastmodified:/.test(line))).toEqual([])
  })

  test('every document keeps its metadata', async () => {
    const before = await sealedText('a: 1\n---\nb: 2\n', 'yaml')
    const after = await reseal(before, 'yaml', 'a: 1\n---\nb: 3\n---\nc: 4\n')
    const file = await openText(after, 'yaml')
    expect(Buffer.from(await draftText(file, file.format, {}, false)).toString()).toBe('a: 1\n---\nb: 3\n---\nc: 4\n')
  })
})
