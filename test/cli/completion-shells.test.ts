// The completion scripts in the shells that they are for, with the built program.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { programFile } from '../support/build.ts'
import { runProcess } from '../support/process.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sops-shells-'))
  for (const name of ['bin', 'empty']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'empty/secrets.yaml'), '')
  symlinkSync(programFile, join(folder, 'bin/sops'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Shell {
  /** Prints what the script in `$1` offers for the last of the words behind it, one a line. */
  readonly ask: string
  /** Words in front of the script. */
  readonly options: readonly string[]
  /** What stands for a file. */
  readonly files: string[]
}

const shells: Readonly<Record<string, Shell>> = {
  bash: {
    options: ['--norc', '--noprofile'],
    files: ['<files>'],
    ask: `compopt() { [[ " $* " == *" default "* ]] && wanted=1; }
. "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
$(complete -p sops | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
printf '%s\\n' "\${COMPREPLY[@]}"
(( \${#COMPREPLY[@]} || !wanted )) || echo '<files>'`,
  },
  zsh: {
    // The functions of its completion system, which works at a prompt only.
    options: ['-f'],
    files: ['<files>'],
    ask: `compdef() { completer=$1 }
_describe() { for one in "\${(@P)2}"; do [[ $one == \${words[CURRENT]}* ]] && { found=1; print -r -- "\${one%%:*}" }; done }
_files() { (( found )) || print '<files>' }
. "$1"; shift
words=("$@"); CURRENT=$#
$completer`,
  },
  fish: {
    options: ['--no-config'],
    files: ['secrets.yaml'],
    ask: `source $argv[1]
complete -C (string join -- ' ' $argv[2..]) | string replace -r '\\t.*' ''`,
  },
}

const isInstalled = (shell: string): boolean =>
  process.platform !== 'win32' && spawnSync(shell, ['-c', 'exit 0']).status === 0

describe.each(Object.entries(shells))('%s', (name, { ask, options, files }) => {
  const installed = isInstalled(name)
  if (!installed) process.stderr.write(`the completion script for ${name} is not tried: there is no program ${name}\n`)

  test.skipIf(!installed).each<[string, string[]]>([
    ['sops de', ['decrypt']],
    ['sops exec-', ['exec-env', 'exec-file']],
    ['sops h', ['h', 'help']],
    ['sops groups ', ['add', 'delete']],
    ['sops --config c.yaml completion ', ['bash', 'fish', 'zsh']],
    ['sops --ver', ['--verbose', '--version']],
    ['sops encrypt --encrypted-s', ['--encrypted-suffix']],
    ['sops rotate --add-ag', ['--add-age']],
    ['sops decrypt -i --in-p', []],
    ['sops decrypt --indent', []],
    ['sops decrypt ', files],
    ['sops decrypt s', files],
    ['sops decrypt --output ', files],
    ['sops keygen ', []],
    ['sops encrypt --age ', []],
    ['sops decrypt --output-type ', ['binary', 'dotenv', 'ini', 'json', 'yaml']],
    ['sops decrypt --output-type y', ['yaml']],
    ['sops help groups ', ['add', 'delete']],
    ['sops help de', ['decrypt']],
  ])('%j', async (line, expected) => {
    const env = { PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}`, HOME: folder }
    const cwd = join(folder, 'empty')
    const script = join(folder, `completion.${name}`)
    const printed = await runProcess('sops', ['completion', name], { cwd, env })
    writeFileSync(script, printed.stdout)
    const asker = join(folder, `ask.${name}`)
    writeFileSync(asker, ask)
    const { stdout, stderr } = await runProcess(name, [...options, asker, script, ...line.split(' ')], {
      cwd,
      env,
    })
    const offered = stdout.toString().match(/.+/g) ?? []
    expect([stderr.toString(), [...new Set(offered)].sort()]).toEqual(['', expected])
  })
})
