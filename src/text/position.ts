// Where in a text something is, as editors count.
import type { Position } from '../errors.ts'
import { byteOrderMark, carriageReturn, lineFeed } from './characters.ts'

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff

/**
 * The place of an offset in UTF-16 units. A line ends in LF, CR LF or CR; characters are code points, a tab is one, and a byte order mark at
 * the start of the text is none. Linear: for messages.
 */
export function positionIn(text: string, offset: number): Position {
  const end = Math.min(offset, text.length)
  let line = 1
  let column = 1
  let before = 0
  for (let at = text.charCodeAt(0) === byteOrderMark ? 1 : 0; at < end; at++) {
    const unit = text.charCodeAt(at)
    if (unit === lineFeed || (unit === carriageReturn && text.charCodeAt(at + 1) !== lineFeed)) {
      line++
      column = 1
    } else if (!(isLow(unit) && isHigh(before))) column++
    before = unit
  }
  return { line, column }
}

/** The 1-based line of an offset. */
export const lineIn = (text: string, offset: number): number => positionIn(text, offset).line

/** Finds the line of an offset, from 0; lines end with a line feed. */
export function lineFinder(text: string): (offset: number) => number {
  const ends: number[] = []
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) ends.push(at)
  return (offset) => {
    let [low, high] = [0, ends.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (ends[middle]! < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
