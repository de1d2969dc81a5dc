// Scans node properties (anchors and tags), aliases and directives.

import { decodeOctets, outsideTags } from './tag-octets.ts'
import { isBlankEnd, isBreak, parseError } from './text.ts'
import { addToken, TokenType, type YamlScanner } from './tokens.ts'

const wordCharacters = /[0-9A-Za-z_-]*/y
// Commas and brackets too, also within flow collections: `[!a, b]` is one element to the reference.
const tagCharacters = /[0-9A-Za-z_\-;/?:@&=+$.!~*'()%,[\]]*/y

/** Every tag of the handle begins with it. */
const maximumPrefix = 1024

function run(s: YamlScanner, pattern: RegExp, from: number): number {
  pattern.lastIndex = from
  return from + (pattern.exec(s.text)?.[0].length ?? 0)
}

/** `&name` or `*name`. */
export function anchorName(s: YamlScanner, type: number): void {
  const start = s.pos
  const end = run(s, wordCharacters, start + 1)
  const after = s.text.charCodeAt(end)
  if (end === start + 1 || !(isBlankEnd(after) || '?:,]}%@`'.includes(s.text[end] as string))) {
    throw parseError(s.text, start, 'did not find expected alphabetic or numeric character')
  }
  s.pos = end
  addToken(s, type, start, s.text.slice(start + 1, end))
}

/** `!`, `!name`, `!!name`, `!handle!name` or `!<uri>`; its value is the text as it stands. */
export function tagText(s: YamlScanner): void {
  const start = s.pos
  let end: number
  if (s.text[start + 1] === '<') {
    end = run(s, tagCharacters, start + 2)
    if (end === start + 2) throw parseError(s.text, start, 'did not find expected tag URI')
    if (s.text[end] !== '>') throw parseError(s.text, start, "did not find the expected '>'")
    end++
  } else {
    end = run(s, tagCharacters, start + 1)
    const text = s.text.slice(start, end)
    if (/^!([0-9A-Za-z_-]*!)$/.test(text)) throw parseError(s.text, start, 'did not find expected tag URI')
  }
  if (!isBlankEnd(s.text.charCodeAt(end))) {
    throw parseError(s.text, start, 'did not find expected whitespace or line break')
  }
  const value = s.text.slice(start, end)
  decodeOctets(s.text, start, value)
  s.pos = end
  addToken(s, TokenType.tag, start, value)
}

/** A `%` line. Its value is the line without its comment. */
export function directive(s: YamlScanner): void {
  const start = s.pos
  let end = start
  while (end < s.length && !isBreak(s.text.charCodeAt(end))) end++
  const line = s.text.slice(start, end)
  const match = /^%([0-9A-Za-z_-]+)((?:[ \t]+[^# \t][^ \t]*)*)[ \t]*(?:[ \t]#.*)?$/.exec(
    line.replace(/^(%YAML[ \t]+[0-9.]+)#/, '$1 #'),
  )
  const wordsEnd = match ? 1 + match[1]!.length + match[2]!.length : 0
  const words = match?.[2]?.split(/[ \t]+/).filter((w) => w !== '') ?? []
  const fail = (problem: string) => parseError(s.text, start, problem)
  if (!match) throw fail('could not find expected directive name')
  if (match[1] === 'YAML') {
    if (!/^[0-9]{1,9}\.[0-9]{1,9}$/.test(words[0] ?? '')) throw fail("did not find expected digit or '.' character")
    if (!/^0*1\.0*1$/.test(words[0]!)) throw fail('found incompatible YAML document')
    const junk = start + /^%YAML[ \t]+[0-9.]+/.exec(line)![0].length
    if (words.length > 1) s.refused.push({ construct: 'version', start: junk, end: start + wordsEnd })
  } else if (match[1] === 'TAG') {
    if (words.length !== 2 || !/^!(?:[0-9A-Za-z_-]*!)?$/.test(words[0] as string))
      throw fail("did not find expected '!'")
    const prefix = words[1] as string
    if (prefix.length > maximumPrefix) throw fail(`the prefix has more than ${maximumPrefix} characters`)
    decodeOctets(s.text, start, prefix)
    const from = start + wordsEnd - prefix.length
    if (outsideTags.test(prefix)) s.refused.push({ construct: 'prefix', start: from, end: from + prefix.length })
  } else throw fail('found unknown directive name')
  const value = [match[1], ...words].join(' ')
  s.pos = end
  addToken(s, TokenType.directive, start, value)
}
