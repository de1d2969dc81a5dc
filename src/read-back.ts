// Reads a sealed text as the next reader will, before it replaces anything: a file that would not open again must not be written.
import { isEncrypted } from './core/cipher.ts'
import { canonical } from './core/scalar.ts'
import type { Selection } from './core/selection.ts'
import type { Tree, Value } from './core/tree.ts'
import { walk } from './core/walk.ts'
import { messageOf, SopsError } from './errors.ts'
import type { Format } from './formats/types.ts'
import { type Metadata, takeMetadata } from './metadata.ts'

/** What the tree must say when it is read again: `tree` is sealed and without metadata. */
export interface Sealed {
  readonly tree: Tree
  readonly metadata: Metadata
  readonly selection: Selection
  /** How many leaves of it are encrypted. */
  readonly encrypted: number
}

/**
 * Refuses a text that opening would refuse: one that does not parse, lost its metadata, or says other values, at other keys or in another
 * order, than were sealed. Comments are not compared, since no MAC covers them.
 * @throws SopsError `cannot-emit`.
 */
export function checkReadsBack(bytes: Uint8Array, format: Format, sealed: Sealed): void {
  // The payload is one string in a text that is always printed the same way.
  if (format.id === 'binary') return
  const problem = problemOf(bytes, format, sealed)
  if (problem === undefined) return
  throw new SopsError('cannot-emit', `the encrypted file could not be opened again: ${problem}`, {
    hints: ['nothing was written', 'this is a defect of sops: a simpler layout of the file may avoid it'],
  })
}

function problemOf(bytes: Uint8Array, format: Format, sealed: Sealed): string | undefined {
  try {
    const read = takeMetadata(format.parse(bytes, { encrypted: true }).tree, format.metadata)
    const { mac, lastModified } = read.metadata
    if (mac !== sealed.metadata.mac || lastModified !== sealed.metadata.lastModified)
      return 'its metadata would be lost'
    return differentLeaf(read.tree, sealed)
  } catch (error) {
    return messageOf(error)
  }
}

function differentLeaf(tree: Tree, { tree: wanted, selection, encrypted }: Sealed): string | undefined {
  const places: string[] = []
  const texts: (string | Uint8Array)[] = []
  eachLeaf(wanted, selection, (aad, text) => {
    places.push(aad)
    texts.push(text)
  })
  let at = 0
  let count = 0
  let problem: string | undefined
  eachLeaf(tree, selection, (aad, text, selected) => {
    const i = at++
    if (selected) count++
    if (problem !== undefined) return
    if (aad !== places[i]) problem = `${aad.slice(0, -1)} would stand in another place`
    else if (!same(text, texts[i]!)) problem = `${aad.slice(0, -1)} would have another value`
    else if (selected && (typeof text !== 'string' || !isEncrypted(text)))
      problem = `${aad.slice(0, -1)} would be in clear`
  })
  if (problem !== undefined) return problem
  if (at !== places.length) return 'values would be lost'
  return count === encrypted ? undefined : 'encrypted values would be taken for clear ones'
}

const same = (a: string | Uint8Array, b: string | Uint8Array): boolean =>
  a === b ||
  (typeof a !== 'string' || typeof b !== 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0 : false)

/** The leaves that the MAC covers, as the text it covers. Encrypted comments are stored as strings in lists, and are none. */
function eachLeaf(
  tree: Tree,
  selection: Selection,
  use: (aad: string, text: string | Uint8Array, selected: boolean) => void,
): void {
  walk(
    tree,
    selection,
    {
      leaf(leaf, aad, selected) {
        const text = textOf(leaf.value)
        if (text.length > 0 && !(selected && typeof text === 'string' && text.endsWith(',type:comment]'))) {
          use(aad, text, selected)
        }
        return leaf
      },
      comment: (comment) => comment,
    },
    [],
  )
}

const textOf = (value: Value): string | Uint8Array =>
  value === null ? '' : value instanceof Uint8Array ? value : canonical(value)
