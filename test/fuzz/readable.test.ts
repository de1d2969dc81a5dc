// Whatever is sealed holds nothing that SOPS would refuse, in a second reading of its rules (docs/reference-grammar.md).
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FormatId, loadFormat, type SelectionOptions, SopsError } from '../../src/index.ts'
import { refusedByReference } from '../support/reference-grammar.ts'
import { isLong, runs, seed, timeout } from './budget.ts'
import { mutant } from './corpus.ts'
import { trees } from './documents.ts'
import { orReported, reseal, seal, unseal } from './sealed.ts'
import { makeTally } from './tally.ts'
import { yamlTexts } from './yaml-texts.ts'

type TextFormat = Exclude<FormatId, 'binary'>

const selections: readonly SelectionOptions[] = [
  {},
  { unencryptedRegex: '.*' },
  { encryptedCommentRegex: 'secret' },
  { unencryptedCommentRegex: 'secret' },
]
const selection = fc.constantFrom(...selections)

const iniTexts: fc.Arbitrary<string> = fc
  .array(
    fc.constantFrom(
      ...[
        'a=',
        'b = ',
        'c: ',
        '`d`=',
        '[s]',
        '[t]',
        '\n',
        '\n',
        '\n',
        '\n',
        ' ',
        '# secret',
        ' ; secret',
        ' #secret',
        '; c',
      ],
      ...[
        '#',
        ';',
        ';;',
        'x',
        'y z',
        '`x`',
        '"x"',
        "'x'",
        '"""x"""',
        'x#y',
        '"x;y"',
        '`',
        '"',
        '"""',
        '\\\n',
        '\r\n',
        'ü',
      ],
    ),
    { minLength: 3, maxLength: 14 },
  )
  .map((parts) => `a=1\n${parts.join('')}\nz=1\n`)

const printed = (format: TextFormat): fc.Arbitrary<string | undefined> =>
  trees[format].chain((tree) =>
    fc.constant(tree).map((one) => {
      try {
        return Buffer.from(formats[format].print(one, { encrypted: true })).toString()
      } catch (error) {
        if (error instanceof SopsError) return undefined
        throw error
      }
    }),
  )

const formats = {
  yaml: await loadFormat('yaml'),
  json: await loadFormat('json'),
  dotenv: await loadFormat('dotenv'),
  ini: await loadFormat('ini'),
} as const

const written: Readonly<Record<TextFormat, fc.Arbitrary<string | undefined>>> = {
  yaml: fc.oneof(yamlTexts, printed('yaml')),
  json: printed('json'),
  dotenv: printed('dotenv'),
  ini: fc.oneof(iniTexts, printed('ini')),
}

const says =
  (options: SelectionOptions) =>
  (comment: string): boolean =>
    (options.encryptedCommentRegex ?? options.unencryptedCommentRegex) !== undefined &&
    comment.includes('secret') &&
    !comment.includes('ENC[AES256_GCM,')

async function check(format: TextFormat, text: string | Uint8Array, options: SelectionOptions): Promise<string> {
  const sealed = await orReported(() => seal(text, { format, ...options }))
  if (sealed instanceof SopsError) return 'refused'
  const source = Buffer.from(text).toString()
  const encrypted = Buffer.from(sealed).toString()
  expect(refusedByReference(format, encrypted, says(options)).join(), 'sealed').toBe('')
  const edited = await reseal(sealed, await unseal(sealed, format), format)
  expect(refusedByReference(format, Buffer.from(edited).toString(), says(options)).join(), 'edited').toBe('')
  return refusedByReference(format, source, says(options)).length > 0 ? 'made readable' : 'readable'
}

const short = { yaml: 120, json: 60, dotenv: 60, ini: 250 } as const

describe.each(Object.keys(written) as TextFormat[])('%s', (format) => {
  test(
    'generated texts',
    async () => {
      const tally = makeTally()
      await fc.assert(
        fc.asyncProperty(written[format], selection, async (text, options) => {
          if (text !== undefined) tally.add(await check(format, text, options))
        }),
        runs(short[format]),
      )
      if (isLong) console.log(`${format}: ${tally.text()}`)
      expect(tally.of('readable')).toBeGreaterThan(0)
      if (format === 'yaml' || format === 'ini') expect(tally.of('made readable')).toBeGreaterThan(0)
    },
    timeout,
  )

  test(
    'mutated files',
    async () => {
      const count = runs(short[format]).numRuns ?? 0
      const problems: string[] = []
      for (let i = 0; i < count && problems.length < 20; i++) {
        const { name, bytes } = mutant(seed + i, format)
        await check(format, bytes, selections[i % selections.length]!).catch((error: unknown) =>
          problems.push(`${name}: ${(error as Error).message}`),
        )
      }
      expect(problems).toEqual([])
    },
    timeout,
  )
})
