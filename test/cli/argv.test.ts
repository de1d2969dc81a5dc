import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { environmentValues, isUsageError, parseInteger, parseWords } from '../../src/cli/argv.ts'
import type { Flag } from '../../src/cli/flag.ts'
import { rootFlags } from '../../src/cli/flags.ts'
import { allCommands } from '../support/commands.ts'

/** What a command line means, in words: positionals, then every flag that was given. */
function read(
  words: readonly string[],
  flags: readonly Flag[],
  level: 'root' | 'command',
  env: Record<string, string> = {},
): string {
  const parsed = parseWords(flags, words, env, level)
  if (isUsageError(parsed)) return `! ${parsed.usage}`
  const shown = flags
    .filter(({ name }) => parsed.values.given(name))
    .map(({ name, kind }) => {
      const { values } = parsed
      if (kind === 'bool') return values.bool(name) ? name : `${name}=false`
      if (kind === 'int') return `${name}=${values.int(name)}`
      return kind === 'list' ? `${name}=[${values.list(name).join('|')}]` : `${name}=${values.string(name)}`
    })
  return [...parsed.positionals, ...(parsed.help ? ['HELP'] : []), ...shown.map((text) => `+${text}`).sort()].join(' ')
}

const flagsByCommand = new Map((await allCommands()).map(([path, { flags }]) => [path.join(' '), flags]))

const flagsOf = (command: string): readonly Flag[] => flagsByCommand.get(command)!

const commandTable: readonly (readonly [command: string, line: string, means: string])[] = [
  // Where flags may stand.
  ['decrypt', 'f', 'f'],
  ['decrypt', '', ''],
  ['decrypt', '-i f', 'f +in-place'],
  ['decrypt', 'f -i', 'f +in-place'],
  ['decrypt', 'f --output-type json', 'f +output-type=json'],
  ['decrypt', '--output-type json f', 'f +output-type=json'],
  ['decrypt', 'f --output-type=json', 'f +output-type=json'],
  ['decrypt', '-i f --output-type json', 'f +in-place +output-type=json'],
  ['decrypt', 'x1 -i x2', 'x1 x2 +in-place'],
  ['exec-env', 'file --pristine cmd', 'file cmd +pristine'],
  ['exec-env', '--pristine file cmd', 'file cmd +pristine'],
  ['exec-file', '--no-fifo --filename x f cmd', 'f cmd +no-fifo +filename=x'],
  ['set', 'f --idempotent IDX VAL', 'f IDX VAL +idempotent'],
  ['updatekeys', '-y a b c', 'a b c +yes'],
  ['updatekeys', 'a -y b', 'a b +yes'],
  // One dash or two.
  ['decrypt', '-output-type json f', 'f +output-type=json'],
  ['decrypt', '--i f', 'f +in-place'],
  ['encrypt', '-age K f', 'f +age=K'],
  ['encrypt', '--a K f', 'f +age=K'],
  ['encrypt', '-a=K f', 'f +age=K'],
  ['keyservice', '--net unix -addr /s', '+network=unix +address=/s'],
  // Values.
  ['decrypt', '--output= f', 'f +output='],
  ['decrypt', '--output=a=b f', 'f +output=a=b'],
  ['decrypt', '--output - f', 'f +output=-'],
  ['decrypt', '--extract --in-place f', 'f +extract=--in-place'],
  ['encrypt', '--age --pgp x f', 'x f +age=--pgp'],
  ['encrypt', '--age -- f', 'f +age=--'],
  ['encrypt', 'f --age', '! flag needs an argument: -age'],
  ['decrypt', '--output-type', '! flag needs an argument: -output-type'],
  ['decrypt', 'f -output', '! flag needs an argument: -output'],
  // Booleans.
  ['decrypt', '--in-place=false f', 'f +in-place=false'],
  ['decrypt', '--in-place=1 f', 'f +in-place'],
  ['decrypt', '-i=T f', 'f +in-place'],
  ['decrypt', '-i=FALSE f', 'f +in-place=false'],
  ['decrypt', '-i=yes f', '! invalid boolean value "yes" for -i: parse error'],
  ['decrypt', '--in-place= f', '! invalid boolean value "" for -in-place: parse error'],
  ['decrypt', '--in-place=maybe f', '! invalid boolean value "maybe" for -in-place: parse error'],
  ['decrypt', '-i true f', 'true f +in-place'],
  ['decrypt', '--enable-local-keyservice=false f', 'f +enable-local-keyservice=false'],
  // Repeats and spellings.
  ['decrypt', '--output a --output b f', 'f +output=b'],
  ['decrypt', '-i -i=false f', 'f +in-place=false'],
  ['decrypt', '--keyservice a --keyservice b,c f', 'f +keyservice=[a|b,c]'],
  ['groups add', '--age a --age b -f x', '+file=x +age=[a|b]'],
  ['decrypt', '-i --in-place f', '! Cannot use two forms of the same flag: i in-place'],
  ['decrypt', '--in-place -i f', '! Cannot use two forms of the same flag: i in-place'],
  ['encrypt', '-a x --age y f', '! Cannot use two forms of the same flag: a age'],
  ['keyservice', '--net tcp --network tcp', '! Cannot use two forms of the same flag: net network'],
  ['decrypt', '-h --help f', '! Cannot use two forms of the same flag: h help'],
  // Integers.
  ['encrypt', '--shamir-secret-sharing-threshold 2 f', 'f +shamir-secret-sharing-threshold=2'],
  ['encrypt', '--shamir-secret-sharing-threshold=-1 f', 'f +shamir-secret-sharing-threshold=-1'],
  ['encrypt', '--shamir-secret-sharing-threshold -1 f', 'f +shamir-secret-sharing-threshold=-1'],
  [
    'encrypt',
    '--shamir-secret-sharing-threshold x f',
    '! invalid value "x" for flag -shamir-secret-sharing-threshold: parse error',
  ],
  [
    'encrypt',
    '--shamir-secret-sharing-threshold= f',
    '! invalid value "" for flag -shamir-secret-sharing-threshold: parse error',
  ],
  [
    'encrypt',
    '--shamir-secret-sharing-threshold 99999999999999999999 f',
    '! invalid value "99999999999999999999" for flag -shamir-secret-sharing-threshold: value out of range',
  ],
  // Ends of the flags.
  ['decrypt', '-- -x.yaml', '-x.yaml'],
  ['decrypt', '-- --in-place', '--in-place'],
  ['decrypt', 'f -- -i', 'f -i'],
  ['decrypt', '-i -- -- f', '-- f +in-place'],
  ['decrypt', '-', '-'],
  ['decrypt', '- -i', '- +in-place'],
  // Negative numbers are values, wherever a value may stand.
  ['set', 'f IDX -5', 'f IDX -5'],
  ['set', 'f IDX -5.5e3', 'f IDX -5.5e3'],
  ['set', 'f IDX -5 --idempotent', 'f IDX -5 +idempotent'],
  ['groups delete', '-f x -1', '! flag provided but not defined: -1'],
  ['groups delete', '-f x 1', '1 +file=x'],
  // Unknown flags and bad syntax are errors wherever they stand.
  ['decrypt', '--nonsense f', '! flag provided but not defined: -nonsense'],
  ['decrypt', 'f --nonsense', '! flag provided but not defined: -nonsense'],
  ['decrypt', 'f --nonsense=5', '! flag provided but not defined: -nonsense'],
  ['updatekeys', 'f --unknown v', '! flag provided but not defined: -unknown'],
  ['decrypt', '-di f', '! flag provided but not defined: -di'],
  ['set', '-z', '! flag provided but not defined: -z'],
  ['decrypt', '--config c f', '! flag provided but not defined: -config'],
  ['decrypt', '--indent 2 f', '! flag provided but not defined: -indent'],
  ['decrypt', '--verbose f', '! flag provided but not defined: -verbose'],
  ['encrypt', '--mac-only-encrypted f', 'f +mac-only-encrypted'],
  ['encrypt', '--encrypted-comment-regex r f', 'f +encrypted-comment-regex=r'],
  ['rotate', '--ignore-mac f', '! flag provided but not defined: -ignore-mac'],
  ['edit', '--filename-override x f', '! flag provided but not defined: -filename-override'],
  ['decrypt', '---i f', '! bad flag syntax: ---i'],
  ['decrypt', '-=x f', '! bad flag syntax: -=x'],
  ['decrypt', '--=x f', '! bad flag syntax: --=x'],
  ['decrypt', '--- f', '! bad flag syntax: ---'],
  // Help is a flag like others.
  ['decrypt', '-h', 'HELP'],
  ['decrypt', 'f --help', 'f HELP'],
  ['decrypt', '--help=false f', 'f'],
  ['decrypt', '-- --help', '--help'],
  // The key flags of each command.
  ['encrypt', '-k A -p B f', 'f +kms=A +pgp=B'],
  [
    'encrypt',
    '--gcp-kms A --hckms B --azure-kv C --hc-vault-transit D f',
    'f +gcp-kms=A +hckms=B +azure-kv=C +hc-vault-transit=D',
  ],
  ['edit', '-s --age K f', 'f +show-master-keys +age=K'],
  ['rotate', '--add-age A --rm-pgp B f', 'f +add-age=A +rm-pgp=B'],
  ['rotate', '--age A f', '! flag provided but not defined: -age'],
  ['rotate', '-a A f', '! flag provided but not defined: -a'],
  ['decrypt', '--age A f', '! flag provided but not defined: -age'],
]

const rootTable: readonly (readonly [line: string, means: string])[] = [
  ['', ''],
  ['f', 'f'],
  ['-d f', 'f +decrypt'],
  ['-d f -i', 'f -i +decrypt'],
  ['f -d', 'f -d'],
  ['-i -e -a K f', 'f +encrypt +in-place +age=K'],
  ['-encrypt -age=K f', 'f +encrypt +age=K'],
  ['--config c encrypt f', 'encrypt f +config=c'],
  ['decrypt --config c', 'decrypt --config c'],
  ['-d -- -x.yaml', '-x.yaml +decrypt'],
  ['-d --decrypt f', '! Cannot use two forms of the same flag: d decrypt'],
  ['--indent=0x2 -d f', 'f +decrypt +indent=2'],
  ['--indent +3 -d f', 'f +decrypt +indent=3'],
  ['--indent two -d f', '! invalid value "two" for flag -indent: parse error'],
  ['--set [1] f', 'f +set=[1]'],
  ['-d --extract', '! flag needs an argument: -extract'],
  ['-di f', '! flag provided but not defined: -di'],
  ['-v', '+version'],
  ['-h anything', 'anything HELP'],
  ['-5 f', '! flag provided but not defined: -5'],
  ['-d -=x f', '! bad flag syntax: -=x'],
  ['- f', '- f'],
]

/** Flags by name, since their order in the help is not what these rows are about. */
const inOrder = (means: string): string => {
  const words = means.split(' ')
  const flags = words.filter((word) => word.startsWith('+'))
  return means.startsWith('!') ? means : [...words.filter((word) => !word.startsWith('+')), ...flags.sort()].join(' ')
}

const wordsOf = (line: string): string[] => (line === '' ? [] : line.split(' '))

describe('command lines', () => {
  test.each(commandTable)('%s %s', (command, line, means) => {
    expect(read(wordsOf(line), flagsOf(command), 'command')).toBe(inOrder(means))
  })
})

describe('in front of the command', () => {
  test.each(rootTable)('%s', (line, means) => {
    expect(read(wordsOf(line), rootFlags, 'root')).toBe(inOrder(means))
  })
})

describe('variables', () => {
  const encrypt = flagsOf('encrypt')
  test.each<[Record<string, string>, string, string]>([
    [{ SOPS_AGE_RECIPIENTS: 'K' }, 'f', 'f +age=K'],
    [{ SOPS_AGE_RECIPIENTS: 'K' }, '--age L f', 'f +age=L'],
    [{ SOPS_AGE_RECIPIENTS: 'K' }, '--age= f', 'f +age='],
    [{ SOPS_AGE_RECIPIENTS: '' }, 'f', 'f +age='],
    [{ SOPS_KEYSERVICE: 'a, b,c' }, 'f', 'f +keyservice=[a|b|c]'],
    [{ SOPS_KEYSERVICE: '' }, 'f', 'f +keyservice=[]'],
    [{ SOPS_KEYSERVICE: 'a,b' }, '--keyservice x f', 'f +keyservice=[x]'],
    [{ SOPS_ENABLE_LOCAL_KEYSERVICE: '' }, 'f', 'f +enable-local-keyservice=false'],
    [{ SOPS_ENABLE_LOCAL_KEYSERVICE: 'F' }, 'f', 'f +enable-local-keyservice=false'],
    [{ SOPS_ENABLE_LOCAL_KEYSERVICE: 'false' }, '--enable-local-keyservice f', 'f +enable-local-keyservice'],
    [{ SOPS_AGE_RECIPIENT: 'K' }, 'f', 'f'],
  ])('%j %s', (env, line, means) => {
    expect(read(wordsOf(line), encrypt, 'command', env)).toBe(inOrder(means))
  })

  test('a bad boolean fails whatever the words say', () => {
    const values = environmentValues(rootFlags, { SOPS_DISABLE_VERSION_CHECK: 'perhaps' })
    expect(values).toEqual({
      kind: 'environment',
      usage:
        'could not parse perhaps as bool value for flag disable-version-check: SOPS_DISABLE_VERSION_CHECK must be true or false',
    })
  })
})

describe('defaults', () => {
  test('are read where nothing is given', () => {
    const parsed = parseWords(flagsOf('keyservice'), [], {}, 'command')
    if (isUsageError(parsed)) throw new Error(parsed.usage)
    expect(parsed.values.string('network')).toBe('tcp')
    expect(parsed.values.given('network')).toBe(false)
    const encrypt = parseWords(flagsOf('encrypt'), [], {}, 'command')
    if (isUsageError(encrypt)) throw new Error(encrypt.usage)
    expect(encrypt.values.bool('enable-local-keyservice')).toBe(true)
    expect(encrypt.values.int('shamir-secret-sharing-threshold')).toBe(0)
    expect(encrypt.values.list('keyservice')).toEqual([])
  })

  test('a flag the command does not have reads as not given', () => {
    const parsed = parseWords(flagsOf('decrypt'), ['f'], {}, 'command')
    if (isUsageError(parsed)) throw new Error(parsed.usage)
    expect([parsed.values.string('age'), parsed.values.bool('yes'), parsed.values.int('indent')]).toEqual([
      '',
      false,
      undefined,
    ])
  })
})

describe('integers', () => {
  test.each([
    ['0', 0],
    ['10', 10],
    ['-10', -10],
    ['+3', 3],
    ['0x2', 2],
    ['0XfF', 255],
    ['0o17', 15],
    ['017', 15],
    ['0b101', 5],
    ['1_000', 1000],
    ['0x_f', 15],
    ['0_7', 7],
    ['-0x8000000000000000', -(2 ** 63)],
    ['', 'parse error'],
    ['08', 'parse error'],
    ['_1', 'parse error'],
    ['1_', 'parse error'],
    ['1__0', 'parse error'],
    ['1.5', 'parse error'],
    ['0x', 'parse error'],
    [' 1', 'parse error'],
    ['9223372036854775808', 'value out of range'],
    ['-9223372036854775809', 'value out of range'],
  ])('%s', (text, value) => {
    expect(parseInteger(text)).toBe(value)
  })
})

describe('laws', () => {
  const plain = fc.string({ minLength: 1 }).filter((word) => !word.startsWith('-'))

  test('words that are no flags stay in their order, with flags anywhere between them', () => {
    const flag = fc.constantFrom(['-i'], ['--output', 'o'], ['--extract=["a"]'], ['--ignore-mac'])
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            plain.map((word) => [word]),
            flag,
          ),
        ),
        (parts) => {
          const parsed = parseWords(flagsOf('decrypt'), parts.flat(), {}, 'command')
          if (isUsageError(parsed)) throw new Error(parsed.usage)
          expect(parsed.positionals).toEqual(parts.filter(([word]) => !word!.startsWith('-')).flat())
        },
      ),
    )
  })

  test('everything behind -- is kept as it is', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        const parsed = parseWords(flagsOf('decrypt'), ['--', ...words], {}, 'command')
        if (isUsageError(parsed)) throw new Error(parsed.usage)
        expect(parsed.positionals).toEqual(words)
        expect(parsed.spelled.size).toBe(0)
      }),
    )
  })

  test('any words give a result or a usage error', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.constantFrom('root' as const, 'command' as const), (words, level) => {
        expect(parseWords(rootFlags, words, {}, level)).toBeTypeOf('object')
      }),
    )
  })
})
