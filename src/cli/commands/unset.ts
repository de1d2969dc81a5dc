// `sops unset`: removes one value of a file.

import { SopsError, withHints } from '../../errors.ts'
import type { OpenFile } from '../../file/index.ts'
import { fileWord, shellWord } from '../../text/quote.ts'
import { type DocumentPlace, documentWith } from '../../tree/documents.ts'
import { isMissing, unsetAt } from '../../tree/edit.ts'
import { formatPath, type Path, parsePath } from '../../tree/path.ts'
import type { Comment, Entry, MapNode } from '../../tree/tree.ts'
import { type Command, command, type EachWork } from '../command.ts'
import { allowCleartext, decryptionOrder, idempotent, idleThreshold, ignoreMac, keyServices, types } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { changeMany } from '../many/change.ts'
import { targetFlags, writerFlags } from '../many/flags.ts'
import { encryptedTargets, isByFlag, isSingle, wantsReport } from '../many/targets.ts'
import { nearKeyHints } from '../near-key.ts'
import { changeInPlace, type InPlaceChange } from '../open.ts'
import { isFile, isIndex } from '../word-order.ts'

const flags = [
  ...types,
  idleThreshold,
  ignoreMac,
  allowCleartext,
  decryptionOrder,
  idempotent,
  ...keyServices,
  ...targetFlags,
  ...writerFlags,
] as const
type Given = Invocation<(typeof flags)[number]>

export const unset: Command = command({
  args: 'FILE INDEX',
  flags,
  examples: ['sops unset secrets.yaml \'["db"]["password"]\''],
  root: ['config', 'indent'],
  each,
  run,
})

function each(inv: Given, io: Io): EachWork<Given> {
  const [name, index] = wordsOf(inv, io)
  return (one, child) => {
    const [file = name!] = one.positionals
    return changeInPlace(one, child, file, async () => {
      const steps = parsePath(index, 'bad-path-or-value', 'Invalid unset index format: ')
      return changeWithout(inv, child, steps)
    })
  }
}

async function run(inv: Given, io: Io): Promise<number> {
  const [name] = wordsOf(inv, io)
  const unsetIn = each(inv, io)
  const words = name === undefined ? [] : [name]
  if (isSingle(inv, io, words) && !wantsReport(inv)) {
    await unsetIn(inv, io)
    return 0
  }
  const targets = await encryptedTargets(inv, io, words)
  return changeMany(inv, io, {
    targets,
    work: unsetIn,
    shared: {},
    verbs: ['removing', 'removed from', 'remove it from'],
  })
}

/** File (undefined where flags say which) and index. */
function wordsOf(inv: Given, io: Io): readonly [string | undefined, string] {
  const [name, index, ...more] = isByFlag(inv) ? [undefined, ...inv.positionals] : inv.positionals
  if ((name === undefined && !isByFlag(inv)) || index === undefined || more.length > 0) {
    throw new SopsError('no-file', 'Error: no file specified, or index is missing', {
      hints: [
        ...(inv.positionals.length > 2
          ? [`unset takes one index, got ${inv.positionals.length - 1}: one call for each`]
          : []),
        `sops unset ${isFile(name ?? '', io.host.cwd) ? fileWord(name!) : 'FILE'} '["key"]'`,
      ],
    })
  }
  if (name !== undefined && isIndex(name) && isFile(index, io.host.cwd)) {
    throw new SopsError('bad-path-or-value', 'Invalid unset index format: the file stands in the place of the index', {
      hints: [`first the file, then the index: sops unset ${fileWord(index)} ${shellWord(name)}`],
    })
  }
  return [name, index]
}

function changeWithout(inv: Given, io: Io, steps: Path): InPlaceChange {
  const make: InPlaceChange['make'] = (root, _, file) => {
    try {
      const stranded = strandedComment(root, steps, file)
      if (stranded === undefined) return unsetAt(root, steps)
      const message = `the comment above ${formatPath(steps)} went with it: it would have become a part of the next one`
      io.ctx.log({ level: 'advice', logger: 'CMD', message })
      return unsetAt(withoutComment(root, stranded), steps)
    } catch (error) {
      if (!isMissing(error)) throw error
      if (inv.bool('idempotent')) return undefined
      throw withHints(error as SopsError, nearKeyHints(root, steps))
    }
  }
  return { path: steps, find: inv.bool('idempotent') ? inFirst : documentWith, make, done: ['removed', 'from'] }
}

/** The comment of the key that would become a part of another one without it. */
function strandedComment(
  root: MapNode,
  [name, key]: Path,
  { format, parsed }: Pick<OpenFile, 'format' | 'parsed'>,
): Comment | undefined {
  for (const section of root.items) {
    if (section.kind !== 'entry' || section.key !== name || section.value.kind !== 'map') continue
    const { items } = section.value
    const entry = items.find((item): item is Entry => item.kind === 'entry' && item.key === key)
    const start = entry && format.strandedComment?.(parsed, entry)
    if (start !== undefined)
      return items.find((item): item is Comment => item.kind === 'comment' && item.origin?.start === start)
  }
  return undefined
}

/** The document without a comment of one of its sections. */
const withoutComment = (root: MapNode, comment: Comment): MapNode => ({
  ...root,
  items: root.items.map((item) =>
    item.kind === 'entry' && item.value.kind === 'map' && item.value.items.includes(comment)
      ? { ...item, value: { ...item.value, items: item.value.items.filter((one) => one !== comment) } }
      : item,
  ),
})

/**
 * Stays in the first document: run twice, the command must not remove the value from the next one too.
 * @throws SopsError `generic` when only a later document has the value.
 */
function inFirst(documents: readonly MapNode[], path: Path): DocumentPlace {
  const place = documentWith(documents, path)
  if (place.at === 0) return place
  throw new SopsError('generic', `${formatPath(path)} is in document ${place.at + 1}, not in document 1`, {
    hints: ['without --idempotent it is removed there'],
  })
}
