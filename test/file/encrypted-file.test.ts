// Opening and sealing: the order of checks, what is put on record, and what the result must be able to do.
import { beforeAll, describe, expect, test } from 'vitest'
import type { AuditEvent, LogLine } from '../../src/context/context.ts'
import { SopsError } from '../../src/errors.ts'
import { encrypt } from '../../src/file/bytes.ts'
import { emitPlain, loadEncrypted, openFile, sealFile, withOpenFile } from '../../src/file/encrypted-file.ts'
import type { OpenFile } from '../../src/file/types.ts'
import { loadFormat } from '../../src/formats/table.ts'
import type { FormatId } from '../../src/formats/types.ts'
import { type KeyService, localKeyService } from '../../src/groups/data-key.ts'
import { setAt } from '../../src/tree/edit.ts'
import { identity, recipient } from '../cli/exec-support.ts'
import { fakeContext } from '../support/context.ts'

const context = fakeContext({ env: { SOPS_AGE_KEY: identity } })
const services = [localKeyService(context)]
const now = new Date('2027-01-02T03:04:05.678Z')
const plain = '# note\na: 1\nb_unencrypted: two\n'

let sealed: string
beforeAll(async () => {
  sealed = await sealedText(plain, 'yaml')
})

const sealedText = async (text: string, format: FormatId): Promise<string> =>
  Buffer.from(await encrypt(text, { format, recipients: { age: recipient }, context })).toString()
const load = (text: string, format: FormatId = 'yaml'): ReturnType<typeof loadEncrypted> =>
  loadEncrypted(Buffer.from(text), format)

describe('loadEncrypted', () => {
  test('parts data and metadata', async () => {
    const file = await load(sealed)
    expect(file.metadata).toMatchObject({
      keyGroups: [{ keys: [{ type: 'age', fields: { recipient } }] }],
      selection: { unencryptedSuffix: '_unencrypted' },
      version: '3.13.2',
    })
    const keys = file.tree.documents[0]!.items.flatMap((item) => (item.kind === 'entry' ? [item.key] : []))
    expect(keys).toEqual(['a', 'b_unencrypted'])
  })

  test.each<[string, string, FormatId, string]>([
    ['a plain file', 'a: canary\n', 'yaml', 'sops metadata not found'],
    ['an empty object', '{}', 'json', 'sops metadata not found'],
    ['an empty sops entry', '{"a": "canary", "sops": {}}', 'json', 'sops metadata not found'],
  ])('refuses %s', async (_, text, format, message) => {
    await expect(load(text, format)).rejects.toMatchObject({ code: 'generic', message })
  })

  test('text that is not of the format', async () => {
    await expect(load('{"a": canary', 'json')).rejects.toMatchObject({ code: 'parse', position: { line: 1 } })
  })
})

describe('withOpenFile', () => {
  const wiped = Buffer.alloc(32)

  test('the data key is there as long as it is used, and wiped then', async () => {
    const [seen, dataKey] = await withOpenFile(await load(sealed), { services }, async (file) => {
      await Promise.resolve()
      return [Buffer.from(file.dataKey), file.dataKey] as const
    })
    expect(seen.equals(wiped)).toBe(false)
    expect(wiped.equals(dataKey!)).toBe(true)
  })

  test('it is wiped where using it fails', async () => {
    let dataKey: Uint8Array | undefined
    const using = withOpenFile(await load(sealed), { services }, (file) => {
      dataKey = file.dataKey
      throw new Error('in use')
    })
    await expect(using).rejects.toThrow('in use')
    expect(wiped.equals(dataKey!)).toBe(true)
  })
})

describe('openFile', () => {
  test('gives the plain tree and the data key', async () => {
    const file = await openFile(await load(sealed), { services })
    expect(file.dataKey).toHaveLength(32)
    expect(Buffer.from(await emitPlain(file, 'yaml', {})).toString()).toBe(plain)
    expect(Buffer.from(await emitPlain(file, 'json', { indent: 2 })).toString()).toBe(
      '{\n  "a": 1,\n  "b_unencrypted": "two"\n}\n',
    )
  })

  test.each([
    ['the version comes before the keys', (text: string) => text.replace('version: 3.13.2', 'version: abc'), 'generic'],
    [
      'the values come before the MAC',
      (text: string) => text.replace('\na:', '\nz:').replace(': two', ': 2'),
      'cannot-decrypt-tree',
    ],
    ['the MAC', (text: string) => text.replace(': two', ': three'), 'mac-mismatch'],
    ['a MAC that is gone', (text: string) => text.replace(/^ +mac: .*\n/m, ''), 'mac-mismatch'],
    [
      'the date belongs to the MAC',
      (text: string) => text.replace(/lastmodified: "2026/, 'lastmodified: "2019'),
      'mac-mismatch',
    ],
  ])('%s', async (_, change, code) => {
    const text = change(sealed)
    expect(text).not.toBe(sealed)
    await expect(openFile(await load(text), { services })).rejects.toHaveProperty('code', code)
  })

  test('without the MAC where the caller says so', async () => {
    const file = await openFile(await load(sealed.replace(': two', ': three')), { services, ignoreMac: true })
    expect(Buffer.from(await emitPlain(file, 'yaml', {})).toString()).toBe(plain.replace('two', 'three'))
  })

  test('wipes the data key when it does not get further', async () => {
    const seen: Uint8Array[] = []
    const watching = services.map(
      (service): KeyService => ({
        ...service,
        unwrap: async (...args) => {
          const key = await service.unwrap(...args)
          if (key instanceof Uint8Array) seen.push(key)
          return key
        },
      }),
    )
    await expect(openFile(await load(sealed.replace(': two', ': x')), { services: watching })).rejects.toThrow(
      SopsError,
    )
    expect(seen.length).toBeGreaterThan(0)
    for (const key of seen) expect(key.every((byte) => byte === 0)).toBe(true)
  })

  describe('the record', () => {
    const recorded = async (text: string, others = services): Promise<[AuditEvent[], unknown]> => {
      const events: AuditEvent[] = []
      const audited = { ...context, audit: async (event: AuditEvent) => void events.push(event) }
      const result: unknown = await openFile(await load(text), {
        services: others,
        audit: { context: audited, file: '/x.yaml' },
      }).catch((error: unknown) => error)
      return [events, result]
    }

    test('who opened it', async () => {
      expect((await recorded(sealed))[0]).toEqual([
        { action: 'decrypt', file: '/x.yaml', recipients: [recipient], success: true },
      ])
    })

    test('also when the MAC is wrong: the key was out', async () => {
      expect((await recorded(sealed.replace(': two', ': x')))[0]).toMatchObject([{ success: true }])
    })

    test('that nobody could', async () => {
      const [events, error] = await recorded(sealed, [localKeyService(fakeContext())])
      expect(events).toMatchObject([{ success: false, recipients: [] }])
      expect(error).toMatchObject({ code: 'no-data-key' })
    })

    test('without a record nothing is opened', async () => {
      const audit = { context: { ...context, audit: () => Promise.reject(new Error('disk full')) }, file: '/x.yaml' }
      await expect(openFile(await load(sealed), { services, audit })).rejects.toThrow('disk full')
    })
  })

  test('warnings go to the log it is given', async () => {
    const lines: LogLine[] = []
    const text = sealed.replace(/^#ENC.*$/m, '# note')
    await openFile(await load(text), { services, log: (line) => lines.push(line) })
    for (const line of lines) expect(line.message).not.toContain('note')
  })
})

describe('sealFile', () => {
  const open = async (text: string, format: FormatId = 'yaml'): Promise<OpenFile> =>
    openFile(await load(text, format), { services })

  test('stamps the date in whole seconds, and a MAC that covers it', async () => {
    const file = await open(sealed)
    const { bytes, encrypted, leaves } = sealFile(file, file.format, now, {})
    const text = Buffer.from(bytes).toString()
    expect(text).toContain('lastmodified: "2027-01-02T03:04:05Z"')
    expect({ encrypted, leaves }).toEqual({ encrypted: 1, leaves: 2 })
    expect(Buffer.from(await emitPlain(await open(text), 'yaml', {})).toString()).toBe(plain)
  })

  test.each<[FormatId]>([['json'], ['dotenv']])('as %s, which opens again', async (id) => {
    const file = await open(sealed)
    const { bytes } = sealFile(file, await loadFormat(id), now, {})
    const again = await open(Buffer.from(bytes).toString(), id)
    expect(Buffer.from(await emitPlain(again, 'json', {})).toString()).toMatch(/"a": 1,\n\t"b_unencrypted": "two"/)
  })

  test.each<[string, string, FormatId]>([
    ['several documents as JSON', 'a: 1\n---\nb: 2\n', 'json'],
    ['null as .env', 'a: null\n', 'dotenv'],
    ['a list as .env', 'a: [1]\n', 'dotenv'],
    ['nested maps as INI', 's:\n  a:\n    b: 1\n', 'ini'],
  ])('refuses %s', async (_, text, id) => {
    const file = await open(await sealedText(text, 'yaml'))
    const output = await loadFormat(id)
    expect(() => sealFile(file, output, now, {})).toThrow(expect.objectContaining({ code: 'cannot-emit' }))
  })

  test('a new value', async () => {
    const file = await open(sealed)
    const document = setAt(file.plain.documents[0]!, ['c'], { kind: 'leaf', value: 'new' })
    const { bytes } = sealFile({ ...file, plain: { documents: [document] } }, file.format, now, {})
    expect(Buffer.from(await emitPlain(await open(Buffer.from(bytes).toString()), 'yaml', {})).toString()).toBe(
      `${plain}c: new\n`,
    )
  })

  test('an asked-for layout is used for text that has none of its own, or when it must be', async () => {
    const file = await open(await sealedText('a:\n    b: 1\n', 'yaml'))
    expect(Buffer.from(await emitPlain(file, 'yaml', { indent: 2 })).toString()).toBe('a:\n  b: 1\n')
    const own = await open(await sealedText('a:\n   b:   1\n', 'yaml'))
    expect(Buffer.from(await emitPlain(own, 'yaml', { indent: 2 })).toString()).toBe('a:\n   b:   1\n')
    expect(Buffer.from(await emitPlain(own, 'yaml', { indent: 2, fresh: true })).toString()).toBe('a:\n  b: 1\n')
  })
})
