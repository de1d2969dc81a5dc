// How the question of `--prompt` shows a key: every field that is used, unaltered, on one line.

import type { MasterKey, StringMap } from '../keys/index.ts'
import { keyTypes, labelOf } from '../keys/index.ts'
import { quote } from '../text/quote.ts'

/** Quoted and escaped if part of it could pass for words of the question. */
const shown = (text: string): string =>
  /^[A-Za-z0-9._~:/@+=!#-]+$/.test(text) ? text : quote(text).replace(/[^ -~]/gu, escaped)

/** For letters that look like others. */
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
 * `PGP key with fingerprint 84A7…`. A label made of several fields is followed by these: other fields could give the same label.
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
