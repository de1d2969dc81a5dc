// What the reference would read as data must not stand in an encrypted dotenv file: a byte order mark, and carriage returns before line ends.
// They are noted behind the MAC, where the reference ignores what follows the bracket (spec/format.md 2.1): `sops_mac=ENC[…] ;bom crlf`.

/** How a line ends. A lone CR, and nothing, only at the end of the text. */
export type LineEnd = '\n' | '\r\n' | '\r' | ''

export const macKey = 'sops_mac'

export interface Marked {
  readonly bom: boolean
  /** Lines are named one by one: a last line without a line feed, too, where it ends in a carriage return. */
  readonly exact: boolean
  /** Gives a question to be asked of ascending numbers: whether the plain data line of that number, counted from 1, ends in CR LF. */
  readonly lines: () => (line: number) => boolean
}

const markPattern = / ;((?:bom|crlf(?:=[\d,-]*)?)(?: crlf(?:=[\d,-]*)?)?)$/
const macLine = /^sops_mac=[^\r\n]*/m

/** Where the mark behind a value starts: at its end, where there is none. */
export const markStart = (value: string): number => markPattern.exec(value)?.index ?? value.length

export function markedLayout(text: string): Marked {
  const words = markPattern.exec(macLine.exec(text)?.[0] ?? '')?.[1]?.split(' ') ?? []
  const crlf = words.find((word) => word.startsWith('crlf'))
  const [, list] = crlf?.split('=') ?? []
  const bom = words.includes('bom')
  if (list === undefined) return { bom, exact: false, lines: () => () => crlf !== undefined }
  const ranges = list.split(',').map((range) => range.split('-').map(Number))
  const lines = (): ((line: number) => boolean) => {
    let at = 0
    return (line) => {
      while (at < ranges.length && line > (ranges[at]![1] ?? ranges[at]![0]!)) at++
      return at < ranges.length && line >= ranges[at]![0]!
    }
  }
  return { bom, exact: true, lines }
}

/**
 * The mark for a plain text with these line ends, empty where there is nothing to note.
 * @param shown whether the encrypted text shows them itself.
 */
export function markOf(bom: boolean, ends: readonly LineEnd[], shown: boolean): string {
  const words = bom ? ['bom'] : []
  const numbers: number[] = []
  for (let i = 0; i < ends.length; i++) if (ends[i]!.startsWith('\r')) numbers.push(i + 1)
  if (!shown && numbers.length > 0) {
    const isWhole = ends.every((end, i) => end === '\r\n' || (end === '' && i === ends.length - 1))
    words.push(isWhole ? 'crlf' : `crlf=${ranges(numbers)}`)
  }
  return words.length > 0 ? ` ;${words.join(' ')}` : ''
}

function ranges(numbers: readonly number[]): string {
  const found: string[] = []
  for (let i = 0; i < numbers.length; i++) {
    const from = numbers[i]!
    while (numbers[i + 1] === numbers[i]! + 1) i++
    found.push(from === numbers[i] ? `${from}` : `${from}-${numbers[i]}`)
  }
  return found.join(',')
}
