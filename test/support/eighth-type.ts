// A key type in one file: keys on slips of paper, which lie in drawers. Whoever has `PAPER_SLIP` can read them all.
import { createHash } from 'node:crypto'
import type { KeyDescriptor, KeyRecord, KeyTypeRow, StringMap } from '../../src/keys/key-type.ts'

const keyOf = (drawer: string, marks: StringMap = {}): KeyRecord<'paper'> => ({
  type: 'paper',
  fields: { drawer, marks },
  createdAt: '2026-01-02T03:04:05Z',
  enc: '',
})

const descriptor: KeyDescriptor<'paper', 'paper_drawers', 'paper'> = {
  id: 'paper',
  fields: [{ name: 'drawer' }, { name: 'marks', omitEmpty: true, map: true }],
  dated: true,
  network: false,
  ranks: { load: 8, flags: 6.5, rules: 0, rotate: 8, groups: 0, open: 0 },
  flag: { name: 'paper', env: 'SOPS_PAPER_DRAWERS', help: 'comma separated list of drawers' },
  config: {
    flat: 'paper_drawers',
    title: 'slip',
    group: 'paper',
    item: { type: 'paperKey', fields: ['drawer'], maps: ['marks'], aliases: { name: 'drawer' } },
    aliases: ['cardboard'],
  },
  wireNumber: 8,
  question: { title: 'slip in drawer', field: 'drawer' },
  logger: 'PAPER',
  credentials: { variables: ['PAPER_SLIP'], files: ['.paper'] },
  secrets: ['PAPER_SLIP'],
}

/** XOR with a hash of what the slip and the drawer say: its own inverse. */
function masked({ fields }: KeyRecord, bytes: Uint8Array, slip: string): Uint8Array {
  const mask = createHash('sha512')
    .update(JSON.stringify([slip, fields]))
    .digest()
  return bytes.map((byte, i) => byte ^ mask[i]!)
}

export const paper: KeyTypeRow<'paper', 'paper_drawers', 'paper'> = {
  ...descriptor,
  parse: async (text) => text.split(',').map((drawer) => keyOf(drawer.trim())),
  parseGroupItem: async (item) => [
    typeof item === 'string' ? keyOf(item) : keyOf(String(item['drawer']), item['marks'] as StringMap | undefined),
  ],
  logFields: ({ fields }) => ({ drawer: String(fields['drawer']) }),
  label: ({ fields }) => `drawer ${String(fields['drawer'])}`,
  identity: ({ fields }) => String(fields['drawer']).toLowerCase(),
  async wrap(key, dataKey, { env }) {
    if (env['PAPER_SLIP'] === undefined) throw new Error('there is no slip')
    return Buffer.from(masked(key, dataKey, env['PAPER_SLIP'])).toString('base64')
  },
  async unwrap(key, { env }) {
    if (env['PAPER_SLIP'] === undefined) return { unavailable: 'there is no slip' }
    return masked(key, Buffer.from(key.enc, 'base64'), env['PAPER_SLIP'])
  },
  places: async ({ env }) => [{ place: 'PAPER_SLIP', found: env['PAPER_SLIP'] ? ['a slip'] : [], problems: [] }],
}
