// JSON text with integers of any size and numbers by their digits; JSON.stringify refuses a bigint, and JSON.parse rounds.

/** The text of plain data: maps, lists, and JSON's scalars; a bigint becomes its digits. */
export function jsonText(value: unknown): string {
  if (typeof value === 'bigint') return value.toString()
  if (Object.is(value, -0)) return '-0'
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${jsonText(member)}`)
  return `{${members.join(',')}}`
}

/** In front of the digits of a number, and of a text that begins with it. */
const mark = '\\u0001'

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

/**
 * The data of a JSON text in which numbers are equal only if they are the same number, whatever its size and however it is spelled: each is a
 * string of its digits, which no text of the data equals. `0` and `-0` differ.
 * @throws SyntaxError
 */
export function exactJson(text: string): unknown {
  const parts: string[] = []
  let from = 0
  const next = /["\d-]/g
  for (let match = next.exec(text); match !== null; match = next.exec(text)) {
    const start = match.index
    let end: number
    if (match[0] === '"') {
      end = endOfString(text, start)
      if (text.startsWith(mark, start + 1)) parts.push(text.slice(from, start + 1), mark, text.slice(start + 1, end))
      else parts.push(text.slice(from, end))
    } else {
      number.lastIndex = start
      const digits = number.exec(text)?.[0]
      // Left for the parser to refuse.
      if (digits === undefined) continue
      end = start + digits.length
      parts.push(text.slice(from, start), `"${mark}${plainDigits(digits)}"`)
    }
    from = end
    next.lastIndex = end
  }
  return JSON.parse(parts.join('') + text.slice(from))
}

/** Past the closing quote. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const c = text[at]
    if (c === '"') return at + 1
    if (c === '\\') at++
  }
  return text.length
}

/** The one spelling of a number: its digits without zeros at either end, and an exponent. */
function plainDigits(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const all = whole + fraction
  let [start, end] = [0, all.length]
  while (start < end && all[start] === '0') start++
  while (start < end && all[end - 1] === '0') end--
  if (start === end) return `${sign}0`
  return `${sign}${all.slice(start, end)}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(all.length - end)}`
}
