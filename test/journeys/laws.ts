// What must hold of a file after every command (the values, the comments) and what a command must have done.

import { loadFormat, SopsError } from '../../src/index.ts'
import type { Tree } from '../../src/tree/tree.ts'
import type { TreeFormat } from '../support/conformance/case.ts'
import { refusedByReference } from '../support/reference-grammar.ts'
import type { Desk } from './desk.ts'
import { asShown } from './explained.ts'
import { ofTree, type Reading, readingDifference, type Strictness } from './reading.ts'
import { decoded, isTokens, readSecond } from './second-readers.ts'
import { marksIn } from './texts.ts'

/** An encrypted file and what it says, by every reader. */
export interface State {
  readonly bytes: Buffer
  readonly plain: Buffer
  /** The plaintext as text, with comments at the offsets that the second reader tells. */
  readonly text: string
  readonly tree: Tree
  /** What the file holds, for our program. */
  readonly ours: Reading
  /** What its plaintext says, for the other reader. */
  readonly second: Reading | undefined
  /** Nobody but our program has changed it. */
  readonly isOurs: boolean
}

/** Formats without types keep the texts of values only. */
export const strictness = (format: TreeFormat): Strictness =>
  format === 'yaml' || format === 'json' ? 'exact' : 'text'
const loose = (format: TreeFormat): Strictness => (format === 'yaml' || format === 'json' ? 'worth' : 'text')

/** Generated texts hold tokens, too, but with next to no data. */
const ciphertext = /ENC\[AES256_GCM,data:(?!AA==)[^\]]*\]?/

/** @throws with the law and how it is broken. */
export function broken(law: string, how: string): never {
  throw new Error(`${law}: ${how}`)
}

export function same(law: string, a: Reading, b: Reading, how: Strictness): void {
  const found = readingDifference(a, b, how)
  if (found !== undefined) broken(law, found)
}

/** Opens the file and holds what must always be true of it. What somebody else made of it need not be readable by SOPS. */
export async function stateOf(desk: Desk, isOurs: boolean): Promise<State> {
  const bytes = desk.read()
  const { code, stdout, stderr } = await desk.run(['decrypt', desk.file])
  if (code !== 0) broken('what was written can be opened', stderr)
  // NEL is a blank for SOPS, and none for the reader of its grammar.
  const isJudged = isOurs && (desk.format === 'yaml' ? isTokens(bytes.toString()) : !bytes.includes('\u0085'))
  const refused = isJudged ? refusedByReference(desk.format, bytes.toString(), desk.says) : []
  if (refused.length > 0) broken('SOPS can read what was written', refused.join(', '))
  const tree = await desk.tree()
  const { text } = decoded(stdout)
  if (ciphertext.test(text)) broken('no ciphertext in the plaintext', text)
  const ours = ofTree(tree)
  const shown = asShown(desk.format, ours)
  same('the plaintext is read as what the file holds', await readOurs(desk.format, stdout), shown, loose(desk.format))
  agree(desk.format, stdout, shown)
  return { bytes, plain: stdout, text, tree, ours, second: readSecond(desk.format, stdout), isOurs }
}

/** What our parser makes of a plain text. */
export async function readOurs(format: TreeFormat, bytes: Uint8Array): Promise<Reading> {
  try {
    return ofTree((await loadFormat(format)).parse(bytes).tree)
  } catch (error) {
    if (error instanceof SopsError) broken('the plaintext can be read', error.message)
    throw error
  }
}

/** Both readers see the same keys, order and values. */
export function agree(format: TreeFormat, plain: Uint8Array, ours: Reading): void {
  const second = readSecond(format, plain)
  if (second) same('both readers agree', ours, second, loose(format))
}

/** The file says what the plain text says, to both readers, and every comment of it is there once. */
export async function cameBack(format: TreeFormat, plain: Uint8Array, state: State): Promise<void> {
  same('our reading before and after', await readOurs(format, plain), state.ours, strictness(format))
  const second = readSecond(format, plain)
  if (second && state.second) same('the other reading before and after', second, state.second, loose(format))
  sameComments(decoded(plain).text, state, () => false)
}

/** Comments that may go, by their place in the text before, are there at most as often as before; the others exactly as often. */
export function sameComments(before: string, after: State, mayGo: (offset: number) => boolean): void {
  const copies = /[\s[{,]\*\w/.test(before)
  const [old, now] = [count(marksIn(before)), count(marksIn(after.text))]
  const optional = new Set<string>()
  for (const match of before.matchAll(/~\d+~/g)) if (mayGo(match.index)) optional.add(match[0])
  for (const [mark, times] of old) {
    const found = now.get(mark) ?? 0
    if (found < times && !optional.has(mark))
      broken('every comment lives', `${mark} ${found} of ${times} times in ${after.text}`)
    if (found > times && !copies)
      broken('every comment is there once', `${mark} ${found} for ${times} times in ${after.text}`)
  }
}

function count(marks: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const mark of marks) counts.set(mark, (counts.get(mark) ?? 0) + 1)
  return counts
}

/** Nothing but the way it is written changed. */
export function unchanged(format: TreeFormat, before: State, after: State): void {
  same('our reading before and after', before.ours, after.ours, strictness(format))
  if (before.second && after.second)
    same('the other reading before and after', before.second, after.second, loose(format))
  sameComments(before.text, after, () => false)
}
