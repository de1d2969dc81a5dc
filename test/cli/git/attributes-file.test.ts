// Lines of attributes: what an installation adds, and that taking them out again leaves every byte as it was.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AttributesRecord, withAttributes, withoutAttributes } from '../../../src/cli/git/attributes-file.ts'

const exception = '.sops.yaml !diff !merge !filter\n'
const install = (
  old: string | undefined,
  patterns: readonly string[] = ['*.enc.yaml'],
  { filter = false, earlier }: { filter?: boolean; earlier?: AttributesRecord } = {},
): AttributesRecord => withAttributes(old, patterns, { filter, earlier })

describe('an installation', () => {
  test.each<[string, string | undefined, string]>([
    ['no file', undefined, `*.enc.yaml diff=sopsdiffer merge=sops\n${exception}`],
    ['other lines', '*.png binary\n', `*.png binary\n*.enc.yaml diff=sopsdiffer merge=sops\n${exception}`],
    ['no final line end', '*.png binary', `*.png binary\n*.enc.yaml diff=sopsdiffer merge=sops\n${exception}`],
    [
      'line ends of Windows',
      '*.png binary\r\n',
      `*.png binary\r\n*.enc.yaml diff=sopsdiffer merge=sops\r\n.sops.yaml !diff !merge !filter\r\n`,
    ],
    [
      'a line of an earlier release',
      '*.enc.yaml diff=sopsdiffer\n',
      `*.enc.yaml diff=sopsdiffer merge=sops\n${exception}`,
    ],
    [
      'a line of an earlier release with more in it',
      '*.enc.yaml text diff=sopsdiffer\r\n',
      '*.enc.yaml text diff=sopsdiffer merge=sops\r\n.sops.yaml !diff !merge !filter\r\n',
    ],
    [
      'a line that merges in another way',
      '*.enc.yaml diff=sopsdiffer -merge\n',
      `*.enc.yaml diff=sopsdiffer -merge\n${exception}`,
    ],
    [
      'a line of longer names',
      '*.enc.yaml.old diff=sopsdiffer\n',
      `*.enc.yaml.old diff=sopsdiffer\n*.enc.yaml diff=sopsdiffer merge=sops\n${exception}`,
    ],
  ])('with %s', (_, old, wanted) => expect(install(old).after).toBe(wanted))

  test('has the filter where it is asked for, and keeps one that is there', () => {
    const with_ = install(undefined, ['*.enc.yaml'], { filter: true }).after
    expect(with_).toBe(`*.enc.yaml diff=sopsdiffer merge=sops filter=sops\n${exception}`)
    expect(install(with_).after).toBe(with_)
    expect(install(install(undefined).after, ['*.enc.yaml'], { filter: true }).after).toBe(with_)
  })

  test('puts later patterns above the exception', () => {
    const first = install(undefined)
    expect(install(first.after, ['*.enc.yaml', '*.yaml'], { earlier: first }).after).toBe(
      `*.enc.yaml diff=sopsdiffer merge=sops\n*.yaml diff=sopsdiffer merge=sops\n${exception}`,
    )
  })
})

const line = fc.oneof(
  fc.constantFrom('*.enc.yaml diff=sopsdiffer', '*.enc.yaml diff=sopsdiffer merge=sops', exception.trim(), '', ' '),
  fc.constantFrom('*.enc.yaml diff=sopsdiffer merge=sops filter=sops', 'a text', '# note', '*.b diff=sopsdiffer\r'),
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => Buffer.from(text).toString('latin1')),
)
const file = fc.option(
  fc
    .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\n\n')))
    .chain((lines) =>
      fc.constantFrom('', 'end', '\r').map((end) => lines.map(([text, newline]) => text + newline).join('') + end),
    ),
  { nil: undefined },
)
const patterns = fc.subarray(['*.enc.yaml', '*.b', '"a b"', '/c'])

describe('taking it out again', () => {
  test('gives the bytes that were there, after any number of installations', () => {
    fc.assert(
      fc.property(file, fc.array(fc.tuple(patterns, fc.boolean()), { minLength: 1, maxLength: 4 }), (old, runs) => {
        let text = old
        let earlier: AttributesRecord | undefined
        for (const [names, filter] of runs) {
          earlier = withAttributes(text, names, { filter, earlier })
          text = earlier.after
          expect(withAttributes(text, names, { filter, earlier }).after).toBe(text)
        }
        expect(withoutAttributes(text, earlier)).toBe(old)
      }),
    )
  })

  test.each<[string, string | undefined, (text: string) => string, string | undefined]>([
    ['a line behind', '*.png binary', (text) => `${text}*.jpg binary\n`, '*.png binary\n*.jpg binary\n'],
    ['a line before', 'a\n', (text) => `b\n${text}`, 'b\na\n'],
    ['a line before, and no end', 'a', (text) => `b\n${text}`, 'b\na'],
    ['a line in a file that is ours', undefined, (text) => `b\n${text}`, 'b\n'],
    [
      'an edited line',
      'a\n',
      (text) => text.replace('merge=sops\n', 'merge=sops text\n'),
      'a\n*.enc.yaml diff=sopsdiffer merge=sops text\n',
    ],
    ['a line of ours that is gone', 'a', (text) => text.replace(exception, ''), 'a'],
    ['all lines of ours gone', undefined, () => '', undefined],
    [
      'an older line, and one behind',
      '*.enc.yaml diff=sopsdiffer',
      (text) => `${text}b\n`,
      '*.enc.yaml diff=sopsdiffer\nb\n',
    ],
  ])('leaves what somebody wrote: %s', (_, old, edit, wanted) => {
    const record = install(old)
    expect(withoutAttributes(edit(record.after), record)).toBe(wanted)
  })

  test('where nothing is known of an installation, all stays', () => {
    expect(withoutAttributes(install(undefined).after, undefined)).toBe(install(undefined).after)
  })

  test('of a second installation behind an edit gives the first text with the edit', () => {
    const first = install('a')
    const second = install(`${first.after}b\n`, ['*.enc.yaml', '*.c'], { filter: true, earlier: first })
    expect(withoutAttributes(`${second.after}c\n`, second)).toBe('a\nb\nc\n')
    expect(withoutAttributes(second.after, second)).toBe('a\nb\n')
  })
})
