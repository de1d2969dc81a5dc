// The law of a run over many files: it does to each what the command does to it alone, and nothing to any other.
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { isLong, timeout } from '../../fuzz/budget.ts'
import { makeWork, recipient, rule, secondRecipient, type Work } from './support.ts'

type Value = string | number | boolean
type Plain = Readonly<Record<string, Value>>
type Suffix = 'yaml' | 'json' | 'env' | 'ini'

const print: Readonly<Record<Suffix, (values: Plain) => string>> = {
  yaml: (values) => entries(values, (key, value) => `${key}: ${JSON.stringify(value)}   # ${key}\n`),
  json: (values) => `${JSON.stringify(values, null, 3)}\n`,
  env: (values) => `# note\n${entries(values, (key, value) => `${key}=${value}\n`)}`,
  ini: (values) => `[a]\n${entries(values, (key, value) => `${key} = ${value}\n`)}`,
}
const entries = (values: Plain, line: (key: string, value: Value) => string): string =>
  Object.entries(values)
    .map(([key, value]) => line(key, value))
    .join('')

const value = fc.oneof(fc.stringMatching(/^[a-z]{1,8}$/), fc.nat(99), fc.boolean())
const plainFile = fc.record({
  suffix: fc.constantFrom<Suffix>('yaml', 'json', 'env', 'ini'),
  folder: fc.constantFrom('', 'k/', 'k/l/'),
  values: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), value, { minKeys: 1 }),
})
const someFiles = fc
  .array(plainFile, { minLength: 2, maxLength: 4 })
  .map((files) =>
    Object.fromEntries(
      files.map(({ suffix, folder, values }, i) => [`${folder}f${i}.enc.${suffix}`, print[suffix](values)]),
    ),
  )

/** One way to change files: for those that `targets` name, at once or one by one. */
interface Command {
  readonly run: (work: Work, targets: readonly string[]) => Promise<unknown>
  /** What happens to all files before. */
  readonly prepare?: (work: Work, names: readonly string[]) => Promise<unknown>
}

const sops =
  (...argv: readonly string[]): Command['run'] =>
  (work, targets) =>
    work.sops(argv.flatMap((word) => (word === '*' ? targets : [word])))

/** Commands that take several files only by a flag: a list of names. */
const byList =
  (one: (name: string) => readonly string[], many: readonly string[]): Command['run'] =>
  (work, targets) =>
    targets.length === 1
      ? work.sops(one(targets[0]!))
      : work.sops([...many, '--keep-going', '--files-from', '-'], { stdin: targets.join('\n') })

const added = ['groups', 'add', '-i', '--age', secondRecipient]
const changeText = async (work: Work, names: readonly string[]): Promise<void> => {
  for (const name of names) work.write({ [name]: work.read(name).replace(/[0-9]/, '7') })
}

const commands: Readonly<Record<string, Command>> = {
  'rotate --add-age': { run: sops('rotate', '-i', '--keep-going', '--add-age', secondRecipient, '*') },
  'updatekeys -y': {
    run: sops('updatekeys', '-y', '*'),
    prepare: async (work) => work.write({ '.sops.yaml': rule(secondRecipient, recipient) }),
  },
  set: { run: byList((name) => ['set', name, '["a"]', '"new"'], ['set', '["a"]', '"new"']) },
  unset: { run: byList((name) => ['unset', name, '["a"]'], ['unset', '["a"]']) },
  'groups add': { run: byList((name) => [...added, '--file', name], added) },
  'decrypt -i': { run: sops('decrypt', '-i', '--keep-going', '*') },
  'encrypt -i': {
    run: sops('encrypt', '-i', '--keep-going', '*'),
    prepare: async (work, names) => {
      await work.prints('decrypt', '-i', ...names)
      await changeText(work, names)
    },
  },
  'unlock and lock': {
    run: async (work, targets) => {
      await work.sops(['unlock', ...targets])
      await changeText(work, targets)
      await work.sops(['lock', ...targets])
    },
  },
}

/** The text with each encrypted value, wrapped key and date as what it is beside those of an earlier version. */
function shapeOf(text: string, before: string): string {
  const known = new Set(before.match(/ENC\[[^\]]*\]|-----BEGIN[^-]*-----[^-]*/g))
  const nonces = new Set(before.match(/iv:[^,]*/g))
  return text
    .replace(/ENC\[[^\]]*\]/g, (token) =>
      known.has(token) ? 'ENC[same]' : nonces.has(/iv:[^,]*/.exec(token)![0]) ? 'ENC[same nonce]' : 'ENC[new]',
    )
    .replace(/(-----BEGIN[^-]*-----)[^-]*/g, (wrapped) => (known.has(wrapped) ? 'SAME' : 'NEW'))
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'DATE')
}

const works: Work[] = []
afterEach(() => {
  for (const work of works.splice(0)) work.remove()
})

test.each(Object.entries(commands))(
  '%s',
  async (_, { run, prepare }) => {
    const law = fc.asyncProperty(someFiles, async (plain) => {
      const names = Object.keys(plain)
      const together = await makeWork(plain, { 'README.md': 'text\n', 'rest.yaml': 'a: 1\n' })
      const alone = await makeWork({}, {})
      works.push(together, alone)
      alone.write(
        Object.fromEntries(Object.entries(together.contents()).map(([n, text]) => [n, Buffer.from(text, 'latin1')])),
      )
      alone.commit()
      const before = together.contents()
      for (const work of [together, alone]) await prepare?.(work, names)
      const shown = (work: Work): unknown => {
        const after = work.contents()
        return Object.entries(after).map(([name, text]) => [name, shapeOf(text, before[name] ?? '')])
      }
      await run(together, names)
      for (const name of names) await run(alone, [name])
      expect(shown(together)).toEqual(shown(alone))
      const opened = async (work: Work): Promise<unknown> =>
        Promise.all(names.map(async (name) => (await work.sops(['decrypt', name])).stdout))
      expect(await opened(together)).toEqual(await opened(alone))
      for (const work of works.splice(0)) work.remove()
    })
    await fc.assert(law, { numRuns: isLong ? 60 : 4 })
  },
  timeout,
)
