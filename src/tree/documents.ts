// Which of several documents a path means. The reference knows the first one only (spec/format.md 12.4).
import { SopsError } from '../errors.ts'
import { formatPath, type Path } from './path.ts'
import type { Entry, MapNode, Node } from './tree.ts'

/** How many steps of the path lead to something, and what the last of them leads to. */
function follow(root: MapNode, path: Path): { readonly depth: number; readonly node: Node } {
  let node: Node = root
  for (const [depth, step] of path.entries()) {
    const next: Node | undefined = childOf(node, step)
    if (next === undefined) return { depth, node }
    node = next
  }
  return { depth: path.length, node }
}

function childOf(node: Node, step: Path[number]): Node | undefined {
  if (node.kind === 'leaf') return undefined
  if (typeof step === 'number') {
    const item = node.kind === 'list' ? node.items[step] : undefined
    return item?.kind === 'comment' ? { kind: 'leaf', value: item.text } : item
  }
  if (node.kind === 'list') return undefined
  const found = node.items.find(
    (item): item is Entry => item.kind === 'entry' && item.keyType === undefined && item.key === step,
  )
  return found?.value
}

/** The numbers of the documents that have the whole path, counted from 1. */
export const documentsWith = (documents: readonly MapNode[], path: Path): readonly number[] =>
  documents.flatMap((root, at) => (follow(root, path).depth === path.length ? [at + 1] : []))

/** The document that a path means. */
export interface DocumentPlace {
  /** Counted from 0. */
  readonly at: number
  /** As much of the path as is there. */
  readonly found: Path
  /** Other documents that have as much, counted from 1. */
  readonly alsoIn: readonly number[]
}

/** True where the step counts beyond the list that the path leads to. */
const isPastEnd = ({ node, depth }: ReturnType<typeof follow>, path: Path): boolean =>
  node.kind === 'list' && typeof path[depth] === 'number'

/**
 * Where a value that is there is meant: the first document if it has the path or none has, else the only one that has it. A shorter list of
 * the first document is not passed over.
 * @throws SopsError `generic` when it could be in more than one.
 */
export function documentWith(documents: readonly MapNode[], path: Path): DocumentPlace {
  const numbers = documentsWith(documents, path)
  const [number] = numbers
  if (number === undefined || number === 1) return { at: 0, found: path, alsoIn: numbers.slice(1) }
  const both = isPastEnd(follow(documents[0]!, path), path)
  if (both || numbers.length > 1) throw ambiguous(path, both ? [1, ...numbers] : numbers)
  return { at: number - 1, found: path, alsoIn: [] }
}

/**
 * Where a value is to be set: the first document if it has as much of the path as any, else the only one that has most of it. A list of the
 * first document is not made longer where a later one has that element.
 * @throws SopsError `generic` when it could be in more than one.
 */
export function documentFor(documents: readonly MapNode[], path: Path): DocumentPlace {
  const ends = documents.map((root) => follow(root, path))
  const most = ends.reduce((deepest, { depth }) => Math.max(deepest, depth), 0)
  const found = path.slice(0, most)
  const numbers = ends.flatMap(({ depth }, at) => (depth === most ? [at + 1] : []))
  const number = numbers[0]!
  if (number === 1) return { at: 0, found, alsoIn: numbers.slice(1) }
  const both = isPastEnd(ends[0]!, path)
  if (both || numbers.length > 1) throw ambiguous(found, both ? [1, ...numbers] : numbers)
  return { at: number - 1, found, alsoIn: [] }
}

function ambiguous(path: Path, numbers: readonly number[]): SopsError {
  return new SopsError('generic', `${formatPath(path)} can be meant in ${documentsText(numbers)}`, {
    hints: ['sops edit shows and changes every document', 'or keep each document in a file of its own'],
  })
}

/** `document 2`, `documents 2 and 3`, `documents 2, 3 and 5`. */
export function documentsText(numbers: readonly number[]): string {
  const last = numbers[numbers.length - 1]
  return numbers.length === 1 ? `document ${last}` : `documents ${numbers.slice(0, -1).join(', ')} and ${last}`
}

/** The numbers of the documents after the first that say anything. */
export const laterDocuments = (documents: readonly MapNode[]): readonly number[] =>
  documents.flatMap(({ items }, at) => (at > 0 && items.some((item) => item.kind === 'entry') ? [at + 1] : []))
