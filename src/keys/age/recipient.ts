// Reads one age recipient: native, post-quantum, plugin or SSH. On the start-up path, so without any cryptography.

import { messageOf, SopsError } from '../../errors.ts'
import { quote } from '../../text/quote.ts'
import { type Bech32, decodeBech32 } from './bech32.ts'
import { parseAuthorizedKey, type SshPublicKey } from './ssh/wire.ts'

export type Recipient =
  /** `tag` stands for `age1tag1…` and `age1tagpq1…`, which age-encryption wraps for without their plugin. */
  | { readonly kind: 'x25519' | 'hybrid' | 'tag'; readonly text: string }
  | { readonly kind: 'plugin'; readonly text: string; readonly name: string }
  | { readonly kind: 'ssh'; readonly text: string; readonly key: SshPublicKey }

/** Bytes after `age1pq1`: the ML-KEM-768 encapsulation key and an X25519 point. */
const HYBRID_LENGTH = 1216

const bech32Error = 'failed to parse input as Bech32-encoded age public key'
const fail = (what: string, cause: string, hints: readonly string[] = []): SopsError =>
  new SopsError('generic', `${what}: ${cause}`, { hints })

/** What was probably meant by a text that is no recipient. */
function hintsOn(text: string): readonly string[] {
  if (text === '') return ['a comma stands at an end of the list, or two beside one another']
  const inside = text.match(/age1[a-z0-9]{20,}/g) ?? []
  if (inside.length === 1 && inside[0] !== text && !/[/\\]/.test(text))
    return [`give the recipient alone: ${inside[0]}`]
  if (/[\s;]/.test(text)) return ['commas stand between recipients: age1…,age1…']
  if (text.startsWith('arn:aws:kms:')) return ['it looks like a key of AWS KMS: --kms, or kms in .sops.yaml']
  if (/[/\\]|\.\w+$/.test(text))
    return ['a file of recipients is not read; age-keygen -y shows the recipient of an identity']
  if (/^AGE1[A-Z0-9]+$/.test(text)) return [`recipients are in lower case: ${text.toLowerCase()}`]
  if (/^age1[ac-hj-np-z02-9]*$/.test(text)) return [lengthHint(text)]
  if (/^(?:0x)?[0-9A-Fa-f]{16,40}$/.test(text))
    return ['it looks like the fingerprint of a PGP key: --pgp, or pgp in .sops.yaml']
  return ['recipients begin with age1, and SSH keys that are recipients with ssh-ed25519 or ssh-rsa']
}

/** Characters of a recipient of the usual kind: `age1`, 52 for 32 bytes, and a checksum of 6. */
const usualLength = 62

const lengthHint = ({ length }: string): string =>
  length < usualLength
    ? `it has ${length} characters, and an age recipient has ${usualLength}: a part of it is missing`
    : length > usualLength
      ? `it has ${length} characters, and an age recipient has ${usualLength}: there is more than one in it`
      : 'a character of it is another one: copy it again'

function native(text: string, hrp: string, length: number): void {
  const malformed = (cause: string, hints?: readonly string[]): SopsError =>
    fail(bech32Error, `malformed recipient ${quote(text)}: ${cause}`, hints)
  let decoded: Bech32
  try {
    decoded = decodeBech32(text)
  } catch (error) {
    throw malformed(messageOf(error), hintsOn(text))
  }
  if (decoded.hrp !== hrp) throw malformed(`invalid type ${quote(decoded.hrp)}`)
  if (decoded.bytes.length !== length) throw malformed('invalid public key length')
}

function pluginName(text: string): string {
  const what = 'failed to parse input as age key from age plugin'
  let hrp: string
  try {
    hrp = decodeBech32(text).hrp
  } catch (error) {
    throw fail(what, `invalid recipient encoding ${quote(text)}: ${messageOf(error)}`, hintsOn(text))
  }
  const name = hrp.slice('age1'.length)
  if (!hrp.startsWith('age1') || !isPluginName(name)) throw fail(what, `invalid plugin name: ${quote(name)}`)
  return name
}

export const isPluginName = (name: string): boolean => /^[A-Za-z0-9+\-._]+$/.test(name)

/**
 * One recipient, already trimmed (spec/keys.md 3.1).
 * @throws SopsError `generic` with the reference's message.
 */
export function parseRecipient(text: string): Recipient {
  if (text.startsWith('age1pq1')) {
    native(text, 'age1pq', HYBRID_LENGTH)
    return { kind: 'hybrid', text }
  }
  if (text.startsWith('age1') && text.lastIndexOf('1') > 3) {
    const name = pluginName(text)
    return name === 'tag' || name === 'tagpq' ? { kind: 'tag', text } : { kind: 'plugin', text, name }
  }
  if (text.startsWith('age1')) {
    native(text, 'age', 32)
    return { kind: 'x25519', text }
  }
  if (text.startsWith('ssh-')) {
    try {
      return { kind: 'ssh', text, key: parseAuthorizedKey(text) }
    } catch (error) {
      throw fail('failed to parse input as age-ssh public key', messageOf(error))
    }
  }
  if (/AGE-(SECRET-KEY|PLUGIN)-/i.test(text)) {
    // The reference repeats the input, and with it the secret, in logs.
    throw new SopsError(
      'generic',
      'failed to parse input, unknown recipient type: this is an identity, which is secret',
      {
        hints: [
          'give the recipient of this identity, age1…',
          'sops doctor shows the recipients of the identities that you have',
        ],
      },
    )
  }
  throw fail('failed to parse input, unknown recipient type', quote(text), hintsOn(text))
}

/** Equal for all spellings of a recipient: ignores the case of Bech32, and an SSH key's comment. */
export const sameSpelling = (recipient: string): string =>
  recipient.startsWith('ssh-') ? recipient.split(/\s+/, 2).join(' ') : recipient.toLowerCase()

/** The recipients of a comma-separated list; an empty list has none, an empty part is an error. */
export function parseRecipients(list: string): Recipient[] {
  return list === '' ? [] : list.split(',').map((part) => parseRecipient(part.trim()))
}
