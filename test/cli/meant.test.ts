// What is suggested for words that are commands elsewhere.
import { describe, expect, test } from 'vitest'
import { commands, findRow, isGroup, type Row, rowsBelow } from '../../src/cli/commands/index.ts'
import { dashed, namesOf } from '../../src/cli/flag.ts'
import { rootFlags } from '../../src/cli/flags.ts'
import { commandsLike } from '../../src/cli/meant.ts'
import { runCli } from '../support/cli.ts'

/** Words and what they mean here. */
const rows: readonly (readonly [words: string, meant: string])[] = [
  ['init setup initialize', 'sops keygen or sops doctor'],
  ['generate gen generate-key age-keygen identity', 'sops keygen'],
  ['config configure', 'sops doctor or sops keygen'],
  ['install', 'sops git install or sops completion'],
  ['rekey re-encrypt add-key remove-recipient', 'sops updatekeys or sops rotate'],
  ['keys recipients', 'sops ls or sops updatekeys'],
  ['rm remove delete', 'sops unset or sops groups delete'],
  ['validate lint verify', 'sops doctor'],
  ['list files tree', 'sops ls'],
  ['status', 'sops filestatus'],
  ['info inspect', 'sops ls or sops doctor'],
  ['push upload deploy', 'sops publish'],
  ['view show cat print', 'sops decrypt'],
  ['get', 'sops decrypt --extract'],
  ['convert', 'sops decrypt --output-type'],
  ['new create vi', 'sops edit'],
  ['add', 'sops set or sops groups add'],
  ['put insert', 'sops set'],
  ['update', 'sops set or sops updatekeys'],
  ['diff log', 'sops git install'],
  ['mergetool resolve conflict', 'sops merge'],
  ['run exec', 'sops exec-env or sops exec-file'],
  ['env shell', 'sops exec-env'],
  ['serve agent', 'sops keyservice'],
  ['man docs help-me', 'sops help'],
  ['licenses', 'sops --licenses'],
  ['version', 'sops --version'],
  ['upgrade self-update', 'sops --version --check-for-updates'],
  ['textconv', 'sops git textconv'],
  ['smudge', 'sops git smudge'],
  ['uninstall deinstall', 'sops git uninstall'],
  ['bash', 'sops completion bash'],
  ['encrypt-file encrypt_all ENCRYPT Encrypt', 'sops encrypt'],
  ['protect', 'sops encrypt'],
]

describe('a word that is a command elsewhere', () => {
  test.each(rows.flatMap(([words, meant]) => words.split(' ').map((word) => [word, meant] as const)))(
    '%s: %s',
    async (word, meant) => {
      const { code, stderr } = await runCli([word, 'f.yaml'])
      expect([code, stderr.split('\n').slice(0, 2)]).toEqual([
        100,
        [`error: ${word}: neither a command nor a file`, `hint: did you mean ${meant}?`],
      ])
    },
  )
})

/** True for words that stand behind `sops`: a command, and flags that it has. */
async function isReal(line: string): Promise<boolean> {
  const words = line.split(' ').filter((word) => !word.startsWith('--'))
  const given = line.split(' ').filter((word) => word.startsWith('--'))
  const path: Row[] = []
  for (const word of words) {
    const row = findRow(rowsBelow(path.at(-1)), word)
    if (row === undefined) return false
    path.push(row)
  }
  const row = path.at(-1)
  const flags = row === undefined ? rootFlags : isGroup(row) ? [] : (await row.load()).flags
  return given.every((flag) => flags.flatMap(namesOf).map(dashed).includes(flag))
}

test('whatever is suggested is there', async () => {
  const { otherNames } = await import('../../src/cli/meant.ts')
  for (const [names, words] of Object.entries(otherNames)) {
    for (const name of names.split(', ')) expect([name, await isReal(name)]).toEqual([name, true])
    for (const word of words.split(' '))
      expect([word, commands.some(({ name }) => name === word)]).toEqual([word, false])
  }
})

test('no word has two rows', async () => {
  const { otherNames } = await import('../../src/cli/meant.ts')
  const words = Object.values(otherNames).flatMap((some) => some.split(' '))
  expect(words.filter((word, i) => words.indexOf(word) !== i)).toEqual([])
})

test.each(['test', 'app', 'foo', 'prod', 'vault', 'constructor', 'x', '--', '', '-', 'set-'])('%j is none', (word) => {
  expect(commandsLike(word)).toEqual(word === 'set-' ? ['set'] : [])
})
