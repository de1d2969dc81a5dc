import { expect, test } from 'vitest'
import { hintLines, type Kind, messageLines } from '../../src/cli/form.ts'
import { lineText } from '../../src/cli/say.ts'
import { bufferHost, type CliOptions } from '../support/cli.ts'

const shown = (kind: Kind, file: string | undefined, lines: readonly string[], options: CliOptions = {}): string[] =>
  messageLines(kind, file, lines, bufferHost(options)).map(lineText)

test.each<[string, Kind, string | undefined, readonly string[], readonly string[]]>([
  ['each kind has its word', 'error', 'f.yaml', ['no'], ['error: f.yaml: no']],
  ['each kind has its word', 'warning', 'f.yaml', ['no'], ['warning: f.yaml: no']],
  ['each kind has its word', 'note', 'f.yaml', ['no'], ['note: f.yaml: no']],
  ['no file', 'error', undefined, ['no'], ['error: no']],
  ['an empty name', 'error', '', ['no'], ['error: no']],
  ['the reference says Error, too', 'error', 'f.yaml', ['Error: no'], ['error: f.yaml: no']],
  ['in small letters', 'error', undefined, ['error: no'], ['error: no']],
  [
    'a word that only begins so',
    'error',
    'f',
    ['Error unmarshalling file: no'],
    ['error: f: Error unmarshalling file: no'],
  ],
  ['a text that names the file first', 'error', 'f.yaml', ['f.yaml: no'], ['error: f.yaml: no']],
  ['another name that begins with it', 'error', 'f', ['f.yaml: no'], ['error: f: f.yaml: no']],
  ['further lines stand for themselves', 'error', 'f', ['no', '', '  b'], ['error: f: no', '', '  b']],
  ['nothing', 'error', 'f', [], ['error: f: ']],
  ['a name with controls', 'error', 'a\x1b[2K\nb', ['no'], ['error: a\\x1b[2K\\nb: no']],
])('%s', (_, kind, file, lines, text) => {
  expect(shown(kind, file, lines)).toEqual(text)
})

test('key material in a text or a name is taken out', () => {
  const key = `AGE-SECRET-KEY-1${'Q'.repeat(58)}`
  for (const [file, text] of [
    [key, 'no'],
    ['f', `no ${key}`],
  ] as const)
    expect(shown('error', file, [text]).join('')).not.toContain('QQQQ')
  expect(
    hintLines([`try ${key}`], bufferHost({}))
      .map(lineText)
      .join(''),
  ).not.toContain('QQQQ')
})

test.each<[CliOptions, string]>([
  [{ tty: ['stderr'] }, '\x1b[31merror:\x1b[0m f: no'],
  [{ tty: ['stdout'] }, 'error: f: no'],
  [{ tty: ['stderr'], env: { NO_COLOR: '1' } }, 'error: f: no'],
  [{ tty: ['stderr'], env: { TERM: 'dumb' } }, 'error: f: no'],
])('colours are for stderr at a terminal: %j', (options, text) => {
  expect(shown('error', 'f', ['no'], options)).toEqual([text])
})

test('hints', () => {
  expect(hintLines(['try this', 'or that'], bufferHost({})).map(lineText)).toEqual(['hint: try this', 'hint: or that'])
  expect(hintLines(['try'], bufferHost({ tty: ['stderr'] })).map(lineText)).toEqual(['\x1b[36mhint:\x1b[0m try'])
})
