// What a command should make of a reading: the model that the program's result is held against.
import type { Node, Tree } from '../../src/tree/tree.ts'
import type { Plain, Reading } from './reading.ts'

/** A place in a document. `cli` counts comments in lists as the command line does; `steps` counts values only. */
export interface Place {
  readonly cli: string
  readonly steps: readonly (string | number)[]
  readonly kind: Node['kind'] | 'missing'
}

/** Every place of a document that a path can name. */
export function placesOf(document: Node): Place[] {
  const found: Place[] = []
  const visit = (node: Node, cli: string, steps: readonly (string | number)[]): void => {
    if (steps.length > 0) found.push({ cli, steps, kind: node.kind })
    if (node.kind === 'leaf') return
    if (node.kind === 'map') {
      const seen = new Set<string>()
      for (const item of node.items) {
        if (item.kind === 'comment' || item.keyType !== undefined || seen.has(item.key)) continue
        seen.add(item.key)
        if (!/[[\0]/.test(item.key)) visit(item.value, `${cli}["${item.key}"]`, [...steps, item.key])
      }
      return
    }
    let values = 0
    for (const [i, item] of node.items.entries())
      if (item.kind !== 'comment') visit(item, `${cli}[${i}]`, [...steps, values++])
  }
  visit(document, '', [])
  return found
}

/** What is appended, behind comments too. */
export function newPlaces(document: Node): Place[] {
  const found: Place[] = []
  const visit = (node: Node, cli: string, steps: readonly (string | number)[]): void => {
    if (node.kind === 'map') found.push({ cli: `${cli}["new"]`, steps: [...steps, 'new'], kind: 'missing' })
    if (node.kind === 'list')
      found.push({
        cli: `${cli}[${node.items.length}]`,
        steps: [...steps, node.items.filter((item) => item.kind !== 'comment').length],
        kind: 'missing',
      })
    for (const place of node.kind === 'leaf' ? [] : placesOf(node).filter(({ steps: { length } }) => length === 1)) {
      const inner = nodeAt(node, place.steps)
      if (inner) visit(inner, cli + place.cli, [...steps, ...place.steps])
    }
  }
  visit(document, '', [])
  return found
}

function nodeAt(node: Node, [step]: readonly (string | number)[]): Node | undefined {
  if (node.kind === 'map') {
    const item = node.items.find((one) => one.kind === 'entry' && one.keyType === undefined && one.key === step)
    return item?.kind === 'entry' ? item.value : undefined
  }
  if (node.kind === 'leaf') return undefined
  return node.items.filter((item): item is Node => item.kind !== 'comment')[step as number]
}

export const documentOf = (tree: Tree, i: number): Node => tree.documents[i] ?? { kind: 'map', items: [] }

/** The value at `steps` replaced, appended where it is missing, or taken away (`undefined`); undefined where there is no such place. */
export function changed(
  plain: Plain,
  steps: readonly (string | number)[],
  value: Plain | undefined,
): Plain | undefined {
  const [step, ...rest] = steps
  if (step === undefined) return value
  if (plain.kind === 'map') {
    const at = plain.pairs.findIndex(({ key, anyKey }) => key === step && !anyKey)
    if (at < 0) {
      if (value === undefined || rest.length > 0) return undefined
      return { ...plain, pairs: [...plain.pairs, { key: String(step), value }] }
    }
    if (rest.length === 0 && value === undefined) return { ...plain, pairs: plain.pairs.toSpliced(at, 1) }
    const inner = changed(plain.pairs[at]!.value, rest, value)
    return inner && { ...plain, pairs: plain.pairs.with(at, { ...plain.pairs[at]!, value: inner }) }
  }
  if (plain.kind === 'leaf' || typeof step !== 'number') return undefined
  if (step >= plain.items.length)
    return value === undefined || rest.length > 0 ? undefined : { ...plain, items: [...plain.items, { value }] }
  if (rest.length === 0 && value === undefined) return { ...plain, items: plain.items.toSpliced(step, 1) }
  const inner = changed(plain.items[step]!.value, rest, value)
  return inner && { ...plain, items: plain.items.with(step, { ...plain.items[step]!, value: inner }) }
}

export const inDocument = (
  reading: Reading,
  i: number,
  steps: readonly (string | number)[],
  value: Plain | undefined,
): Reading | undefined => {
  const document = changed(reading.documents[i] ?? { kind: 'map', pairs: [] }, steps, value)
  return document && { ...reading, documents: reading.documents.with(i, document) }
}

/** Where the text of a place is, or of the last thing on the way to it that says where it is. */
export function spanOf(plain: Plain, steps: readonly (string | number)[]): readonly [number, number] | undefined {
  const [step, ...rest] = steps
  if (step === undefined || plain.kind === 'leaf') return undefined
  const found = plain.kind === 'map' ? plain.pairs.find(({ key }) => key === step) : plain.items[step as number]
  return found && (spanOf(found.value, rest) ?? found.span)
}

/** The value at a path, or undefined. */
export function plainAt(plain: Plain, steps: readonly (string | number)[]): Plain | undefined {
  const [step, ...rest] = steps
  if (step === undefined) return plain
  if (plain.kind === 'leaf') return undefined
  const found =
    plain.kind === 'map'
      ? plain.pairs.find(({ key, anyKey }) => key === step && !anyKey)
      : typeof step === 'number'
        ? plain.items[step]
        : undefined
  return found && plainAt(found.value, rest)
}

export const hasPlace = (plain: Plain, steps: readonly (string | number)[]): boolean =>
  plainAt(plain, steps) !== undefined
