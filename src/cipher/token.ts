// The text of an encrypted value, without its cryptography (spec/format.md 2.1).

export const tokenStart = 'ENC[AES256_GCM,data:'

export interface TokenParts {
  readonly data: string
  readonly iv: string
  readonly tag: string
  readonly type: string
}

/** Where the marks stand between the parts. */
interface TokenMarks {
  readonly ivAt: number
  readonly tagAt: number
  readonly typeAt: number
  readonly end: number
}

/** Finds the last fit of each mark, as the reference's greedy pattern does; nothing may stand on a second line before the `]`. */
function marksOf(text: string): TokenMarks | undefined {
  if (!text.startsWith(tokenStart)) return undefined
  const lineEnd = text.indexOf('\n')
  const end = text.lastIndexOf(']', lineEnd < 0 ? text.length : lineEnd)
  const typeAt = text.lastIndexOf(',type:', end - 7)
  const tagAt = typeAt < 0 ? -1 : text.lastIndexOf(',tag:', typeAt - 6)
  const ivAt = tagAt < 0 ? -1 : text.lastIndexOf(',iv:', tagAt - 5)
  return ivAt <= tokenStart.length || end < 0 ? undefined : { ivAt, tagAt, typeAt, end }
}

/** Undefined for what is not encrypted. */
export function splitToken(text: string): TokenParts | undefined {
  const marks = marksOf(text)
  if (marks === undefined) return undefined
  const { ivAt, tagAt, typeAt, end } = marks
  return {
    data: text.slice(tokenStart.length, ivAt),
    iv: text.slice(ivAt + 4, tagAt),
    tag: text.slice(tagAt + 5, typeAt),
    type: text.slice(typeAt + 6, end),
  }
}

/** True for what the reference takes as encrypted, whether it decrypts or not: other text may stand behind the `]`. */
export const isEncrypted = (text: string): boolean => marksOf(text) !== undefined

/** True for an encrypted value and nothing more: other readers take what stands around it for a part of the value. */
export const isToken = (text: string): boolean => isEncrypted(text) && text.indexOf(']') === text.length - 1
