// How long one master key may keep the user waiting before the next one is tried.
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { quote } from '../text/quote.ts'

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

const defaultMs = 10_000

/** The longest wait of a timer; Node cuts anything longer to 1 ms. */
const longestMs = 2 ** 31 - 1

/** Milliseconds of a Go duration (`1m30s`) or a plain number of seconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) * 1000
  const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y
  let total = 0
  do {
    const match = part.exec(text)
    if (match === null) return undefined
    total += Number(match[1]) * unitMs[match[2]!]!
  } while (part.lastIndex < text.length)
  return total
}

/**
 * Milliseconds that wrapping or unwrapping with one key may take in total: `SOPS_KMS_TIMEOUT`, else 10 seconds.
 * @throws SopsError `generic` for a value that is not a positive duration.
 */
export function kmsTimeout(ctx: Context): number {
  const text = ctx.env['SOPS_KMS_TIMEOUT']
  if (!text) return defaultMs
  const ms = parseDuration(text)
  if (ms !== undefined && ms >= 1) return Math.min(ms, longestMs)
  throw new SopsError('generic', `SOPS_KMS_TIMEOUT must be seconds or a duration such as "30s", got ${quote(text)}`)
}
