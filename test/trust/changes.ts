// Every small change of a byte string: what a tamper test feeds to readers of envelopes.
import { isLong, numbersFrom, seed } from '../fuzz/budget.ts'

const below = numbersFrom(seed)

/** Bytes that mean something to the grammars at hand. */
const marks = [...'\n\r -=>A/+0'].map((mark) => mark.charCodeAt(0))

/**
 * Copies with one byte changed (in a long run in every bit, and to several others), left out, doubled, swapped with the next one, and cut
 * off there. `step` spares bytes in a short run.
 */
export function* byteChanges(bytes: Buffer, step = 1): Generator<Buffer> {
  for (let at = below(step); at < bytes.length; at += isLong ? 1 : step) {
    const byte = bytes[at]!
    const bits = Array.from({ length: 8 }, (_, i) => byte ^ (1 << i))
    const others = isLong ? [...bits, ...marks.filter((mark) => mark !== byte)] : [byte ^ (1 + below(255))]
    for (const other of others) yield Buffer.from(bytes.with(at, other))
    if (!isLong && at % 3 !== 0) continue
    yield Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)])
    yield Buffer.concat([bytes.subarray(0, at + 1), bytes.subarray(at)])
    yield bytes.subarray(0, at)
    const next = bytes[at + 1]
    if (next !== undefined && next !== byte) yield Buffer.from(bytes.with(at, next).with(at + 1, byte))
  }
}

/** Copies with whole lines left out, doubled and moved; the lines are those of the first `length` bytes. */
export function* lineChanges(bytes: Buffer, length: number): Generator<Buffer> {
  const lines = bytes.toString('latin1', 0, length).split(/(?<=\n)/)
  const made = (changed: readonly string[]): Buffer =>
    Buffer.concat([Buffer.from(changed.join(''), 'latin1'), bytes.subarray(length)])
  for (const [at, line] of lines.entries()) {
    const rest = lines.toSpliced(at, 1)
    yield made(rest)
    for (let to = 0; to <= lines.length; to++) {
      yield made(lines.toSpliced(to, 0, line))
      if (to !== at && to < lines.length) yield made(rest.toSpliced(to, 0, line))
    }
  }
}
