// Everything else that is read from outside: paths, .sops.yaml, identities and envelopes, messages of key services.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkConfig,
  loadConfig,
  type MapNode,
  matchCreationRule,
  matchDestinationRule,
  nodeAt,
  parsePath,
  SopsError,
  setAt,
  unsetAt,
} from '../../src/index.ts'
import { decodeArmor } from '../../src/keys/age/format/armor.ts'
import { parseAgeFile } from '../../src/keys/age/format/file.ts'
import { parseRecipients } from '../../src/keys/age/recipient.ts'
import { readIdentities } from '../../src/keys/age/sources/identity-text.ts'
import { parseSshPrivateKey } from '../../src/keys/age/ssh/key.ts'
import { readDataKey, readRequest, readWrapped, writeRequest } from '../../src/keyservice/messages.ts'
import { folderWith } from '../config/support.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { fakeContext } from '../support/context.ts'
import { numbersFrom, runs, seed, timeout } from './budget.ts'
import { mutated } from './corpus.ts'

/** What `work` throws on purpose; a TypeError or RangeError is a defect. */
function thrown(work: () => unknown): Error | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof SopsError || (error instanceof Error && error.constructor === Error)) return error
    throw error
  }
}

describe('paths of --extract, set and unset', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '["a"]',
      "['b']",
      '[0]',
      '[1]',
      '[99999999999999999999]',
      '[-1]',
      '[+0]',
      '["__proto__"]',
      '["constructor"]',
      '[]',
      '[',
      ']',
      '"',
      '[""]',
      '["',
    ),
    fc.string({ unit: 'binary', maxLength: 6 }),
  )
  const root: MapNode = {
    kind: 'map',
    items: [
      { kind: 'comment', text: 'c', inline: false },
      {
        kind: 'entry',
        key: 'a',
        value: {
          kind: 'list',
          items: [
            { kind: 'comment', text: 'd', inline: false },
            { kind: 'leaf', value: 'x' },
          ],
        },
      },
      { kind: 'entry', key: 'b', value: { kind: 'leaf', value: null } },
    ],
  }

  test('any text', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const text = pieces.join('')
        thrown(() => {
          const path = parsePath(text, 'bad-extract-path', '')
          thrown(() => nodeAt(root, path))
          thrown(() => setAt(root, path, { kind: 'leaf', value: 'new' }))
          thrown(() => unsetAt(root, path))
        })
      }),
      runs(2000),
    )
    expect(({} as Record<string, unknown>)['new']).toBeUndefined()
  })

  test.each(['[0]', '["a"]'])('a path of 10,000 times %s', (step) => {
    const path = parsePath(step.repeat(10_000), 'bad-path-or-value', '')
    thrown(() => nodeAt(root, path))
    for (const change of [() => setAt(root, path, { kind: 'leaf', value: 'new' }), () => unsetAt(root, path)])
      expect(thrown(change)?.message).toContain('more than 1000 steps')
    const short = ['a', ...path.slice(0, 999)]
    const made = setAt({ kind: 'map', items: [] }, short, { kind: 'leaf', value: 'new' })
    expect(nodeAt(made, short)).toEqual({ kind: 'leaf', value: 'new' })
    expect(nodeAt(setAt(made, short, { kind: 'leaf', value: 'newer' }), short)).toEqual({
      kind: 'leaf',
      value: 'newer',
    })
    unsetAt(made, short)
  })
})

const sampleConfig = `creation_rules:
  - path_regex: secrets/.*\\.yaml$
    encrypted_regex: ^(data|stringData)$
    age: &team >-
      age1y9ff66k7cr0zgmwu3vcw8tcxycnk50ncwzlca0axt28yw0tyxujsxh4de5
  - path_regex: (a+)+$
    shamir_threshold: 2
    key_groups:
      - age: [*team]
        merge:
          - pgp: [85D77543B3D624B63CEA9E6DBC17301B491B3F21]
      - kms:
          - arn: arn:aws:kms:us-east-1:1:key/x
            context: {a: b, __proto__: c}
destination_rules:
  - path_regex: x
    s3_bucket: b
    omit_extensions: true
    recreation_rule: {age: *team}
stores:
  yaml: {indent: 2}
keys: [*team]
`

test(
  '.sops.yaml with bytes changed',
  async () => {
    const cwd = folderWith({ '.sops.yaml': '' })
    const file = { path: '.sops.yaml', absolutePath: join(cwd, '.sops.yaml') }
    const below = numbersFrom(seed)
    let loaded = 0
    for (let i = 0; i < (runs(300).numRuns ?? 0); i++) {
      writeFileSync(file.absolutePath, mutated(Buffer.from(sampleConfig), below))
      const ctx = fakeContext({ cwd })
      try {
        const config = await loadConfig(file, ctx)
        loaded++
        checkConfig(config)
        await matchCreationRule(config, join(cwd, 'secrets/a.yaml'), ctx).catch(reported)
        await matchCreationRule(config, join(cwd, 'a'.repeat(3000)), ctx).catch(reported)
        await matchDestinationRule(config, join(cwd, 'x'), ctx).catch(reported)
      } catch (error) {
        reported(error)
      }
    }
    expect(loaded).toBeGreaterThan(20)
  },
  timeout,
)

function reported(error: unknown): undefined {
  if (error instanceof SopsError) return undefined
  throw error
}

describe('identities and envelopes', () => {
  const key = (name: string): Buffer => readFileSync(join(keysFolder, name))
  const envelope = Buffer.from(`age-encryption.org/v1
-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc
EmECAEcKN+n/Vs9SbWiV+Hu0r+E8R77DdWYyd83nw7U
-> ssh-rsa Xyg06A
gxKzpEJlmTh2YtPI1HjJOLLXzNhRZAKWPMLJ0CUcb+Q
--- ewLzTIzYNlDLPDz6J1ygWpZjNIsW4L0VSBKyWFP2PtI
payload`)
  const armored = Buffer.from(
    `-----BEGIN AGE ENCRYPTED FILE-----\n${'YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBURWlGMHlwcXIrYnB2Y3FY\n'.repeat(3)}YWdl\n-----END AGE ENCRYPTED FILE-----\n`,
  )
  const readers: readonly (readonly [string, Buffer, (bytes: Buffer) => unknown])[] = [
    ['age identity', key('one.age'), (bytes) => readIdentities(bytes, { location: 'here' }, fakeContext())],
    [
      'post-quantum identity',
      key('pq.age'),
      (bytes) => readIdentities(bytes, { location: 'here', words: true }, fakeContext()),
    ],
    ['ed25519 key', key('id_ed25519'), (bytes) => parseSshPrivateKey(bytes.toString('latin1'))],
    ['RSA key', key('id_rsa'), (bytes) => parseSshPrivateKey(bytes.toString('latin1'))],
    ['ssh recipient', key('id_rsa.pub'), (bytes) => parseRecipients(bytes.toString('utf8'))],
    [
      'age recipient',
      Buffer.from('age1y9ff66k7cr0zgmwu3vcw8tcxycnk50ncwzlca0axt28yw0tyxujsxh4de5'),
      (bytes) => parseRecipients(bytes.toString('utf8')),
    ],
    ['age file', envelope, parseAgeFile],
    ['armor', armored, (bytes) => decodeArmor(bytes.toString('latin1'))],
  ]

  test.each(readers)('%s with bytes changed', (name, bytes, read) => {
    const below = numbersFrom(seed)
    const secret = /AGE-SECRET-KEY-[^\s]{20,}|^[A-Za-z0-9+/]{60,}/gm
    const parts = name.includes('recipient')
      ? []
      : (bytes.toString('latin1').match(secret) ?? []).map((line) => line.slice(20, 40))
    for (let i = 0; i < (runs(200).numRuns ?? 0); i++) {
      const error = thrown(() => read(mutated(bytes, below)))
      for (const part of parts) expect(error?.message ?? '').not.toContain(part)
    }
  })

  test.each(readers)('%s, a megabyte of one byte behind it', (_, bytes, read) => {
    for (const byte of ['\n', ' ', 'A', '=', '-', '\u0000'])
      thrown(() => read(Buffer.concat([bytes, Buffer.from(byte.repeat(2 ** 20))])))
  })
})

describe('messages of key services', () => {
  const message = writeRequest(
    { type: 'kms', fields: { arn: 'arn', role: 'r', context: { a: 'b', __proto__x: 'c' }, aws_profile: '' }, enc: '' },
    new Uint8Array(32),
  )

  test('any bytes', () => {
    const below = numbersFrom(seed)
    for (let i = 0; i < (runs(1000).numRuns ?? 0); i++) {
      const bytes = mutated(message, below)
      thrown(() => readRequest(bytes))
      thrown(() => readDataKey(bytes))
      thrown(() => readWrapped(bytes))
    }
  })

  test('a context whose key is __proto__ stays data', () => {
    const context = JSON.parse('{"__proto__": "x", "constructor": "y"}')
    const { key } = readRequest(
      writeRequest({ type: 'kms', fields: { arn: 'arn', context }, enc: '' }, new Uint8Array(32)),
    )
    const read = typeof key === 'object' ? key.fields['context'] : undefined
    expect(Object.entries(read ?? {})).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ])
  })

  test('lengths beyond the message', () => {
    for (const bytes of [
      [0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f],
      [0x0a, 0x80],
      [0xff, ...Array(12).fill(0xff)],
      [0x09, 1],
      [0x00],
    ])
      expect(thrown(() => readRequest(Uint8Array.from(bytes)))).toBeInstanceOf(SopsError)
  })
})
