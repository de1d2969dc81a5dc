// Where a path leads, where that is another place than its words say: comments count among the elements of a list, an index behind the
// end appends, and a value gives way to what is set below it (spec/cli.md 12.2).
import { isEntryOf } from './edit.ts'
import type { Path, Step } from './path.ts'
import type { Item, ListNode, MapNode, Node } from './tree.ts'

/** What is unexpected at the place `at`. */
export type Landing =
  /** It is a comment; or it is element `index`, from 0, without comments, of which the first is element `comment`. `meant` is where the index leads without them. */
  | { readonly kind: 'comment'; readonly at: Path; readonly meant: Path }
  | {
      readonly kind: 'shifted'
      readonly at: Path
      readonly meant: Path
      readonly index: number
      readonly comment: number
    }
  /** It is a value, no null, and the path goes on. */
  | { readonly kind: 'value'; readonly at: Path; readonly becomes: 'map' | 'list' }
  /** There is nothing, and a value set there comes to stand at `to`. */
  | { readonly kind: 'behind'; readonly at: Path; readonly to: Path }

/** The list of which the path names a comment as an element; undefined where it names none. */
export function listOfComment(root: MapNode, path: Path): ListNode | undefined {
  let node: Exclude<Node, { kind: 'leaf' }> = root
  for (const step of path) {
    if (node.kind === 'list' && typeof step === 'number' && node.items[step]?.kind === 'comment') return node
    const next: Node | undefined = below(node, step)
    if (next === undefined || next.kind === 'leaf') return undefined
    node = next
  }
  return undefined
}

/** What is unexpected on the way, outermost first. */
export function landingsOf(root: MapNode, path: Path): Landing[] {
  const found: Landing[] = []
  let node: Node | undefined = root
  for (const [depth, step] of path.entries()) {
    const before = path.slice(0, depth)
    if (node?.kind === 'leaf') {
      if (node.value !== null)
        found.push({ kind: 'value', at: before, becomes: typeof step === 'number' ? 'list' : 'map' })
      node = undefined
    }
    if (typeof step === 'number' && node?.kind !== 'map') {
      const landing = inList(node, before, step)
      if (landing) found.push(landing)
    }
    node = node && below(node, step)
  }
  return found
}

const isElement = (item: Item): boolean => item.kind !== 'comment'

function inList(list: ListNode | undefined, before: Path, index: number): Landing | undefined {
  const items = list?.items ?? []
  const at = [...before, index]
  if (index > items.length || (index > 0 && list === undefined))
    return { kind: 'behind', at, to: [...before, items.length] }
  const item = items[index]
  const counted = items.slice(0, index).filter(isElement).length
  if (item === undefined || (isElement(item) && counted === index)) return undefined
  const places = [...items.keys()].filter((place) => isElement(items[place]!))
  const meant = [...before, places[index] ?? items.length]
  const comment = items.findIndex((one) => !isElement(one))
  return isElement(item) ? { kind: 'shifted', at, meant, index: counted, comment } : { kind: 'comment', at, meant }
}

function below(node: Exclude<Node, { kind: 'leaf' }>, step: Step): Node | undefined {
  if (node.kind === 'map') return typeof step === 'string' ? node.items.find(isEntryOf(step))?.value : undefined
  const item = typeof step === 'number' ? node.items[step] : undefined
  return item === undefined || item.kind === 'comment' ? undefined : item
}
