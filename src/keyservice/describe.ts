// What the question of `--prompt` shows of a key: every field that is used, each as it is, on one line.

import type { MasterKey, StringMap } from '../keys/index.ts'
import { keyTypes, labelOf } from '../keys/index.ts'
import { quote } from '../text/quote.ts'

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
  const { fields, question } = keyTypes[key.type]
  const { title, field: first } = question
  const rest = fields
    .filter(({ name }) => name !== first && !isEmpty(key.fields[name]))
    .map(({ name }) => `${name} ${valueText(key.fields[name]!)}`)
  const head = shown(first === undefined ? labelOf(key) : String(key.fields[first] ?? ''))
  return `${title} ${head}${rest.length > 0 ? ` (${rest.join(', ')})` : ''}`
}
