// Stanzas, as they stand in the header of a file and go to and from a plugin (age v1).
import { decodeCanonicalNoPad, encodeBase64NoPad } from '../../../text/base64.ts'

export interface Stanza {
  /** The type first. */
  readonly args: readonly string[]
  readonly body: Uint8Array
}

const COLUMNS = 64
/** Bytes of a full line of a body. */
const BODY_LINE = 48

/** `-> TYPE ARGS` and the body in lines of 64 columns, the last of which is shorter, if need be empty. */
export function encodeStanza({ args, body }: Stanza): string {
  const lines = [`-> ${args.join(' ')}`]
  const base64 = encodeBase64NoPad(body)
  for (let at = 0; at <= base64.length; at += COLUMNS) lines.push(base64.slice(at, at + COLUMNS))
  return `${lines.join('\n')}\n`
}

/**
 * Begins a stanza with its opening line. The result takes the lines of the body, and gives the stanza at the first that is not full.
 * @throws Error, as the result does, without the line.
 */
export function stanzaOf(opening: string): (line: string) => Stanza | undefined {
  const [arrow, ...args] = opening.split(' ')
  if (arrow !== '->' || args.length === 0 || !args.every((arg) => /^[\x21-\x7e]+$/.test(arg))) {
    throw new Error('malformed stanza opening line')
  }
  const parts: Buffer[] = []
  return (line) => {
    const part = decodeCanonicalNoPad(line)
    if (part.length > BODY_LINE) throw new Error('malformed stanza body: too long line')
    parts.push(part)
    return part.length < BODY_LINE ? { args, body: Buffer.concat(parts) } : undefined
  }
}
