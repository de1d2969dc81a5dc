// How one value of a document is written down for comparing: encrypted leaves by kind, volatile metadata by kind, numbers and times by value.

/** `[path, value]`, both as text. */
export type Row = readonly [string, string]
export type Path = readonly (string | number)[]

export interface Rows {
  readonly rows: readonly Row[]
  /** Texts of all comments, sorted. */
  readonly comments: readonly string[]
}

const ENC = /^ENC\[AES256_GCM,data:([A-Za-z0-9+/=]*),iv:([A-Za-z0-9+/=]+),tag:([A-Za-z0-9+/=]+),type:(\w+)\]$/

/**
 * An encrypted leaf's kind. Only text has one spelling, so only there the length counts: a float may be stored as it was written (`1.50`), a
 * bool in any case the reference reads.
 */
export function encToken(text: string): string | undefined {
  const [, data, , , type] = ENC.exec(text) ?? []
  if (data === undefined) return undefined
  return type === 'str' || type === 'comment' ? `<${type} ${Buffer.from(data, 'base64').length}>` : `<${type}>`
}

/** Metadata that differs between two encryptions of the same input becomes its kind. */
function volatile(path: Path, text: string): string | undefined {
  const name = String(path.at(-1) ?? '').replace(/^.*__(map|list)_/, '')
  if (/^(sops_)?lastmodified$/.test(name) || /created_at$/.test(name)) return '<time>'
  if (/^(sops_)?mac$/.test(name)) return '<mac>'
  if (/^(sops_)?version$/.test(name)) return '<version>'
  if (!/(^|_)enc$/.test(name)) return undefined
  return text.includes('BEGIN AGE') ? '<age>' : text.includes('BEGIN PGP') ? '<pgp>' : '<enc>'
}

export const inMetadata = (path: Path): boolean =>
  path.some((part) => part === 'sops' || String(part).startsWith('sops_'))

export function leafRow(path: Path, type: string, text: string): Row {
  const shown = (inMetadata(path) ? volatile(path, text) : undefined) ?? encToken(text) ?? `${type}:${text}`
  return [path.join('/'), shown]
}

/** By value: `1.50` and `1.5`, or `1.0` and `1`, are the same; integers keep all their digits. */
export const numberRow = (path: Path, value: number | bigint): Row =>
  leafRow(path, 'num', String(typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value))

const STAMP = /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]| +)(\d\d?):(\d\d?):(\d\d?)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)?)?$/

/** A time stamp by its value and offset: .120Z and .12Z, or a date and its midnight, are the same. */
export function timeText(text: string): string | undefined {
  const match = STAMP.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, fraction = '', zone] = match
  const two = (digits: string | number | undefined): string => String(digits ?? 0).padStart(2, '0')
  const offset = zone && zone !== 'Z' ? Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4)) : 0
  const shownZone = offset ? `${zone?.[0]}${two(Math.floor(offset / 60))}:${two(offset % 60)}` : 'Z'
  const shownFraction = `.${fraction.slice(0, 9)}`.replace(/\.?0*$/, '')
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}${shownFraction}${shownZone}`
}

/** A comment, or the kind of an encrypted one. */
export const commentText = (text: string): string => encToken(text) ?? text
