// What is suggested for a word that is no flag or command.
import { describe, expect, test } from 'vitest'
import { commands } from '../../src/cli/commands/index.ts'
import { dashed, namesOf } from '../../src/cli/flag.ts'
import { rootFlags, sharedRootFlags } from '../../src/cli/flags.ts'
import { editDistance } from '../../src/text/suggest.ts'
import { runCli } from '../support/cli.ts'
import { allCommands } from '../support/commands.ts'

const all = await allCommands()

async function hintsOf(words: readonly string[]): Promise<string[]> {
  const { code, stderr } = await runCli(words)
  // In a gate 1 is for what was found.
  expect(code).toBe(words[0] === 'check' ? 2 : 1)
  expect(stderr).toContain('flag provided but not defined')
  return stderr.split('\n').filter((line) => line.startsWith('hint: '))
}

describe('an unknown flag', () => {
  test.each<[string, string | undefined]>([
    ['decrypt --in-plase f', 'did you mean --in-place?'],
    ['decrypt --ni-place f', 'did you mean --in-place?'],
    ['decrypt --inplace f', 'did you mean --in-place?'],
    ['decrypt -in-plac f', 'did you mean --in-place?'],
    ['decrypt --extrct=x f', 'did you mean --extract?'],
    ['encrypt --aeg K f', 'did you mean --age?'],
    ['groups add --fil f', 'did you mean --file?'],
    ['--decrypted f', 'did you mean --decrypt?'],
    ['--colour f', undefined],
    ['decrypt --nonsense f', undefined],
    ['decrypt -z f', undefined],
    ['decrypt --zz f', undefined],
    [`decrypt --${'x'.repeat(50_000)} f`, undefined],
    ['-di f', 'short flags cannot be combined; write -d -i'],
    ['encrypt -ia K f', 'short flags cannot be combined; write -i -a'],
    ['groups --nonsense', undefined],
  ])('%.60s', async (line, hint) => {
    expect(await hintsOf(line.split(' '))).toEqual(hint === undefined ? [] : [`hint: ${hint}`])
  })

  test.each(all)('behind %j: one that works in front is said to stand there, and no other', async (path, command) => {
    const own = command.flags.flatMap(namesOf)
    for (const name of rootFlags.flatMap(namesOf).filter((one) => !own.includes(one))) {
      const hints = (await hintsOf([...path, `${dashed(name)}=1`])).join()
      const works = sharedRootFlags.has(name)
      expect([name, hints.includes(`${dashed(name)} stands before the command`)]).toEqual([name, works])
      if (works) expect(hints).toContain(`sops ${dashed(name)} … ${path.join(' ')}`)
    }
  })

  // Such a flag may decide for whom a file is, or answer every question.
  test.each(all)('of another command, behind %j, becomes none of its own', async (path, command) => {
    const own = command.flags.flatMap(namesOf)
    const foreign = new Set(
      all.flatMap(([, other]) => other.flags.flatMap(namesOf)).filter((name) => !own.includes(name)),
    )
    for (const name of foreign) {
      // A beginning of one of its own.
      if (name === 'stage' && own.includes('staged')) continue
      // Near to it, and of no harm.
      if (name === 'filter' && own.includes('file')) continue
      expect((await hintsOf([...path, `${dashed(name)}=1`])).join()).not.toContain('did you mean')
    }
  })
})

describe('a word that is neither a command nor a file', () => {
  // A command that only opens an editor, which here ends at once.
  const opened = (word: string): Promise<{ code: number; stderr: string }> =>
    runCli([word], { env: { EDITOR: 'true', SOPS_AGE_RECIPIENTS: '' } })

  test.each(commands.map(({ name }) => name).filter((name) => name.length > 3))(
    '%s without one letter',
    async (name) => {
      for (let at = 0; at < name.length; at++) {
        const word = name.slice(0, at) + name.slice(at + 1)
        const { code, stderr } = await opened(word)
        const meant = [...stderr.matchAll(/(?:did you mean|or) sops ([a-z-]+)/g)].map(([, command]) => command!)
        const nearest = Math.min(...meant.map((command) => editDistance(word, command)))
        expect([word, code, nearest]).toEqual([word, 100, 1])
      }
    },
  )

  test.each('test app foo prod notes vault secrets db data'.split(' '))(
    '%s is no slip of any command, and no file either',
    async (word) => {
      const { code, stderr } = await opened(word)
      expect(code).toBe(100)
      expect(stderr).not.toContain('did you mean')
      expect(stderr).toContain(`to make a new file of this name: sops edit ${word}`)
    },
  )
})
