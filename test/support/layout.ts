// The real-looking files of fixtures/layout, and what encrypting may change in one.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { TreeFormat } from './conformance/case.ts'

export interface LayoutFile {
  /** Path below fixtures/layout. */
  readonly name: string
  readonly format: TreeFormat
  readonly bytes: Buffer
}

const folder = fileURLToPath(new URL('../../fixtures/layout/', import.meta.url))

const formats: Readonly<Record<string, TreeFormat>> = {
  yaml: 'yaml',
  yml: 'yaml',
  json: 'json',
  env: 'dotenv',
  ini: 'ini',
}

export const layoutFiles: readonly LayoutFile[] = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => `${entry.parentPath}/${entry.name}`.replaceAll('\\', '/').replaceAll('//', '/'))
  .flatMap((path) => {
    const format = formats[path.slice(path.lastIndexOf('.') + 1)]
    return format ? [{ name: path.slice(folder.length), format, bytes: readFileSync(path) }] : []
  })
  .sort((a, b) => (a.name < b.name ? -1 : 1))

/** Stands for any text. */
const GAP = '\0'

/** An encrypted leaf with the quotes it may have been given. */
const TOKEN = /(["'`]?)ENC\[AES256_GCM,[^\]]*\]\1/g

/** INI comments near each other are one comment, stored where the first began; the places of the others stay, empty. */
const INI_COMMENT = /[ \t]*[;#][^\r\n]*/g

/** From a block scalar's header to its encrypted leaf: the chomping follows from the value, blank lines in front belong to it. */
const BLOCK_HEADER = /[|>][-+\d]*([ \t]*#[^\n]*?)?\r?\n\s*(?=ENC\[)/g

/**
 * The literal pieces of an encrypted text that its plain text must hold, in order: everything but encrypted leaves, comments and the
 * metadata. The first and last piece are its beginning and end.
 */
export function skeleton(format: TreeFormat, encrypted: string): string[] {
  const bare = withoutMetadata(format, encrypted)
  if (format === 'ini') return bare.replace(TOKEN, GAP).replace(INI_COMMENT, GAP).split(GAP)
  const open = format === 'yaml' ? bare.replace(BLOCK_HEADER, (_, comment = '') => GAP + comment + GAP) : bare
  return open.replace(TOKEN, GAP).split(GAP)
}

function withoutMetadata(format: TreeFormat, text: string): string {
  switch (format) {
    case 'dotenv':
      return text.replace(/(?:(?:^|\r?\n)sops_[^\n]*)+(?:\r?\n)?/, GAP)
    case 'ini':
      return text.replace(/(?:^|(?:\r?\n)+)\[sops\][^\n]*(?:\r?\n(?!\[)[^\n]*)*/, GAP)
    case 'yaml':
      if (/^sops:(?!\s*\{)/m.test(text))
        return text.replace(/(?:^|\r?\n)sops:[^\n]*(?:\r?\n[ \t][^\n]*)*(?:\r?\n)?/g, GAP)
  }
  return withoutFlowMetadata(text)
}

/** Cuts `"sops": { … }` with the comma and blanks in front. */
function withoutFlowMetadata(text: string): string {
  const start = text.search(/,?\s*"?sops"?\s*:\s*\{/)
  if (start < 0) throw new Error('no metadata found')
  const tokens = /"(?:[^"\\]|\\.)*"|[{}]/gs
  tokens.lastIndex = text.indexOf('{', start + 1)
  for (let depth = 0, found = tokens.exec(text); found; found = tokens.exec(text)) {
    if (found[0] === '{') depth++
    else if (found[0] === '}' && --depth === 0)
      return text.slice(0, start) + GAP + text.slice(tokens.lastIndex).replace(/^\s+/, '')
  }
  throw new Error('the metadata has no end')
}

/** The first piece that `plain` does not hold at its place, or undefined. */
export function missingPiece(pieces: readonly string[], plain: string): string | undefined {
  const [first, last] = [pieces[0] ?? '', pieces.at(-1) ?? '']
  if (!plain.startsWith(first)) return first
  let at = first.length
  for (const piece of pieces.slice(1, -1)) {
    const found = plain.indexOf(piece, at)
    if (found < 0) return piece
    at = found + piece.length
  }
  return plain.length - last.length >= at && plain.endsWith(last) ? undefined : last
}

/** A line that holds one plain word as its value, to be changed by an edit. */
const WORD_LINE: Readonly<Record<TreeFormat, RegExp>> = {
  yaml: /^([ ]*(?:- )?[\w.-]+:[ \t]+)(?:[a-zA-Z][\w./-]+(?: \w+)*|"[a-zA-Z][^"\\\n]+")(?=[ \t]*(?:#.*)?\r?$)/m,
  json: /^(\s*"[^"\\]+"\s*:\s*)"[a-zA-Z][\w./ -]+"/m,
  dotenv: /^([A-Za-z_]\w*=)[a-zA-Z][\w./-]{2,}(?=\r?$)/m,
  ini: /^([\w.-]+[ \t]*=[ \t]*)[a-zA-Z][\w./-]{2,}(?=\r?$)/m,
}

const NOT_TEXT = /^(true|false|yes|no|on|off|null)$/i

/** `plain` with one value replaced, or undefined where no line is simple enough. */
export function changeOneValue(
  format: TreeFormat,
  plain: string,
): { readonly text: string; readonly line: string } | undefined {
  const pattern = new RegExp(WORD_LINE[format].source, 'gm')
  for (const match of plain.matchAll(pattern)) {
    const [whole, head = ''] = match
    if (NOT_TEXT.test(whole.slice(head.length)) || insideBlock(format, plain, match.index)) continue
    const changed = whole.endsWith('"') ? '"changed value"' : 'changed-value'
    return {
      text: plain.slice(0, match.index) + head + changed + plain.slice(match.index + whole.length),
      line: head.trim(),
    }
  }
  return undefined
}

/** Lines of a YAML block scalar look like entries too. */
function insideBlock(format: TreeFormat, plain: string, offset: number): boolean {
  if (format !== 'yaml') return false
  const indent = (line: string): number => line.length - line.trimStart().length
  const before = plain.slice(0, offset).split('\n').slice(0, -1)
  let own = indent(plain.slice(offset, offset + 200).split('\n')[0] ?? '')
  for (const line of before.reverse()) {
    if (line.trim() === '' || indent(line) >= own) continue
    if (/[|>][-+\d]*\s*(#.*)?$/.test(line)) return true
    own = indent(line)
  }
  return false
}
