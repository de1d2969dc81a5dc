import { describe, expect, test } from 'vitest'
import { commands } from '../../src/cli/commands/index.ts'
import { dashed, namesOf } from '../../src/cli/flag.ts'
import { runCli } from '../support/cli.ts'
import { allCommands } from '../support/commands.ts'

const all = await allCommands()
const marker = '--generate-bash-completion'
const candidates = async (line: string, env: Record<string, string> = {}): Promise<string[]> => {
  const { code, stdout, stderr } = await runCli([...(line === '' ? [] : line.split(' ')), marker], { env })
  expect([code, stderr]).toEqual([0, ''])
  return stdout.toString().split('\n').slice(0, -1)
}

describe('candidates', () => {
  test('commands, each with its aliases', async () => {
    const names = await candidates('')
    expect(names).toEqual(commands.flatMap(({ name, aliases }) => [name, ...(aliases ?? [])]))
    expect(names.slice(-2)).toEqual(['help', 'h'])
  })

  test.each<[string, string[]]>([
    ['groups', ['add', 'delete']],
    ['completion', ['bash', 'zsh', 'fish']],
    ['decrypt', []],
    ['decrypt f.yaml', []],
    ['--config c groups', ['add', 'delete']],
    ['decrypt --in', ['--in-place', '--input-type']],
    ['decrypt -in', ['--in-place', '--input-type']],
    ['decrypt -i --in', ['--input-type']],
    ['keygen --a', []],
    ['groups --', ['--help']],
    ['git textconv --indent', []],
    ['help', commands.flatMap(namesOf)],
    ['help groups', ['add', 'delete']],
    ['help git', ['install', 'uninstall', 'textconv', 'merge-driver', 'clean', 'smudge', 'filter-process']],
    ['h groups', ['add', 'delete']],
    ['help decrypt', []],
    ['decrypt --in-place', []],
    ['decrypt --filename', ['--filename-override']],
    ['encrypt --encrypted-s', ['--encrypted-suffix']],
    ['groups add --shamir', ['--shamir-secret-sharing-threshold']],
    ['git install --hook=', ['--hook=pre-commit', '--hook=pre-push']],
    ['--ver', ['--verbose', '--version']],
    ['--nonsense', []],
  ])('%s', async (line, expected) => {
    expect(await candidates(line)).toEqual(expected)
  })

  test('a value that may be left out stands behind = only', async () => {
    expect(await candidates('git install --hook ', { _SOPS_COMPLETE: 'bash' })).toEqual([])
  })

  test.each(all)('every flag of %j', async (path, command) => {
    const names = command.flags.flatMap(namesOf)
    const typed = path.join(' ')
    expect(await candidates(`${typed} --`)).toEqual(
      expect.arrayContaining(names.filter((name) => name.length > 1).map(dashed)),
    )
    expect(await candidates(`${typed} -`)).toEqual(expect.arrayContaining(names.map(dashed)))
  })

  test('one-letter flags only behind one dash', async () => {
    const one = await candidates('decrypt -')
    expect(one).toContain('-i')
    expect(await candidates('decrypt --')).not.toContain('-i')
  })

  test('descriptions for zsh', async () => {
    expect(await candidates('groups', { _CLI_ZSH_AUTOCOMPLETE_HACK: '1' })).toEqual([
      'add:add a key group to a file',
      'delete:delete the key group at an index, counted from 0',
    ])
  })

  test.each<[string, string[], number, string[]]>([
    ['formats', ['decrypt', '--output-type', ''], 0, ['yaml', 'json', 'dotenv', 'ini', 'binary']],
    [
      'formats in the same word',
      ['decrypt', '--output-type=y'],
      0,
      ['yaml', 'json', 'dotenv', 'ini', 'binary'].map((id) => `--output-type=${id}`),
    ],
    ['formats in front of a file', ['-d', '--input-type', 'j'], 0, ['yaml', 'json', 'dotenv', 'ini', 'binary']],
    ['kinds of socket', ['keyservice', '--net', ''], 0, ['tcp', 'unix']],
    [
      'key types',
      ['decrypt', '--decryption-order', ''],
      0,
      ['kms', 'gcp_kms', 'hckms', 'azure_kv', 'hc_vault', 'pgp', 'age'],
    ],
    [
      'yes and no',
      ['decrypt', '--enable-local-keyservice='],
      0,
      ['--enable-local-keyservice=true', '--enable-local-keyservice=false'],
    ],
    ['a path', ['--config', ''], 1, []],
    ['a path in the same word', ['decrypt', '--output=o'], 1, []],
    ['recipients', ['encrypt', '--age', ''], 0, []],
    ['a file', ['decrypt', ''], 1, []],
    ['a file behind a flag', ['decrypt', '-i', ''], 1, []],
    ['no file', ['keygen', ''], 0, []],
    ['no file behind help', ['help', 'decrypt', ''], 0, []],
    ['a flag that may be repeated', ['decrypt', '--keyservice', 'a', '--keyserv'], 0, ['--keyservice']],
    ['commands and files', ['x'], 1, commands.flatMap(namesOf)],
  ])('%s', async (_, words, status, expected) => {
    const { code, stdout } = await runCli([...words, marker], { env: { _SOPS_COMPLETE: 'bash' } })
    expect([code, stdout.toString().match(/.+/g) ?? []]).toEqual([status, expected])
  })

  test.each([
    ['zsh', 'add:add a key group to a file'],
    ['fish', 'add\tadd a key group to a file'],
    ['bash', 'add'],
  ])('descriptions for %s', async (shell, expected) => {
    const env = { _SOPS_COMPLETE: shell }
    expect((await runCli(['groups', 'ad', marker], { env })).stdout.toString().split('\n')[0]).toBe(expected)
    const flag = (await runCli(['decrypt', '--extr', marker], { env })).stdout.toString()
    expect(flag).toMatch(shell === 'bash' ? /^--extract\n$/ : /^--extract[:\t]print only the value at INDEX/)
  })

  test('anywhere else the marker is an unknown flag', async () => {
    const { code, stderr } = await runCli(['decrypt', marker, 'f'])
    expect(code).toBe(1)
    expect(stderr).toContain('flag provided but not defined: -generate-bash-completion')
  })
})

describe('scripts', () => {
  test.each([
    ['bash', '\n#! /bin/bash\n', 'complete -o nospace -F _cli_bash_autocomplete sops\n'],
    ['zsh', '\n#compdef sops\n', 'compdef _cli_zsh_autocomplete sops\n'],
    ['fish', '\nfunction __sops_complete\n', "complete -c sops -f -a '(__sops_complete)'\n"],
  ])('%s', async (shell, start, end) => {
    const { code, stdout } = await runCli(['completion', shell, 'ignored'])
    const text = stdout.toString()
    expect([code, text.startsWith(start), text.endsWith(end)]).toEqual([0, true, true])
    expect(text).toContain(marker)
  })
})
