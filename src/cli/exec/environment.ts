// A decrypted document as environment variables of a program (spec/cli.md 15.2).

import { SopsError } from '../../errors.ts'
import { hasBytes, textOf } from '../../system/index.ts'
import { quote } from '../../text/quote.ts'
import { dotenvFloat } from '../../tree/floats.ts'
import type { MapNode, Value } from '../../tree/tree.ts'
import { findTwins, type LineOf, refuseChoice } from '../../tree/twins.ts'

function variableOf(value: Value): string {
  if (value instanceof Uint8Array) return textOf(value)
  switch (typeof value) {
    case 'string':
      return value
    case 'bigint':
    case 'boolean':
      return value.toString()
    case 'number':
      return dotenvFloat(value)
    default:
      return value === null ? '<nil>' : value.rfc3339
  }
}

const refused = (reason: string, key: string, hints: readonly string[] = []): SopsError =>
  new SopsError('generic', reason, { path: [key], hints })

const nestedHints = [
  "a variable holds one text: keep the values on the top level, or hand on the whole file: sops exec-file FILE 'COMMAND {}'",
]

/**
 * One variable for each top-level entry, in order, without comments. Bytes that are not UTF-8 are carried as in system/bytes.ts, except on
 * Windows, whose variables are text.
 * @throws SopsError `generic` for a map or list, a key with `=`, a key with several values, and anything else that no environment can hold.
 * Messages name the key, never the value.
 */
export function environmentOf(document: MapNode, platform: NodeJS.Platform, lineOf?: LineOf): Record<string, string> {
  refuseChoice(findTwins({ documents: [document] }), 'the environment', { lineOf })
  // Without a prototype, so that the key __proto__ is like any other.
  const variables: Record<string, string> = Object.create(null)
  for (const item of document.items) {
    if (item.kind === 'comment') continue
    const { key, value } = item
    if (value.kind !== 'leaf')
      throw refused(`cannot use complex value in environment; offending key ${key}`, key, nestedHints)
    if (key.includes('=')) throw refused(`cannot use keys with '=' in environment: ${key}`, key)
    if (!key.isWellFormed()) throw refused(`cannot use a key that is not text (UTF-8) in environment: ${key}`, key)
    const text = variableOf(value.value)
    if (platform === 'win32' && hasBytes(text))
      throw refused(`cannot use a value that is not text (UTF-8) in environment: ${key}`, key)
    if (key.includes('\0') || text.includes('\0')) {
      throw refused(`exec: environment variable contains NUL: ${quote(key)}`, key)
    }
    variables[key] = text
  }
  return variables
}
