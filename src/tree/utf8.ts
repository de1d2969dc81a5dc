// Bytes as text without loss: what is valid UTF-8 decodes, and every other byte becomes a lone surrogate, which no text has.
import { isUtf8 } from 'node:buffer'
import { SopsError } from '../errors.ts'
import { formatPath } from './path.ts'
import type { Leaf, ListNode, MapNode, Node } from './tree.ts'

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** U+DC80 to U+DCFF stand for the bytes 80 to FF. */
const base = 0xdc00

/** The text of any bytes; `bytesOfText` gives the same bytes back. Well formed exactly where the bytes are UTF-8. */
export function textOfBytes(bytes: Uint8Array): string {
  const buffer = asBuffer(bytes)
  if (isUtf8(bytes)) return buffer.toString('utf8')
  const parts: string[] = []
  let run = 0
  for (let at = 0; at < bytes.length; ) {
    const width = sequenceLength(bytes, at)
    if (width > 0) {
      at += width
      continue
    }
    parts.push(buffer.toString('utf8', run, at), String.fromCharCode(base + bytes[at]!))
    at += 1
    run = at
  }
  parts.push(buffer.toString('utf8', run))
  return parts.join('')
}

/** Length of the valid UTF-8 sequence at an offset, 0 if there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!
  if (first < 0x80) return 1
  const width =
    first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0
  return width > 0 && at + width <= bytes.length && isUtf8(bytes.subarray(at, at + width)) ? width : 0
}

/**
 * The bytes of a text: UTF-8, but for what `textOfBytes` made of other bytes.
 * @throws SopsError `generic` for any other lone surrogate, which stands for nothing.
 */
export function bytesOfText(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8')
  const parts = text.split(/([\udc80-\udcff])/u)
  return Buffer.concat(
    parts.map((part, i) => {
      if (i % 2 === 1) return Buffer.of(part.charCodeAt(0) - base)
      if (part.isWellFormed()) return Buffer.from(part, 'utf8')
      throw new SopsError('generic', 'a lone surrogate is no text')
    }),
  )
}

/** True for text that UTF-8 can hold, and for bytes that are UTF-8. */
const isText = (value: string | Uint8Array): boolean =>
  typeof value === 'string' ? value.isWellFormed() : isUtf8(value)

/** What a format can hold besides text. */
interface Holds {
  /** Bytes as values. */
  readonly bytes: boolean
  /** Comments, as text; without them they are not printed at all. */
  readonly comments: boolean
}

interface Frame {
  readonly node: MapNode | ListNode
  readonly step: string | number | undefined
  at: number
}

/**
 * Refuses what a format of text alone would have to change: a value, key or comment that is not UTF-8.
 * @throws SopsError `cannot-emit` naming the first one.
 */
export function refuseBytes(root: Node, format: string, holds: Holds): void {
  if (root.kind === 'leaf') {
    if (leafFits(root, holds)) return
    throw notText('the value', [], format)
  }
  const stack: Frame[] = [{ node: root, step: undefined, at: 0 }]
  const pathTo = (last?: string | number): (string | number)[] =>
    [...stack.map(({ step }) => step), last].filter((step) => step !== undefined)
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const { node, at } = frame
    const item = node.items[at]
    frame.at++
    if (item === undefined) stack.pop()
    else if (item.kind === 'comment') {
      if (holds.comments && !isText(item.text)) throw notText('a comment', pathTo(), format)
    } else {
      if (item.kind === 'entry' && !isText(item.key)) throw notText('the key', pathTo(shown(item.key)), format)
      const value = item.kind === 'entry' ? item.value : item
      const step = item.kind === 'entry' ? item.key : at
      if (value.kind !== 'leaf') stack.push({ node: value, step, at: 0 })
      else if (!leafFits(value, holds)) throw notText('the value', pathTo(step), format)
    }
  }
}

const leafFits = ({ value }: Leaf, { bytes }: Holds): boolean =>
  typeof value === 'string' ? value.isWellFormed() : !(value instanceof Uint8Array) || bytes || isUtf8(value)

/** A key for messages. */
const shown = (text: string): string => text.toWellFormed()

function notText(what: string, path: readonly (string | number)[], format: string): SopsError {
  const place = path.length > 0 ? `${what === 'a comment' ? ' in' : ''} ${formatPath(path)}` : ''
  return new SopsError('cannot-emit', `${what}${place} holds bytes that are not UTF-8, which ${format} cannot hold`, {
    path: path.filter((step) => typeof step === 'string'),
    hints: [
      what === 'the value'
        ? 'decrypt --extract gives the bytes of one value as they are'
        : 'dotenv and INI files hold any bytes (--output-type)',
    ],
  })
}
