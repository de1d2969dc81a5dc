// What the reference reads in an encrypted INI file: a strict model of its reader (spec/format.md 10.1) meets our output.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ini } from '../../src/formats/ini.ts'
import type { Comment, Entry, Leaf, MapNode, Tree } from '../../src/tree/tree.ts'

interface Item {
  readonly key: string
  value: string
  comment: string
}
interface Section {
  readonly name: string
  readonly comment: string
  readonly items: Item[]
}

const stripped = (comment: string): string => {
  const text = comment.trim()
  const run = /^(?:;[; ]*|#[# ]*)/.exec(text)
  return text.slice(run ? run[0].length : 0)
}

/** The reference's reader, line by line: comments end values wherever they start, quotes notwithstanding. */
function referenceRead(source: string): Section[] {
  const lines = source.replace(/^\uFEFF/, '').match(/[^\n]*\n|[^\n]+$/g) ?? []
  let at = 0
  let comment = ''
  let section: Section = { name: 'DEFAULT', comment: '', items: [] }
  const sections = [section]
  while (at < lines.length) {
    const line = lines[at++]!.trimStart()
    if (line === '') continue
    if (line[0] === '#' || line[0] === ';') {
      comment += line
    } else if (line[0] === '[') {
      const close = line.lastIndexOf(']')
      if (close < 0) throw new Error('unclosed section')
      const rest = /[#;][\s\S]*/.exec(line.slice(close + 1))
      section = { name: line.slice(1, close), comment: comment + (rest?.[0] ?? ''), items: [] }
      comment = ''
      sections.push(section)
    } else {
      const quote =
        line.startsWith('"""') && line.length > 6 ? '"""' : line[0] === '"' || line[0] === '`' ? line[0] : ''
      const close = quote === '' ? 0 : line.indexOf(quote, quote.length)
      if (close < 0) throw new Error('key quote')
      const from = quote === '' ? 0 : close + quote.length
      const delimiter = from + line.slice(from).search(/[=:]/)
      if (delimiter < from) throw new Error('no delimiter')
      const key = (quote === '' ? line.slice(0, delimiter) : line.slice(quote.length, close)).trim()
      const value = readValue(line.slice(delimiter + 1))
      const old = section.items.find((i) => i.key === key)
      const item = { key, value, comment }
      comment = ''
      if (old) Object.assign(old, item)
      else section.items.push(item)
    }
  }
  return sections

  function readValue(raw: string): string {
    const text = raw.trimStart()
    if (text === '') return ''
    const quote = text.startsWith('"""') && text.length > 3 ? '"""' : text[0] === '`' ? '`' : ''
    if (quote !== '') {
      const close = text.slice(quote.length).lastIndexOf(quote)
      if (close >= 0) return text.slice(quote.length, quote.length + close)
      let value = text.slice(quote.length)
      while (at < lines.length) {
        const line = lines[at++]!
        const end = line.lastIndexOf(quote)
        const rest = line.slice(end + quote.length).trim()
        if (end >= 0 && !rest.endsWith('\\')) {
          const found = /[#;].*/.exec(rest)
          if (found) comment += found[0]
          return value + line.slice(0, end)
        }
        value += line
      }
      throw new Error('value quote')
    }
    let value = text.trim()
    if (value.endsWith('\\')) {
      value = value.slice(0, -1)
      while (at < lines.length) {
        const next = lines[at++]!.trim()
        if (next === '') break
        value += next
        if (!value.endsWith('\\')) break
        value = value.slice(0, -1)
      }
      return value
    }
    const mark = value.search(/[#;]/)
    if (mark >= 0) {
      comment += value.slice(mark)
      value = value.slice(0, mark).trim()
    }
    const first = value[0]
    if ((first === '"' || first === "'") && value.length > 1 && value.indexOf(first, 1) === value.length - 1) {
      return value.slice(1, -1)
    }
    return value
  }
}

const token = (text: string, type: string): string =>
  `ENC[AES256_GCM,data:${Buffer.from(text).toString('base64')},iv:aXY=,tag:dGFn,type:${type}]`
const open = (text: string): string => {
  const match = /^ENC\[AES256_GCM,data:([^,]+),iv:[^,]+,tag:[^,]+,type:.+\]/.exec(text)
  if (!match) throw new Error(`not encrypted: ${text}`)
  return Buffer.from(match[1]!, 'base64').toString('utf8')
}

const doc = (items: Entry[]): Tree => ({ documents: [{ kind: 'map', items }] })
const sectionsOf = (tree: Tree): Entry[] => tree.documents[0]!.items as Entry[]
const itemsOf = (section: Entry): readonly (Entry | Comment)[] => (section.value as MapNode).items

/** Encrypts the keys (and comments) of a text; `clear` keys stay. */
function encrypt(text: string, clear: string, comments: boolean): { tree: Tree; encrypted: string } {
  const parsed = ini.parse(Buffer.from(text))
  const sealed = sectionsOf(parsed.tree).map((s) => ({
    ...s,
    value: {
      ...(s.value as MapNode),
      items: itemsOf(s).map((i): Entry | Comment => {
        if (i.kind === 'comment') return comments && i.text !== '' ? { ...i, text: token(i.text, 'comment') } : i
        const leaf = i.value as Leaf
        if (leaf.value === '' || i.key === clear) return i
        return { ...i, value: { ...leaf, value: token(leaf.value as string, 'str') } }
      }),
    },
  }))
  const metadata: Entry = {
    kind: 'entry',
    key: 'sops',
    value: { kind: 'map', items: [{ kind: 'entry', key: 'version', value: { kind: 'leaf', value: '3' } }] },
  }
  const bytes = ini.rewrite(parsed, doc([...sealed, metadata]), { encrypted: true }).bytes
  return { tree: parsed.tree, encrypted: Buffer.from(bytes).toString('utf8') }
}

function check(text: string, clear: string, comments = true): void {
  const { tree, encrypted } = encrypt(text, clear, comments)
  const seen = referenceRead(encrypted)
  const last = seen.pop()!
  expect([last.name, last.items.map((i) => [i.key, i.value])]).toEqual(['sops', [['version', '3']]])
  expect(seen.map((s) => s.name)).toEqual(sectionsOf(tree).map((s) => s.key))
  for (const [i, section] of sectionsOf(tree).entries()) {
    const entries = itemsOf(section).filter((item) => item.kind === 'entry')
    const values = seen[i]!.items.map((item, n) => {
      // Numbered keys are spelled `-`.
      const key = item.key === '-' ? entries[n]!.key : item.key
      return [key, item.value === '' || key === clear ? item.value : open(item.value)]
    })
    expect(values).toEqual(entries.map((e) => [e.key, (e.value as Leaf).value]))
    if (!comments) continue
    const [first] = itemsOf(section)
    const comment = stripped(seen[i]!.comment)
    if (first?.kind === 'comment' && entries.length > 0) {
      // A first comment is the header's, except in files whose only comments of the section follow its keys.
      expect(comment === '' ? '' : open(comment)).toBe(first.text)
    }
    for (const item of seen[i]!.items) {
      const own = stripped(item.comment)
      if (own === '') continue
      const texts = itemsOf(section).flatMap((x) => (x.kind === 'comment' ? [x.text] : []))
      expect(texts).toContain(open(own))
    }
  }
}

describe('the reference reads what we write', () => {
  test.each([
    '; c\n[s] ; d\n# e\n\n  ; f\nk = v ; g\nl = "w" # h\n; end\n',
    '[s] ; only inline\nk = v\n',
    '[s]\na = x#y\nb = "p;q" ; r\nc = """1\n2""" ; s\nd = `t` ; u\ne = one \\\n  two\n',
    '[s]\na = old\n; n\na = new ; m\n',
    '\uFEFF; c\r\n[s]\r\nk = v\r\n',
    '; only comments\n# here\n',
  ])('%j', (text) => {
    check(text, '')
    check(text, 'a')
    check(text, '', false)
  })

  const blank = fc.constantFrom('', '', ' ', '\t')
  const word = fc.stringMatching(/^[a-z0-9 #;"'`\\=:[\]]{0,8}$/)
  const quote = fc.constantFrom('"', "'", '`', '"""')
  const line = fc.oneof(
    blank,
    fc.tuple(blank, fc.constantFrom('#', ';', ';;', '# ', '; '), word).map((p) => p.join('')),
    fc.tuple(blank, fc.constantFrom('a', 'b', 'cc'), fc.constantFrom('=', ' = ', ':'), word).map((p) => p.join('')),
    fc
      .tuple(fc.constantFrom('a', 'b'), quote, word, blank, fc.constantFrom('', '; n', '# "n"', 'junk'))
      .map(([k, q, v, x, c]) => `${k} = ${q}${v.replaceAll(q[0]!, '')}${q}${x}${c}`),
    fc.tuple(fc.constantFrom('s', 't'), blank, fc.constantFrom('', '; n', '# n')).map(([n, x, c]) => `[${n}]${x}${c}`),
  )
  const file = fc
    .tuple(fc.array(line), fc.constantFrom('\n', '\r\n'), fc.boolean())
    .map(([lines, eol, final]) => lines.join(eol) + (final ? eol : ''))
  const readable = (text: string): boolean => {
    try {
      ini.parse(Buffer.from(text))
      return true
    } catch {
      return false
    }
  }
  test('any file', () => {
    fc.assert(
      fc.property(file, fc.constantFrom('', 'a', 'b'), fc.boolean(), (text, clear, comments) => {
        fc.pre(readable(text))
        check(text, clear, comments)
      }),
      { numRuns: 500 },
    )
  })
})
