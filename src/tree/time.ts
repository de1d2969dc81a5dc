// Points in time as RFC 3339 text, read as leniently as the reference reads and spelled as it spells (spec/format.md 2.3).
import type { Timestamp } from './tree.ts'

interface TimeFields {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  /** 0 to 999 999 999. */
  readonly nanos: number
  /** East of UTC is positive. */
  readonly offsetMinutes: number
}

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
const two = (n: number): string => (n < 10 ? `0${n}` : String(n))

/**
 * The time with these fields, or undefined where no such date or time of day exists (leap seconds included). Offsets of 24 hours pass, as
 * in the reference; `isWritable` tells them apart.
 */
export function makeTimestamp(f: TimeFields): Timestamp | undefined {
  if (f.year < 0 || f.year > 9999 || f.month < 1 || f.month > 12 || f.day < 1) return undefined
  const days = f.month === 2 && isLeap(f.year) ? 29 : monthDays[f.month - 1]!
  if (f.day > days || f.hour > 23 || f.minute > 59 || f.second > 59) return undefined
  const size = Math.abs(f.offsetMinutes)
  if (size > 25 * 60) return undefined
  const fraction = f.nanos === 0 ? '' : `.${String(f.nanos).padStart(9, '0').replace(/0+$/, '')}`
  const zone =
    f.offsetMinutes === 0 ? 'Z' : `${f.offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
  const date = `${String(f.year).padStart(4, '0')}-${two(f.month)}-${two(f.day)}`
  return { rfc3339: `${date}T${two(f.hour)}:${two(f.minute)}:${two(f.second)}${fraction}${zone}` }
}

/** False for an offset of 24 hours or more, which can be read but neither encrypted nor hashed. */
export function isWritable(time: Timestamp): boolean {
  const text = time.rfc3339
  return text.endsWith('Z') || text.slice(-5, -3) < '24'
}

const shape = /^(\d{4})-(\d\d)-(\d\d)T(\d\d?):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/

/** Nanoseconds from the digits behind the fraction mark; digits beyond the ninth are dropped. */
export const nanosOf = (digits: string | undefined): number =>
  digits === undefined ? 0 : Number(digits.slice(0, 9).padEnd(9, '0'))

/** Reads RFC 3339 with the reference's leniencies: 1-digit hour, comma as fraction mark, 60 offset minutes, up to 24 offset hours. */
export function parseRfc3339(text: string): Timestamp | undefined {
  const m = shape.exec(text)
  if (m === null) return undefined
  const offsetHours = Number(m[9] ?? 0)
  const offsetRest = Number(m[10] ?? 0)
  if (offsetHours > 24 || offsetRest > 60) return undefined
  const size = offsetHours * 60 + offsetRest
  return makeTimestamp({
    year: Number(m[1]),
    month: Number(m[2]),
    day: Number(m[3]),
    hour: Number(m[4]),
    minute: Number(m[5]),
    second: Number(m[6]),
    nanos: nanosOf(m[7]),
    offsetMinutes: m[8] === '-' ? 0 - size : size,
  })
}

/** Without the fraction: how the metadata's times are written and authenticated (spec/format.md 4). */
export function toSeconds(text: string): string | undefined {
  return parseRfc3339(text)?.rfc3339.replace(/\.\d+/, '')
}
