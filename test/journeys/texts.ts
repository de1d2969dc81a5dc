// What all generators of texts share: encodings, numbered comments, and a choice with a weight.
import fc from 'fast-check'
import type { TreeFormat } from '../support/conformance/case.ts'

export interface Text {
  readonly format: TreeFormat
  readonly text: string
  readonly coding: 'utf8' | 'latin1' | 'utf16le'
  /** What of it is to be encrypted: flags of `encrypt`. */
  readonly selection: readonly string[]
}

export function bytesOf({ text, coding }: Text): Buffer {
  if (coding === 'utf16le') return Buffer.from(`\ufeff${text}`, 'utf16le')
  return Buffer.from(text, coding)
}

/** Stands in a comment for its number. */
export const MARK = '../../src/net/credential-file.ts'

/** Every comment gets a number, so that it can be found again in any text, by any reader or none. */
export function numbered(text: string): string {
  let count = 0
  return text.replaceAll(MARK, () => `~${count++}~`)
}

/** Numbers of comments in a text, as often as they stand there. */
export const marksIn = (text: string): string[] => text.match(/~\d+~/g) ?? []

export const oneOf = <T>(
  ...choices: readonly (readonly [weight: number, arbitrary: fc.Arbitrary<T>])[]
): fc.Arbitrary<T> => fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })))

/** Mostly the first; the others one in `rarity` times. */
export const mostly = (rarity: number, first: string, ...others: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: rarity - 1, arbitrary: fc.constant(first) }, { weight: 1, arbitrary: fc.constantFrom(...others) })

const selections: fc.Arbitrary<readonly string[]> = oneOf<readonly string[]>(
  [10, fc.constant([])],
  [
    3,
    fc.constantFrom(
      ['--unencrypted-regex', '.*'],
      ['--encrypted-regex', '^[abABs]$'],
      ['--encrypted-comment-regex', '~[0-3]~'],
      ['--unencrypted-comment-regex', '~[0-3]~'],
      ['--mac-only-encrypted'],
    ),
  ],
)

/** Texts in the encodings in which people have them. */
export const coded = (format: TreeFormat, texts: fc.Arbitrary<string>): fc.Arbitrary<Text> =>
  fc
    .tuple(texts, mostly(20, 'utf8', 'latin1', 'utf16le'), mostly(12, '', '\ufeff'), selections)
    .map(([text, coding, mark, selection]) => ({
      format,
      text: (coding === 'utf8' ? mark : '') + numbered(text),
      coding: coding as Text['coding'],
      selection,
    }))

/** The other line ends, in the whole text. */
export const withLineEnds = (texts: fc.Arbitrary<string>, ...ends: readonly string[]): fc.Arbitrary<string> =>
  fc.tuple(texts, mostly(6, '\n', ...ends)).map(([text, end]) => text.replaceAll('\n', end))
