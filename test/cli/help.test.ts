import { describe, expect, test } from 'vitest'
import { commands } from '../../src/cli/commands/index.ts'
import { dashed, type Flag, namesOf } from '../../src/cli/flag.ts'
import { rootFlags } from '../../src/cli/flags.ts'
import { type CliOptions, type CliResult, runCli } from '../support/cli.ts'
import { allCommands } from '../support/commands.ts'

const all = await allCommands()

/** With room for whole lines. */
const runWide = (words: readonly string[], options: CliOptions = {}): Promise<CliResult> =>
  runCli(words, { ...options, env: { ...options.env, COLUMNS: '1000' } })

interface Told {
  readonly heading: string
  readonly names: string
  readonly value: string
  readonly help: string
}

/** What a help says about flags. */
function listed(text: string): Told[] {
  let heading = ''
  return text.split('\n').flatMap((line) => {
    heading = /^([A-Z ]+):$/.exec(line)?.[1] ?? heading
    const [, names, value = '', help] = /^ {3,}((?:--?[\w-]+, )*--[\w-]+)(?: ?(\S+))? {2,}(\S.*)$/.exec(line) ?? []
    return names === undefined || help === undefined ? [] : [{ heading, names, value, help }]
  })
}

/** What it has to say, heading by heading. */
function told(flags: readonly Flag[], heading: string): Told[] {
  const all = flags.map((flag): Told => {
    const names = namesOf(flag).toSorted((a, b) => Number(a.length > 1) - Number(b.length > 1))
    const shown = flag.kind === 'int' || flag.kind === 'string' ? (flag.default ?? '') : ''
    return {
      heading: flag.section ?? heading,
      names: names.map(dashed).join(', '),
      value: flag.optional ? `[=${flag.value}]` : (flag.value ?? ''),
      help: flag.help + (shown === '' ? '' : ` (default: ${shown})`) + (flag.env ? ` [$${flag.env}]` : ''),
    }
  })
  const headings = new Set(all.map((one) => one.heading))
  return [...headings].flatMap((name) => all.filter((one) => one.heading === name))
}

describe('help of a command', () => {
  test.each(all)('%j', async (path, command) => {
    const { code, stdout, stderr } = await runWide([...path, '--help'])
    const text = stdout.toString()
    expect([code, stderr]).toEqual([0, ''])
    expect(text).toMatch(
      new RegExp(`^NAME:\\n {3}sops ${path.join(' ')} - .+\\n\\nUSAGE:\\n {3}sops ${path.join(' ')}`),
    )
    const outer = rootFlags
      .filter(({ name }) => name === 'verbose' || command.root?.some((one) => one === name))
      .filter(({ name }) => !command.flags.some((flag) => namesOf(flag).includes(name)))
      .map((flag) => ({ ...flag, section: 'OPTIONS BEFORE THE COMMAND' }))
    expect(listed(text)).toEqual(told([...command.flags, ...outer], 'OPTIONS'))
    for (const example of command.examples) expect(text).toContain(`\n   ${example}\n`)
    expect(text).not.toContain('undefined')
  })

  test('a flag shows its alias, value, default and variable in columns', async () => {
    const { stdout } = await runWide(['keyservice', '-h'])
    expect(stdout.toString()).toBe(`NAME:
   sops keyservice - serve the keys of this machine to other machines

USAGE:
   sops keyservice [command options]

OPTIONS:
   --network, --net KIND      kind of socket: tcp or unix (default: tcp)
   --address, --addr ADDRESS  address or socket path (default: 127.0.0.1:5000)
   --prompt                   ask before every answer
   --verbose                  show what is being done

EXAMPLES:
   sops keyservice --net unix --addr /run/user/1000/sops.sock

`)
    const encrypt = (await runWide(['help', 'encrypt'])).stdout.toString()
    expect(encrypt).toMatch(/^ {3}-a, --age KEYS +.*\[\$SOPS_AGE_RECIPIENTS\]$/m)
    expect(encrypt.match(/^[A-Z ]+:$/gm)).toEqual([
      'NAME:',
      'USAGE:',
      'OPTIONS:',
      'MASTER KEYS:',
      'SELECTION:',
      'KEY SERVICES:',
      'FILES:',
      'OPTIONS BEFORE THE COMMAND:',
      'EXAMPLES:',
    ])
  })

  test('the usage line calls the program as it was called', async () => {
    expect((await runCli(['decrypt', '-h'], { argv0: '/opt/sopsref' })).stdout.toString()).toContain(
      '   sopsref decrypt [command',
    )
    expect((await runCli(['decrypt', '-h'], { argv0: '/x/bin/sops.mjs' })).stdout.toString()).toContain(
      '   sops decrypt [command',
    )
  })
})

describe('help of the program', () => {
  test.each([['--help'], ['-h'], ['help'], ['h'], ['-h', 'anything'], ['--version', '--help']])(
    '%s',
    async (...words) => {
      const { code, stdout, stderr } = await runWide(words)
      const text = stdout.toString()
      expect([code, stderr]).toEqual([0, ''])
      expect(text.match(/^[A-Z ]+:$/gm)?.slice(0, 9)).toEqual([
        'NAME:',
        'USAGE:',
        'VERSION:',
        'EVERYDAY COMMANDS:',
        'KEYS:',
        'GIT:',
        'SERVICES:',
        'HELP:',
        'GLOBAL OPTIONS:',
      ])
      const blocks = new Map(text.split('\n\n').map((block) => [block.slice(0, block.indexOf(':')), block.split('\n')]))
      for (const { name, section, summary, aliases } of commands) {
        const lines = blocks.get(section ?? '')?.map((line) => line.replace(/ {2,}/g, ' '))
        expect(lines).toContain(` ${name} ${summary}${aliases === undefined ? '' : ` [also: ${aliases.join(', ')}]`}`)
      }
      expect(listed(text)).toEqual(told(rootFlags, 'GLOBAL OPTIONS'))
    },
  )

  test('is in English whatever the locale', async () => {
    const { stdout } = await runCli(['--help'], { env: { LANG: 'de_DE.UTF-8', LC_ALL: 'de_DE.UTF-8' } })
    expect(stdout.toString()).toContain('GLOBAL OPTIONS:')
  })

  test('sub-commands of a group', async () => {
    for (const words of [['groups'], ['groups', '-h'], ['groups', 'help'], ['help', 'groups']]) {
      const { code, stdout } = await runCli(words)
      expect(code).toBe(0)
      expect(stdout.toString()).toMatch(/COMMANDS:\n {3}add {5}.+\n {3}delete {2}.+\n/)
    }
    expect((await runCli(['groups', 'help', 'add'])).stdout.toString()).toContain('sops groups add')
  })

  test.each([
    [['help', 'nonsense']],
    [['groups', 'nonsense']],
    [['completion', 'nonsense']],
    [['git', 'help', 'nonsense']],
  ])('%j is exit 3', async (words) => {
    const { code, stdout, stderr } = await runCli(words)
    const hint = {
      help: 'sops help shows the commands',
      groups: 'sops groups takes add or delete',
      completion: 'sops completion takes bash, zsh or fish',
      git: 'sops git takes install, uninstall, textconv, merge-driver, clean, smudge or filter-process',
    }[words[0]!]
    expect([code, stdout.length, stderr]).toEqual([3, 0, `error: No help topic for 'nonsense'\nhint: ${hint}\n`])
  })

  test.each(['tcsh', 'powershell', 'pwsh', 'nu', 'sh'])(
    'completion %s names the shells that there are',
    async (shell) => {
      const { code, stderr } = await runCli(['completion', shell])
      expect([code, stderr]).toEqual([
        3,
        `error: No help topic for '${shell}'\nhint: sops completion takes bash, zsh or fish\n`,
      ])
    },
  )

  test.each<[string, string]>([
    ['groups ad', 'groups add'],
    ['groups dlete', 'groups delete'],
    ['groups help ad', 'groups add'],
    ['help groups ad', 'groups add'],
    ['help add', 'set or sops groups add'],
    ['help rekey', 'updatekeys or sops rotate'],
    ['groups rm', 'groups delete'],
    ['groups share', 'groups add'],
    ['git diff', 'git install'],
    ['git hook', 'git install'],
    ['help install', 'git install or sops completion'],
    ['help decrpt', 'decrypt'],
    ['git inst', 'git install'],
    ['completion z', 'completion zsh'],
  ])('%s suggests %s', async (line, meant) => {
    const { code, stderr } = await runCli(line.split(' '))
    expect([code, stderr.split('\n')[1]]).toEqual([3, `hint: did you mean sops ${meant}?`])
  })

  test.each(all)('help %j', async (path) => {
    const { stdout } = await runCli(['help', ...path])
    expect(stdout).toEqual((await runCli([...path, '-h'])).stdout)
    expect(stdout.toString()).toContain(`sops ${path.join(' ')} - `)
  })
})

describe('the width', () => {
  const longest = ({ stdout }: CliResult): number =>
    Math.max(
      ...stdout
        .toString()
        .split('\n')
        .map((line) => line.length),
    )

  test.each<[string, CliOptions, number]>([
    ['80 in a pipe', {}, 80],
    ['that of the terminal', { columns: 120, tty: ['stdout'] }, 120],
    ['COLUMNS', { env: { COLUMNS: '100' } }, 100],
    ['COLUMNS rather than the terminal', { env: { COLUMNS: '100' }, columns: 60, tty: ['stdout'] }, 100],
    ['45', { columns: 45, tty: ['stdout'] }, 45],
    ['20', { env: { COLUMNS: '20' } }, 20],
    ['never less than 20', { env: { COLUMNS: '1' } }, 20],
    ['80 if it says nothing', { env: { COLUMNS: 'wide' } }, 80],
  ])('%s', async (_, options, width) => {
    for (const words of [['--help'], ['completion'], ['encrypt', '-h'], ['groups', 'add', '-h'], ['doctor', '-h']]) {
      const narrow = await runCli(words, options)
      const wide = await runWide(words)
      expect(narrow.stdout.toString().split(/\s+/)).toEqual(wide.stdout.toString().split(/\s+/))
      const tooLong = narrow.stdout
        .toString()
        .split('\n')
        .filter((line) => line.length > width)
      // A single word may need more, as far to the left as any.
      expect(tooLong.filter((line) => !/^ {0,6}\S+$/.test(line))).toEqual([])
    }
    expect(longest(await runCli(['encrypt', '-h'], options))).toBeGreaterThan(width - 20)
  })

  test.each([45, 80])('what to do first fits into %i columns', async (columns) => {
    const { stderr } = await runCli([], { env: { COLUMNS: String(columns) } })
    expect(stderr.split('\n').filter((line) => line.length > columns)).toEqual([])
  })

  test('descriptions stay in their column', async () => {
    expect((await runCli(['git', 'install', '-h'], { env: { COLUMNS: '50' } })).stdout.toString()).toMatch(
      /\n {3}--verbose {2}show what is being done\n/,
    )
    expect((await runCli(['help', 'encrypt'])).stdout.toString()).toContain(
      '       --filename-override PATH  take format and creation rule from this name\n',
    )
  })
})

describe('the tables', () => {
  test.each<[string, readonly Flag[]]>([
    ['root', rootFlags],
    ...all.map(([path, command]): [string, readonly Flag[]] => [path.join(' '), command.flags]),
  ])('no name twice: %s', (_, flags) => {
    const names = [...flags.flatMap(namesOf), 'help', 'h']
    expect(new Set(names).size).toBe(names.length)
  })

  test('the commands of the reference stand in its order', () => {
    const reference =
      'completion exec-env exec-file publish keyservice filestatus groups updatekeys decrypt encrypt rotate edit set unset help'.split(
        ' ',
      )
    expect(commands.map(({ name }) => name).filter((name) => reference.includes(name))).toEqual(reference)
  })
})
