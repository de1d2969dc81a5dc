// The decimal spellings of IEEE doubles that the formats share: Go's shortest digits, with and without an exponent.

/** Shortest digits that read back as the same number: value = d.ddd × 10^exponent. */
function shortest(value: number): { sign: string; digits: string; exponent: number } {
  const text = Math.abs(value).toExponential()
  const mark = text.indexOf('e')
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  return { sign, digits: text.slice(0, mark).replace('.', ''), exponent: Number(text.slice(mark + 1)) }
}

function plain(sign: string, digits: string, exponent: number): string {
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  if (exponent >= digits.length - 1) return sign + digits + '0'.repeat(exponent - digits.length + 1)
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`
}

/** Plain decimal below 10^6 and down to 10^-4, else `d.ddde±XX`; finite numbers only. */
function general(value: number, mark: 'e' | 'E'): string {
  const { sign, digits, exponent } = shortest(value)
  if (exponent >= -4 && exponent < 6) return plain(sign, digits, exponent)
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ''
  const size = String(Math.abs(exponent)).padStart(2, '0')
  return `${sign}${digits[0]}${fraction}${mark}${exponent < 0 ? '-' : '+'}${size}`
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN'
  if (Number.isFinite(value)) return undefined
  return value > 0 ? '+Inf' : '-Inf'
}

/** Never an exponent: the spelling of encrypted floats and of the MAC (spec/format.md 2.3). */
export function formatFloatF(value: number): string {
  const name = special(value)
  if (name !== undefined) return name
  const text = String(value)
  if (Object.is(value, -0)) return '-0'
  if (!text.includes('e')) return text
  const { sign, digits, exponent } = shortest(value)
  return plain(sign, digits, exponent)
}

/** spec/format.md 7.7: `1`, `2.5`, `1e+06`, `.inf`. */
export function yamlFloat(value: number): string {
  if (Number.isNaN(value)) return '.nan'
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf'
  return general(value, 'e')
}

/** spec/format.md 9.2, for dotenv, INI and exec-env: `1.0`, `1E+06`, `+Inf`. */
export function dotenvFloat(value: number): string {
  const name = special(value)
  if (name !== undefined) return name
  const text = general(value, 'E')
  return text.includes('.') || text.includes('E') ? text : `${text}.0`
}

/** Underscores only between digits, plus one after a base prefix. */
function underscoresFit(text: string): boolean {
  let at = text[0] === '+' || text[0] === '-' ? 1 : 0
  let last = '!'
  const hex = /^0[xX]/.test(text.slice(at, at + 2))
  if (hex) {
    at += 2
    last = '0'
  }
  for (; at < text.length; at++) {
    const c = text[at]!
    if ((c >= '0' && c <= '9') || (hex && /[a-fA-F]/.test(c))) last = '0'
    else if (c === '_') {
      if (last !== '0') return false
      last = '_'
    } else {
      if (last === '_') return false
      last = '!'
    }
  }
  return last !== '_'
}

/** mantissa × 2^exponent, rounded to nearest even; Infinity on overflow. */
function scale(mantissa: bigint, exponent: number): number {
  if (mantissa === 0n) return 0
  const top = mantissa.toString(2).length - 1 + exponent
  if (top > 1023) return Number.POSITIVE_INFINITY
  if (top < -1076) return 0
  const unit = Math.max(top - 52, -1074)
  const drop = unit - exponent
  if (drop <= 0) return Number(mantissa << BigInt(-drop)) * 2 ** unit
  const bits = BigInt(drop)
  const rest = mantissa & ((1n << bits) - 1n)
  const half = 1n << (bits - 1n)
  let kept = mantissa >> bits
  if (rest > half || (rest === half && (kept & 1n) === 1n)) kept += 1n
  return Number(kept) * 2 ** unit
}

const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
const hexadecimal = /^([+-]?)0[xX](?:([0-9a-fA-F]+)(?:\.([0-9a-fA-F]*))?|\.([0-9a-fA-F]+))[pP]([+-]?\d+)$/
const infinite = /^([+-]?)inf(?:inity)?$/i

/** The number Go reads from a text (spec/format.md 2.3), or undefined: bad syntax or out of range. */
export function parseGoFloat(text: string): number | undefined {
  const bare = text.includes('_') ? text.replaceAll('_', '') : text
  if (bare.length !== text.length && !underscoresFit(text)) return undefined
  if (decimal.test(bare)) {
    const value = Number(bare)
    return Number.isFinite(value) ? value : undefined
  }
  if (bare.length !== text.length && !/^[+-]?0[xX]/.test(text)) return undefined
  const hex = hexadecimal.exec(bare)
  if (hex !== null) {
    const whole = hex[2] ?? ''
    const fraction = hex[3] ?? hex[4] ?? ''
    // Far outside any double; keeps the arithmetic small.
    const exponent = Math.max(-1e6, Math.min(1e6, Number(hex[5]))) - 4 * fraction.length
    const value = scale(BigInt(`0x${whole}${fraction}`), exponent)
    if (!Number.isFinite(value)) return undefined
    return hex[1] === '-' ? -value : value
  }
  const inf = infinite.exec(text)
  if (inf !== null) return inf[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return /^nan$/i.test(text) ? Number.NaN : undefined
}
