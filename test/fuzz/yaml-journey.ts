// What becomes of a YAML text on its way through encryption, decryption and an edit that changes nothing.
import { expect } from 'vitest'
import type { SealOutput } from '../../src/file/encrypted-file.ts'
import {
  type Comment,
  createFile,
  type Draft,
  type Entry,
  loadFormat,
  type Node,
  parsePlain,
  SopsError,
  sealNew,
  type Tree,
} from '../../src/index.ts'
import { ageGroup, openService, orReported, reseal, sameTrees, unseal } from './sealed.ts'

type Item = Node | Entry | Comment

/** Leaves and comments in order. */
function textsIn(tree: Tree): Item[] {
  const found: Item[] = []
  const visit = (item: Item): void => {
    if (item.kind === 'entry') visit(item.value)
    else if (item.kind === 'map' || item.kind === 'list') for (const inner of item.items) visit(inner)
    else found.push(item)
  }
  for (const document of tree.documents) visit(document)
  return found
}

/** Copies of what an alias stands for bring no comments, or more than the alias had. */
function withoutComments(tree: Tree): Tree {
  const visit = <T extends Node | Entry>(item: T): T => {
    if (item.kind === 'leaf') return item
    if (item.kind === 'entry') return { ...item, value: visit(item.value) }
    const items = (item.items as Item[]).flatMap((inner) => (inner.kind === 'comment' ? [] : [visit(inner)]))
    return { ...item, items }
  }
  return { documents: tree.documents.map(visit) }
}

async function sealDraft(draft: Draft): Promise<SealOutput> {
  const settings = {
    keyGroups: [ageGroup],
    shamirThreshold: 0,
    selection: { unencryptedSuffix: '_unencrypted' },
    macOnlyEncrypted: false,
  }
  return sealNew(await createFile(settings, [openService]), draft, draft.format, new Date(0), {})
}

const isEmpty = (tree: Tree): boolean =>
  tree.documents.some((map) => map.items.every((item) => item.kind === 'comment'))

/**
 * What comes back has the same values, types, order and comments, and the same bytes wherever encrypting names no loss. A leaf that is
 * named as lost does come back in another spelling.
 * @returns What kind of text it was.
 */
export async function yamlJourney(text: string): Promise<string> {
  const format = await loadFormat('yaml')
  const bytes = Buffer.from(text)
  const draft = await orReported(() => parsePlain(bytes, format, format))
  if (draft instanceof SopsError) return 'unreadable'
  const sealed = await orReported(() => sealDraft(draft))
  if (sealed instanceof SopsError) {
    expect(sealed.message).not.toContain('could not be opened again')
    return 'refused'
  }
  const { aliases, respelt } = sealed.losses!
  const opened = Buffer.from(await unseal(sealed.bytes, 'yaml')).toString()
  const { tree } = format.parse(Buffer.from(opened))
  const resealed = await reseal(sealed.bytes, Buffer.from(opened), 'yaml')
  const edited = Buffer.from(await unseal(resealed, 'yaml'))
  // The metadata of an empty document takes its `{}` up, and with that may give the file another indentation.
  if (isEmpty(draft.plain)) expect(sameTrees(format.parse(edited).tree, tree), 'after an edit').toBe(true)
  else expect(edited.toString(), 'after an edit').toBe(opened)
  if (aliases > 0) {
    expect(sameTrees(withoutComments(tree), withoutComments(draft.plain)), 'values').toBe(true)
    return 'kept but for aliases'
  }
  if (isEmpty(draft.plain)) {
    // An empty document becomes `{}`, and comments below that are no longer those of the document before.
    expect(sameTrees(withoutComments(tree), withoutComments(draft.plain)), 'values').toBe(true)
    const without = (source: string): string => source.replaceAll(/^\{\}(\r\n|\r|\n|$)/gm, '').trimEnd()
    if (respelt.length + sealed.places.length === 0) expect(without(opened)).toBe(without(text))
    return 'kept but for empty documents'
  }
  expect(sameTrees(tree, draft.plain), 'values and comments').toBe(true)
  if (sealed.places.length > 0) return 'kept but for what the reference cannot read'
  const lost = new Set(respelt)
  const mark = text.startsWith('\ufeff') ? 1 : 0
  const said = (item: Item, source: string): string => source.slice(mark + item.origin!.start, mark + item.origin!.end)
  const after = textsIn(tree)
  textsIn(draft.plain).forEach((item, i) => {
    const [old, now] = [said(item, text), said(after[i]!, opened)]
    if (lost.has(item.origin!)) expect(now, 'named as lost').not.toBe(old)
    else expect(now, 'not named as lost').toBe(old)
  })
  if (lost.size > 0) return 'kept but for spellings'
  expect(opened, 'bytes').toBe(text)
  return 'kept'
}
