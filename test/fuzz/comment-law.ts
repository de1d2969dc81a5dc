// The law of comments: whatever commands do to a file, what it decrypts to holds no ciphertext, the values that should be there, and every
// comment of those values once.
import fc from 'fast-check'
import { expect } from 'vitest'
import { withRecipients } from '../../src/file/recipients.ts'
import {
  type Comment,
  createFile,
  type Entry,
  type FormatId,
  loadEncrypted,
  loadFormat,
  newDataKey,
  type OpenFile,
  openFile,
  type Path,
  parsePlain,
  replacePlaintext,
  type SelectionOptions,
  SopsError,
  sealFile,
  sealNew,
  setAt,
  type Tree,
  type Node as TreeNode,
  unsetAt,
  wrapDataKey,
} from '../../src/index.ts'
import { ageGroup, common, openService, orReported, sameTrees, unseal } from './sealed.ts'

type Item = TreeNode | Entry | Comment

/** One command on a file; `at` picks what it is done to. */
export interface Command {
  readonly name: 'set' | 'unset' | 'edit' | 'rotate' | 'updatekeys'
  readonly at: number
  readonly value: number
}

export const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.record({
    name: fc.constantFrom('set', 'set', 'unset', 'unset', 'edit', 'rotate', 'updatekeys'),
    at: fc.nat(1000),
    value: fc.nat(1000),
  }),
  { maxLength: 4 },
)

export const selections: readonly SelectionOptions[] = [
  { unencryptedSuffix: '_unencrypted' },
  { unencryptedSuffix: '_unencrypted' },
  { encryptedRegex: '^secret$' },
  { unencryptedRegex: '^c$' },
  { encryptedSuffix: 'ret' },
]

const leaf = (value: string | bigint | null): TreeNode => ({ kind: 'leaf', value })
const mapOf = (...items: Entry[]): TreeNode => ({ kind: 'map', items })
const entry = (key: string, value: TreeNode): Entry => ({ kind: 'entry', key, value })

const flatValues = [leaf('new'), leaf('other')]
const values = [
  ...flatValues,
  leaf(7n),
  leaf(null),
  leaf('two\nlines'),
  mapOf(entry('n', leaf('in')), entry('m', leaf('in'))),
  mapOf(),
  { kind: 'list', items: [leaf('in'), mapOf(entry('n', leaf('in')))] } as TreeNode,
  { kind: 'list', items: [] } as TreeNode,
]

/** Every path of a document, and one behind each collection. */
function pathsOf(root: TreeNode, isFlat: boolean): Path[] {
  const found: Path[] = []
  const visit = (node: TreeNode, path: Path): void => {
    if (node.kind === 'leaf') return
    node.items.forEach((item: Item, i) => {
      if (item.kind === 'comment') return
      const inner = [...path, item.kind === 'entry' ? item.key : i]
      found.push(inner)
      visit(item.kind === 'entry' ? item.value : item, inner)
    })
    found.push([...path, node.kind === 'map' ? 'new' : node.items.length])
  }
  visit(root, [])
  return isFlat ? found.filter((path) => path.length <= 2) : found
}

/** The distinct comments of a text that the tree came from: copies that aliases make share their place. */
function commentsOf(tree: Tree): string[] {
  const seen = new Set<number>()
  const found: string[] = []
  const visit = (item: Item): void => {
    if (item.kind === 'comment') {
      const at = item.origin?.start
      if (at !== undefined && seen.has(at)) return
      if (at !== undefined) seen.add(at)
      // A line that a later one of the same key overrides is none.
      if (item.text.includes('=')) return
      // A block of INI lines is one comment; lines may join another block when what stood between them goes.
      for (const [one] of item.text.matchAll(/c\d+\./g)) found.push(one)
    } else if (item.kind === 'entry') visit(item.value)
    else if (item.kind !== 'leaf') item.items.forEach(visit)
  }
  for (const document of tree.documents) visit(document)
  return found
}

function withoutComments(tree: Tree): Tree {
  const visit = <T extends TreeNode | Entry>(item: T): T => {
    if (item.kind === 'leaf') return item
    if (item.kind === 'entry') return { ...item, value: visit(item.value) }
    const items = (item.items as Item[]).flatMap((inner) => (inner.kind === 'comment' ? [] : [visit(inner)]))
    return { ...item, items }
  }
  // The section of keys before any header is there even without keys.
  const says = (item: Item): boolean => item.kind !== 'entry' || item.key !== 'DEFAULT' || sizeOf(item.value) > 0
  return { documents: tree.documents.map((root) => visit({ ...root, items: root.items.filter(says) })) }
}

const sizeOf = (node: TreeNode): number =>
  node.kind === 'leaf' ? 1 : node.items.filter((item: Item) => item.kind !== 'comment').length

const groups = { groups: [ageGroup, ageGroup], threshold: 1 }

/** What a command makes of a file, and the tree that it should decrypt to; undefined where it does not apply. */
async function apply(
  command: Command,
  bytes: Uint8Array,
  id: FormatId,
): Promise<{ bytes: Uint8Array; plain: Tree } | undefined> {
  const format = await loadFormat(id)
  const file = await openFile(await loadEncrypted(bytes, id), { services: [openService] })
  const seal = (next: OpenFile): Uint8Array => sealFile(next, format, new Date(0), {}).bytes
  const [first, ...others] = file.plain.documents
  const isFlat = id !== 'yaml'
  const paths = pathsOf(first!, isFlat)
  const path = paths[command.at % paths.length]!
  switch (command.name) {
    case 'set': {
      const choice = id === 'ini' && path.length === 1 ? [mapOf(entry('n', leaf('in')))] : isFlat ? flatValues : values
      const plain = { documents: [setAt(first!, path, choice[command.value % choice.length]!), ...others] }
      return { bytes: seal({ ...file, plain }), plain }
    }
    case 'unset': {
      const plain = { documents: [unsetAt(first!, path), ...others] }
      return { bytes: seal({ ...file, plain }), plain }
    }
    case 'rotate': {
      const dataKey = newDataKey()
      const wrapped = await wrapDataKey(dataKey, file.metadata.keyGroups, 1, [openService])
      const metadata = { ...file.metadata, keyGroups: wrapped.groups, shamirThreshold: wrapped.threshold }
      return { bytes: seal({ ...file, dataKey, metadata }), plain: file.plain }
    }
    case 'updatekeys': {
      const many = await wrapDataKey(file.dataKey, command.value % 2 === 0 ? groups.groups : [ageGroup], 1, [
        openService,
      ])
      return { bytes: (await withRecipients(file, many, {})).bytes, plain: file.plain }
    }
    default: {
      const text = Buffer.from(await unseal(bytes, id)).toString()
      const lines = text.split('\n')
      const at = command.at % lines.length
      if (command.value % 3 === 0 && /^ *(#.*)?\r?$/.test(lines[at]!)) lines.splice(at, 1)
      else if (command.value % 3 === 1)
        lines.splice(at, 0, `${/^ */.exec(lines[at]!)![0]}# c9${command.at}${command.value}.`)
      const next = Buffer.from(lines.join('\n'))
      const draft = parsePlain(next, format, format)
      return { bytes: await replacePlaintext(bytes, next, { format: id, ...common }), plain: draft.plain }
    }
  }
}

export interface Step {
  readonly name: string
  readonly before: string
  readonly bytes: Uint8Array
  readonly plain: Tree
}

/** @returns What of it could be tried. */
export async function commentLaw(
  text: string,
  id: FormatId,
  selection: SelectionOptions,
  todo: readonly Command[],
  also?: (step: Step) => void,
): Promise<string> {
  const format = await loadFormat(id)
  const draft = await orReported(() => parsePlain(Buffer.from(text), format, format))
  if (draft instanceof SopsError) return 'unreadable'
  const settings = { keyGroups: [ageGroup], shamirThreshold: 0, selection, macOnlyEncrypted: false }
  let bytes: Uint8Array
  const file = await createFile(settings, [openService])
  const sealed = await orReported(() => sealNew(file, draft, format, new Date(0), {}))
  if (sealed instanceof SopsError) {
    expect(sealed.message, 'encrypt').not.toContain('could not be opened again')
    return 'refused'
  }
  bytes = sealed.bytes
  await check('encrypt', text, bytes, draft.plain, id, also)
  let done = 0
  for (const command of todo) {
    const next = await orReported(() => apply(command, bytes, id))
    if (next === undefined) continue
    if (next instanceof SopsError) {
      expect(
        `${command.name} ${JSON.stringify(command)}: ${next.message}`,
        `${next.message} of ${Buffer.from(bytes)}`,
      ).not.toMatch(/could not be opened again/)
      continue
    }
    const name = `${command.name} ${JSON.stringify(command)}`
    await check(name, Buffer.from(bytes).toString(), next.bytes, next.plain, id, also)
    bytes = next.bytes
    done++
  }
  return `${done} commands`
}

async function check(
  name: string,
  before: string,
  bytes: Uint8Array,
  plain: Tree,
  id: FormatId,
  also?: (step: Step) => void,
): Promise<void> {
  const format = await loadFormat(id)
  const opened = Buffer.from(await unseal(bytes, id)).toString()
  const context = `${name}\n--- of\n${before}\n--- gives\n${Buffer.from(bytes)}\n--- decrypts to\n${opened}\n---`
  expect(opened, context).not.toContain('ENC[')
  const { tree } = format.parse(Buffer.from(opened))
  const found = commentsOf(tree)
  const wanted = commentsOf(plain)
  const missing = wanted.filter((one) => !found.includes(one))
  const twice = found.filter((one, i) => found.indexOf(one) < i && wanted.indexOf(one) === wanted.lastIndexOf(one))
  expect({ missing, twice }, context).toEqual({ missing: [], twice: [] })
  expect(sameTrees(withoutComments(tree), withoutComments(plain)), context).toBe(true)
  also?.({ name, before, bytes, plain })
}
