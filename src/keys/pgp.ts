// PGP master keys: through the gpg program, or in this process where there is none (spec/keys.md 4).
import { SopsError } from '../errors.ts'
import { holdsSecret } from '../system/index.ts'
import { quote } from '../text/quote.ts'
import { secondsText } from '../text/seconds.ts'
import { type KeyDescriptor, type KeyRecord, type KeyTypeRow, loadedWork } from './key-type.ts'

/**
 * Only blanks are normalised: what the user wrote is stored and compared (spec/keys.md 4.1).
 * @throws SopsError `generic` for key material, which must not reach the arguments of gpg, its messages or a file.
 */
function keyOf(text: string, now: Date): KeyRecord<'pgp'> {
  if (holdsSecret(text)) {
    throw new SopsError('generic', 'a PGP fingerprint is wanted: this is a key, which is secret', {
      hints: ['gpg --list-keys shows the fingerprints of the keys that gpg has'],
    })
  }
  return {
    type: 'pgp',
    fields: { fp: text.replaceAll(' ', '') },
    createdAt: secondsText(now),
    enc: '',
  }
}

/** @throws SopsError `generic` for a text that is not a whole fingerprint. */
function verifyFingerprint(text: string): void {
  const digits = text.replace(/^0x/i, '')
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(digits)) return
  const isShort = /^(?:[0-9a-f]{8}|[0-9a-f]{16})$/i.test(digits)
  const reason = isShort
    ? 'is only the end of a fingerprint, which a key of somebody else may share'
    : `is no PGP fingerprint, which has 40 hexadecimal digits`
  throw new SopsError('generic', `${quote(text)} ${reason}`, {
    hints: ['gpg --list-keys --with-fingerprint shows the fingerprints of the keys that gpg has'],
  })
}

const descriptor: KeyDescriptor<'pgp'> = {
  id: 'pgp',
  fields: [{ name: 'fp' }],
  dated: true,
  network: false,
  ranks: { load: 6, flags: 5, rules: 2, rotate: 2, groups: 1, open: 2 },
  flag: {
    name: 'pgp',
    alias: 'p',
    env: 'SOPS_PGP_FP',
    help: 'comma separated list of PGP fingerprints',
  },
  config: { flat: 'pgp', group: 'pgp', aliases: ['gpg'] },
  wireNumber: 2,
  question: { title: 'PGP key with fingerprint', field: 'fp' },
  logger: 'PGP',
  secrets: ['SOPS_PGP_KEY'],
}

/** OpenPGP, through gpg where it is installed. */
export const pgp: KeyTypeRow<'pgp'> = {
  ...descriptor,
  async parse(text, ctx) {
    const now = ctx.now()
    return text === '' ? [] : text.split(',').map((part) => keyOf(part, now))
  },
  async parseGroupItem(item, ctx) {
    if (typeof item !== 'string') throw new SopsError('generic', 'a PGP fingerprint must be a string')
    return [keyOf(item, ctx.now())]
  },
  logFields: (key) => ({ fingerprint: String(key.fields.fp ?? '') }),
  label: (key) => String(key.fields.fp ?? ''),
  identity: (key) =>
    String(key.fields.fp ?? '')
      .replace(/\s|^\s*0x/gi, '')
      .toUpperCase(),
  verify: ({ fields }) => verifyFingerprint(String(fields.fp ?? '')),
  ...loadedWork(() => import('./pgp/crypt.ts')),
  async places(ctx) {
    const { places } = await import('./pgp/places.ts')
    return places(ctx)
  },
}
