// Files of bare bytes: where all versions are text, their lines are merged.
import { isUtf8 } from 'node:buffer'
import type { Leaf, Value } from '../tree/tree.ts'
import { linesOf, mergeSequences, type Range } from './sequence.ts'

const bytesOf = (value: Value): Buffer | undefined => {
  const bytes =
    value instanceof Uint8Array ? Buffer.from(value) : typeof value === 'string' ? Buffer.from(value) : undefined
  return bytes && isUtf8(bytes) && !bytes.includes(0) ? bytes : undefined
}

const linesIn = (lines: readonly string[], [from, to]: Range): readonly string[] => lines.slice(from, to)

/** The merged text; undefined for what is no text, and where both sides changed the same lines. */
export function mergeBinary(base: Leaf | undefined, ours: Leaf, theirs: Leaf): Leaf | undefined {
  const [b, o, t] = [base, ours, theirs].map((leaf) => leaf && bytesOf(leaf.value))
  if (!b || !o || !t) return undefined
  const [old, own, other] = [b, o, t].map(linesOf)
  const stretches = mergeSequences(old!, own!, other!)
  if (stretches.some(({ kind }) => kind === 'conflict')) return undefined
  const lines = stretches.flatMap((stretch) =>
    stretch.kind === 'theirs' ? linesIn(other!, stretch.theirs) : linesIn(own!, stretch.ours),
  )
  return { ...ours, value: Buffer.from(lines.join(''), 'latin1') }
}
