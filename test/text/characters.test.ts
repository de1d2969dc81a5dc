// Every name stands for the character that it says.
import { expect, it } from 'vitest'
import * as characters from '../../src/text/characters.ts'

it('names characters', () => {
  const named = Object.entries(characters).map(([name, code]) => [name, String.fromCharCode(code)])
  expect(Object.fromEntries(named)).toEqual({
    tab: '\t',
    lineFeed: '\n',
    carriageReturn: '\r',
    space: ' ',
    exclamationMark: '!',
    doubleQuote: '"',
    hash: '#',
    percent: '%',
    ampersand: '&',
    singleQuote: "'",
    asterisk: '*',
    plus: '+',
    comma: ',',
    hyphen: '-',
    dot: '.',
    digit0: '0',
    digit9: '9',
    colon: ':',
    semicolon: ';',
    greaterThan: '>',
    questionMark: '?',
    atSign: '@',
    openBracket: '[',
    backslash: '\\',
    closeBracket: ']',
    backtick: '`',
    openBrace: '{',
    pipe: '|',
    closeBrace: '}',
    nextLine: '\x85',
    noBreakSpace: '\xa0',
    lineSeparator: '\u2028',
    paragraphSeparator: '\u2029',
    byteOrderMark: '\ufeff',
  })
})
