// Commands on an encrypted file, as they are drawn: which place of it they mean shows when they are run.
import fc from 'fast-check'
import type { TreeFormat } from '../support/conformance/case.ts'
import { dotenvNetTexts, iniNetTexts } from './flat-net-texts.ts'
import { jsonNetTexts } from './json-net-texts.ts'
import { oneOf, type Text } from './texts.ts'
import { yamlNetTexts } from './yaml-net-texts.ts'

export type Step =
  | {
      readonly do: 'set'
      readonly where: 'old' | 'new' | 'later'
      readonly pick: number
      /** JSON, as UTF-8, or where it starts with `latin1:` as that. */
      readonly value: string
      readonly way: 'word' | 'file' | 'stdin'
    }
  | { readonly do: 'unset'; readonly where: 'old' | 'later'; readonly pick: number; readonly idempotent: boolean }
  | { readonly do: 'rotate' | 'updatekeys' | 'groups' }
  | {
      readonly do: 'edit'
      readonly how: 'indent' | 'append' | 'drop' | 'text'
      readonly pick: number
      readonly text: Text
    }
  | { readonly do: 'show'; readonly as: 'json' | 'yaml' | 'dotenv' }
  | { readonly do: 'extract'; readonly pick: number }
  /** What happens to files that nobody wanted to change. */
  | { readonly do: 'crlf' | 'bom' | 'join' | 'quote' }

export const texts: Readonly<Record<TreeFormat, fc.Arbitrary<Text>>> = {
  yaml: yamlNetTexts,
  json: jsonNetTexts,
  dotenv: dotenvNetTexts,
  ini: iniNetTexts,
}

const pick = fc.nat({ max: 30 })

const setValue = fc.constantFrom(
  ...[
    '"x"',
    '1',
    '""',
    'null',
    'true',
    '-0',
    '5432',
    '123456789012',
    '9007199254740993',
    '12345678901234567890',
    '1.5',
    '1e3',
    '1.0',
  ],
  ...[
    '"a b"',
    '"a\\nb"',
    '" lead"',
    '"trail "',
    '"# no"',
    '"a # b"',
    '"a;b"',
    '"1"',
    '"~"',
    '"ü😀"',
    '"\\u0000"',
    '"\\ud800"',
    '"\\""',
    '"x\\r"',
    '"a\\\\"',
    '"`"',
    '"\'"',
  ],
  ...[
    '{}',
    '[]',
    '{"k": 1, "l": "x"}',
    '[1, "x"]',
    '{"k": {"l": [1, {"m": null}]}}',
    '"a\\n"',
    '"\\n\\n"',
    '" "',
    '"a: b"',
    '"- x"',
    'latin1:"caf\xe9"',
  ],
)

const set: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('set'),
  where: fc.constantFrom('old', 'old', 'old', 'new', 'new', 'later'),
  pick,
  value: setValue,
  way: fc.constantFrom('word', 'word', 'file', 'stdin'),
})

const unset: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('unset'),
  where: fc.constantFrom('old', 'old', 'old', 'later'),
  pick,
  idempotent: fc.boolean(),
})

const only = (
  names: readonly ('rotate' | 'updatekeys' | 'groups' | 'crlf' | 'bom' | 'join' | 'quote')[],
): fc.Arbitrary<Step> => fc.constantFrom(...names).map((name) => ({ do: name }) as Step)

export const stepsFor = (format: TreeFormat): fc.Arbitrary<Step[]> =>
  fc.array(
    oneOf<Step>(
      [6, set],
      [5, unset],
      [2, fc.record({ do: fc.constant('show'), as: fc.constantFrom('json', 'json', 'yaml', 'dotenv') })],
      [2, fc.record({ do: fc.constant('extract'), pick })],
      [2, only(format === 'yaml' ? ['rotate', 'updatekeys', 'groups'] : ['rotate', 'updatekeys'])],
      [
        1,
        only(
          format === 'yaml'
            ? ['crlf', 'bom', 'join']
            : format === 'dotenv'
              ? ['crlf', 'bom', 'quote']
              : ['crlf', 'bom'],
        ),
      ],
      [
        1,
        fc.record({
          do: fc.constant('edit'),
          how: fc.constantFrom('indent', 'append', 'drop', 'text'),
          pick,
          text: texts[format],
        }),
      ],
    ),
    { minLength: 1, maxLength: 4 },
  )
