// A command reads the flags that it declares, each by its kind: anything else does not compile. `tsc` is the test of the lines behind
// `@ts-expect-error`: it fails where one of them compiles.
import { expect, test } from 'vitest'
import { isUsageError, parseWords } from '../../src/cli/argv.ts'
import { type Command, command } from '../../src/cli/command.ts'
import { bool, int, list, string } from '../../src/cli/flag.ts'
import { type inPlace, keyFlagName, keyServices, newKeys, type output } from '../../src/cli/flags.ts'
import type { Invocation } from '../../src/cli/invocation.ts'
import { makeIo } from '../../src/cli/io.ts'
import { servicesOf } from '../../src/cli/settings.ts'
import { keyTypes } from '../../src/keys/key-types.ts'
import { bufferHost } from '../support/cli.ts'

const flags = [
  bool('loud', ''),
  string('name', ''),
  int('times', ''),
  list('word', ''),
  ...newKeys,
  ...keyServices,
] as const
type Given = Invocation<(typeof flags)[number]>
const removedAge = keyFlagName('rm-', keyTypes.age)
const rest = { args: '', examples: [] }

/** What `run` reads from the words of a command with these flags. */
async function reading(read: (inv: Given) => unknown, words: readonly string[]): Promise<unknown> {
  let result: unknown
  const own: Command = command({
    ...rest,
    flags,
    run: async (inv) => {
      result = read(inv)
      return 0
    },
  })
  const parsed = parseWords(own.flags, words, {}, 'command')
  if (isUsageError(parsed)) throw new Error(parsed.usage)
  const root = parseWords([], [], {}, 'root')
  if (isUsageError(root)) throw new Error(root.usage)
  const { positionals, values } = parsed
  const inv = { ...values, command: [], positionals, root: root.values, legacy: false as const }
  await own.run(inv, makeIo(bufferHost(), false))
  return result
}

const line = ['--loud', '--name', 'n', '--times', '2', '--word', 'a', '--word', 'b', '--age', 'K']

test.each<[string, (inv: Given) => unknown, unknown]>([
  ['a boolean', (inv) => inv.bool('loud'), true],
  ['a text', (inv) => inv.string('name'), 'n'],
  ['a number', (inv) => inv.int('times'), 2],
  ['a list', (inv) => inv.list('word'), ['a', 'b']],
  ['whether it was given', (inv) => inv.given('aws-profile'), false],
  ['the flag of a key type', (inv) => inv.string(keyFlagName('', keyTypes.age)), 'K'],
  ['a flag in front of the command', (inv) => inv.root.string('config'), ''],
])('%s', async (_, read, expected) => {
  expect(await reading(read, line)).toEqual(expected)
})

test.each<[string, (inv: Given) => unknown, unknown]>([
  // @ts-expect-error
  ['a misspelt flag', (inv) => inv.bool('luod'), false],
  // @ts-expect-error
  ['a flag that another command has', (inv) => inv.bool('in-place'), false],
  // @ts-expect-error
  ['a boolean as a text', (inv) => inv.string('loud'), ''],
  // @ts-expect-error
  ['a text as a list', (inv) => inv.list('name'), []],
  // @ts-expect-error
  ['a list as a number', (inv) => inv.int('word'), undefined],
  // @ts-expect-error
  ['whether a misspelt one was given', (inv) => inv.given('aws-proflie'), false],
  // @ts-expect-error
  ['the name of a key type as a mere text', (inv) => inv.string('age'), 'K'],
  // @ts-expect-error
  ['the flag of a key type with a prefix of another command', (inv) => inv.string(removedAge), ''],
  // @ts-expect-error
  ['a flag that has no effect in front of a command', (inv) => inv.root.string('output'), ''],
])('does not compile, and reads nothing of another kind: %s', async (_, read, expected) => {
  expect(await reading(read, line)).toEqual(expected)
})

test('code that several commands share is called by those that have its flags', async () => {
  const writes = async (inv: Invocation<typeof output | typeof inPlace>): Promise<number> =>
    inv.bool('in-place') || inv.string('output') !== '' ? 1 : 0
  expect(await reading((inv) => typeof servicesOf(inv, makeIo(bufferHost(), false)).then, line)).toBe('function')
  // @ts-expect-error
  expect(await reading((inv) => typeof writes(inv).then, line)).toBe('function')
  // @ts-expect-error
  const wrong: Command = command({ ...rest, flags, run: writes })
  expect(wrong.flags).toBe(flags)
})
