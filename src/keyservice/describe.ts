// What the question of `--prompt` shows of a key: every field that is used, each as it is, on one line.

import { keyTypes, labelOf } from '../keys/index.ts'
import type { KeyTypeId, MasterKey, StringMap } from '../keys/types.ts'
import { quote } from '../text/quote.ts'

/** What a question calls such a key, and the field that follows; the key's label if left out. */
const titles: Readonly<Record<KeyTypeId, readonly [title: string, field?: string]>> = {
  kms: ['AWS KMS key with ARN', 'arn'],
  pgp: ['PGP key with fingerprint', 'fp'],
  gcp_kms: ['GCP KMS key with resource ID', 'resource_id'],
  azure_kv: ['Azure Key Vault key with URL'],
  hc_vault: ['Hashicorp Vault key with URI'],
  age: ['age key with recipient', 'recipient'],
  hckms: ['HuaweiCloud KMS key with ID', 'key_id'],
}

/** As it is where nothing in it could be taken for a word of the question, else in quotes with escapes. */
const shown = (text: string): string =>
  /^[A-Za-z0-9._~:/@+=!#-]+$/.test(text) ? text : quote(text).replace(/[^ -~]/gu, escaped)

/** Letters that look like others. */
const escaped = (c: string): string => `\\u{${c.codePointAt(0)!.toString(16)}}`

const valueText = (value: string | StringMap): string =>
  typeof value === 'string'
    ? shown(value)
    : `{${Object.entries(value)
        .map(([name, text]) => `${shown(name)}: ${shown(text)}`)
        .join(', ')}}`

const isEmpty = (value: string | StringMap | undefined): boolean =>
  value === undefined || (typeof value === 'string' ? value === '' : Object.keys(value).length === 0)

/**
 * `PGP key with fingerprint 84A7…`. A label that is made of several fields is followed by them: the same label may be made of others.
 */
export function describeKey(key: MasterKey): string {
  const [title, first] = titles[key.type]
  const rest = keyTypes[key.type].fields
    .filter(({ name }) => name !== first && !isEmpty(key.fields[name]))
    .map(({ name }) => `${name} ${valueText(key.fields[name]!)}`)
  const head = shown(first === undefined ? labelOf(key) : String(key.fields[first] ?? ''))
  return `${title} ${head}${rest.length > 0 ? ` (${rest.join(', ')})` : ''}`
}
