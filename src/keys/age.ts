// age master keys: X25519, post-quantum, SSH and plugin recipients (spec/keys.md 3).
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { nameRecipient } from './age/plugin/named.ts'
import { parseRecipients, sameSpelling } from './age/recipient.ts'
import type { KeyType, MasterKey } from './types.ts'

const keysOf = (list: string, ctx: Context): MasterKey[] =>
  parseRecipients(list).map(({ kind, text }) => {
    if (kind === 'plugin') nameRecipient(text, ctx)
    return { type: 'age', fields: { recipient: text }, enc: '' }
  })

export const age: KeyType = {
  id: 'age',
  fields: [{ name: 'recipient' }],
  dated: false,
  network: false,
  flag: {
    name: 'age',
    alias: 'a',
    env: 'SOPS_AGE_RECIPIENTS',
    help: 'comma separated list of age recipients',
  },
  config: { flat: 'age', group: 'age' },
  async parse(text, ctx) {
    return keysOf(text, ctx)
  },
  async parseGroupItem(item, ctx) {
    if (typeof item !== 'string') throw new SopsError('generic', 'an age recipient must be a string')
    return keysOf(item, ctx)
  },
  logger: 'AGE',
  logFields: (key, done) => (done === 'wrap' ? { recipient: String(key.fields.recipient ?? '') } : {}),
  label: (key) => String(key.fields.recipient ?? ''),
  identity: (key) => sameSpelling(String(key.fields.recipient ?? '')),
  async wrap(key, dataKey, ctx) {
    const { wrap } = await import('./age/crypt.ts')
    return wrap(key, dataKey, ctx)
  },
  async unwrap(key, ctx) {
    const { unwrap } = await import('./age/crypt.ts')
    return unwrap(key, ctx)
  },
  async places(ctx) {
    const { places } = await import('./age/sources/places.ts')
    return places(ctx)
  },
}
