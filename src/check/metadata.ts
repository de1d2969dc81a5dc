// The sops block of an encrypted file, and the text as a whole: whether it can be what sops has written.
import { isToken, selectionSettings } from '../cipher/index.ts'
import type { SopsError } from '../errors.ts'
import type { EncryptedFile } from '../file/index.ts'
import { bareKeys, namesOf } from '../keys/index.ts'
import { othersText } from '../metadata/index.ts'
import { formatPath } from '../tree/path.ts'
import { findTwins } from '../tree/twins.ts'
import type { SealedVersion } from './checked-file.ts'
import type { Fault } from './finding.ts'

/** What is wrong with a file that cannot be read at all. */
export function unreadableDraft(error: SopsError): Fault {
  const isTwice = error.details.fault === 'value twice' || error.details.fault === 'key twice'
  return {
    rule: isTwice ? 'duplicate-key' : 'broken-metadata',
    message: isTwice ? error.message : `cannot be read: ${error.message}`,
    position: error.position,
  }
}

const broken = (message: string): Fault => ({ rule: 'broken-metadata', message })

export function checkMetadata({ file }: Pick<SealedVersion, 'file'>): readonly Fault[] {
  const { metadata, others } = file
  const bare = bareKeys(metadata.keyGroups)
  return [
    ...(metadata.mac === ''
      ? [broken('its metadata has no mac')]
      : isToken(metadata.mac)
        ? []
        : [broken('the mac in its metadata is not a whole encrypted value')]),
    ...(bare.length > 0 ? [broken(`its metadata names ${namesOf(bare)} without a wrapped data key (enc)`)] : []),
    ...(others.length > 0 ? [broken(othersText(others))] : []),
  ]
}

/** Sections of INI with one name are parts of one, as WireGuard has them. */
export function checkTwins({ file: { format, parsed, tree } }: Pick<SealedVersion, 'file'>): readonly Fault[] {
  return findTwins(tree)
    .filter(({ path }) => format.id !== 'ini' || path.length > 1)
    .map(({ path, entries }) => {
      const [, second] = entries
      return {
        rule: 'duplicate-key',
        keyPath: formatPath(path),
        position: second?.origin && format.positionOf?.(parsed, second.origin),
        message: entries.length === 2 ? 'is there twice' : `is there ${entries.length} times`,
      }
    })
}

/** Values, and none of them selected: the file looks encrypted, and is not. */
export function checkNothingEncrypted({ file, leaves }: SealedVersion): readonly Fault[] {
  const values = leaves.filter(({ value }) => value !== null && value !== '')
  if (values.length === 0 || values.some(({ selected }) => selected)) return []
  const keys = [...new Set(values.flatMap(({ path }) => path.filter((step) => typeof step === 'string')))]
  const shown = keys.slice(0, shownKeys).map((key) => JSON.stringify(key))
  const rest = keys.length - shown.length
  return [
    {
      rule: 'nothing-encrypted',
      message: `nothing in it is encrypted: ${settingText(file)} was tried on ${shown.join(', ')}${rest > 0 ? ` and ${rest} more keys` : ''}`,
    },
  ]
}

const shownKeys = 8

function settingText({ metadata: { selection } }: EncryptedFile): string {
  const set = selectionSettings.find(({ name }) => selection[name])
  return set ? `${set.field} ${JSON.stringify(selection[set.name])}` : 'the selection of values'
}
