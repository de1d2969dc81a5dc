// age master keys: X25519, post-quantum, SSH and plugin recipients (spec/keys.md 3).
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { nameRecipient } from './age/plugin/named.ts'
import { parseRecipient, parseRecipients, sameSpelling } from './age/recipient.ts'
import { type KeyDescriptor, type KeyRecord, type KeyTypeRow, loadedWork } from './key-type.ts'

const keysOf = (list: string, ctx: Context): KeyRecord<'age'>[] =>
  parseRecipients(list).map(({ kind, text }) => {
    if (kind === 'plugin') nameRecipient(text, ctx)
    return { type: 'age', fields: { recipient: text }, enc: '' }
  })

/** Plugins are programs. */
function isComputed(recipient: string): boolean {
  try {
    return parseRecipient(recipient).kind !== 'plugin'
  } catch {
    return false
  }
}

const descriptor: KeyDescriptor<'age'> = {
  id: 'age',
  fields: [{ name: 'recipient' }],
  dated: false,
  keepsEmptyList: true,
  network: false,
  ranks: { load: 7, flags: 7, rules: 1, rotate: 7, groups: 7, open: 1 },
  flag: {
    name: 'age',
    alias: 'a',
    env: 'SOPS_AGE_RECIPIENTS',
    help: 'comma separated list of age recipients',
  },
  config: { flat: 'age', group: 'age' },
  wireNumber: 6,
  question: { title: 'age key with recipient', field: 'recipient' },
  logger: 'AGE',
  secrets: ['SOPS_AGE_KEY'],
}

/** age, and SSH keys as age uses them. */
export const age: KeyTypeRow<'age'> = {
  ...descriptor,
  async parse(text, ctx) {
    return keysOf(text, ctx)
  },
  async parseGroupItem(item, ctx) {
    if (typeof item !== 'string') throw new SopsError('generic', 'an age recipient must be a string')
    return keysOf(item, ctx)
  },
  logFields: (key, done) => (done === 'wrap' ? { recipient: String(key.fields.recipient ?? '') } : {}),
  label: (key) => String(key.fields.recipient ?? ''),
  identity: (key) => sameSpelling(String(key.fields.recipient ?? '')),
  isComputed: (key) => isComputed(String(key.fields.recipient ?? '')),
  approve: (key, ctx) => nameRecipient(String(key.fields.recipient ?? ''), ctx),
  ...loadedWork(() => import('./age/crypt.ts')),
  async places(ctx) {
    const { places } = await import('./age/sources/places.ts')
    return places(ctx)
  },
  async identityFiles(ctx) {
    const { identityFiles } = await import('./age/sources/files.ts')
    return identityFiles(ctx)
  },
}
