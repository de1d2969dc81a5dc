// What README.md shows works: every line behind `$`, the library example, and the recipes as shells run them.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import * as sops from '../src/index.ts'
import { encryptedBox, environmentIn, identity, recipient } from './cli/exec-support.ts'
import { programLine, root } from './support/build.ts'
import { runCli, type Sandbox, sandbox } from './support/cli.ts'
import { fakeContext } from './support/context.ts'
import { runProcess } from './support/process.ts'

const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** The first block of code below a heading. */
function blockBelow(heading: string): string {
  const block = /```\w*\n(.*?)```/s.exec(readme.slice(readme.indexOf(`\n${heading}\n`)))
  return block![1]!
}

test('the library example', async () => {
  const context = fakeContext({ env: { SOPS_AGE_KEY: identity } })
  /** The call with the test's context for this process's. */
  const here =
    <T>(call: (input: string, options: object) => T, at = 1) =>
    (...args: unknown[]): T => {
      args[at] = { ...(args[at] as object), context }
      return (call as (...args: unknown[]) => T)(...args)
    }
  const given = {
    ...sops,
    encrypt: here(sops.encrypt as never),
    decrypt: here(sops.decrypt as never),
    decryptToObject: here(sops.decryptToObject as never),
    replacePlaintext: here(sops.replacePlaintext as never, 2),
  }
  const code = blockBelow('## Library')
    .replace(/^import (\{.*\}) from 'sops-ts'$/m, 'const $1 = given')
    .replace("'age1…'", JSON.stringify(recipient))
  const run = new Function(
    'given',
    `return (async () => {${code}\nreturn { sealed, secrets, text, changed, failure }})()`,
  )
  const { sealed, secrets, text, changed, failure } = await run(given)
  expect(Buffer.from(sealed).toString()).toMatch(/^db:\n {2}password: ENC\[/)
  expect(secrets).toEqual({ db: { password: 'hunter2' } })
  expect(JSON.parse(Buffer.from(text).toString())).toEqual(secrets)
  expect(Buffer.from(await sops.decrypt(changed, { context })).toString()).toBe('db:\n  password: new\n')
  expect(failure).toMatchObject({ name: 'SopsError', code: 'generic' })
})

describe('what does not come back', () => {
  const table = readme.slice(
    readme.indexOf('\n### What does not come back\n'),
    readme.indexOf('\n### What gives nothing'),
  )
  const rows = [...table.matchAll(/^\|(.*)\|$/gm)]
    .slice(2)
    .map(([, row]) => row!.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|')))
  /** The text that a cell shows. */
  const textOf = (cell: string): Buffer =>
    /^UTF-/.test(cell)
      ? Buffer.from('\ufeffa: 1\n', cell === 'UTF-16' ? 'utf16le' : 'utf8')
      : Buffer.from(
          `${cell.slice(1, -1).replaceAll('↵', '\n').replaceAll('⇥', '\t').replaceAll('␤', '\u0085')}\n`.replace(
            '¶\n',
            '',
          ),
        )
  const patternOf = (message: string): RegExp =>
    new RegExp(
      message
        .split('…')
        .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
        .join('.*'),
    )

  test.each(rows)('%s: %s becomes %s', async (_, source, result, says) => {
    const box = sandbox()
    const run = (...argv: string[]) =>
      runCli(argv, { cwd: box.dir, env: { ...environmentIn(box), SOPS_AGE_KEY: identity, SOPS_ADVICE: '1' } })
    try {
      const name = source!.startsWith('`{') ? 'a.json' : 'a.yaml'
      writeFileSync(box.path(name), textOf(source!))
      const sealed = await run('encrypt', '--age', recipient, name)
      const notes = sealed.stderr.split('\n').filter((line) => line.startsWith('note: '))
      writeFileSync(box.path(name), sealed.stdout)
      const opened = await run('decrypt', name)
      const wanted = textOf(result!).toString().replace('\ufeff', '')
      expect([opened.stdout.toString(), wanted === textOf(source!).toString()]).toEqual([wanted, false])
      if (says === 'nothing') expect(notes).toEqual([])
      else expect(notes).toContainEqual(expect.stringMatching(patternOf(says!)))
    } finally {
      box.remove()
    }
  })

  test('has a row for every message that tells of a loss', () => {
    const messages = [
      ...readFileSync(join(root, 'docs/messages.md'), 'utf8').matchAll(/^\| advice \| advice \| \w+ \| ([^|]+) \|/gm),
    ]
      .map(([, message]) => message!)
      .filter((message) => /cannot be kept|replaced by a copy|cannot read|UTF-16/.test(message))
    expect(messages.length).toBeGreaterThan(3)
    const shown = rows.map(([, , , says]) => says!)
    expect(messages.filter((message) => !shown.some((says) => patternOf(says).test(message)))).toEqual([])
  })
})

test('every file it links to is there', () => {
  const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path!)
  expect(links.length).toBeGreaterThan(5)
  for (const path of links) expect(() => readFileSync(join(root, path)), path).not.toThrow(/ENOENT/)
})

test('every heading it links to is there', () => {
  const anchors = new Set(
    [...readme.matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
      text!
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    ),
  )
  for (const [, anchor] of readme.matchAll(/\]\(#([^)]+)\)/g)) expect(anchors).toContain(anchor)
})

/** What differs from run to run, made the same: recipients, ciphertexts, times, the home folder. */
const masked = (text: string, home = '/home/you'): string =>
  text
    .replaceAll(home, '/home/you')
    .replace(/age1[a-z0-9]{58}/g, 'age1-')
    .replace(/ENC\[AES256_GCM,data:[^,\]]*,iv:[^,\]]*,tag:[^,\]]*,type:(\w+)\]/g, 'ENC[$1]')
    .replace(/(-----BEGIN AGE ENCRYPTED FILE-----\n).*?(\s+-----END AGE)/gs, '$1$2')
    .replace(/lastmodified: "[^"]*"/g, 'lastmodified: ""')
    .trimEnd()

/** What is shown, where `…` stands for the rest of a line. */
const shownAs = (output: string): RegExp =>
  new RegExp(
    `^${masked(output)
      .split('…')
      .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('.*')}$`,
  )

interface Step {
  readonly command: string
  readonly output: string
}

/** The commands of a block behind `$`, each with the output that is shown below it. */
const stepsOf = (block: string): readonly Step[] =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map((step) => {
      const end = step.indexOf('\n')
      return { command: step.slice(0, end).replace(/ {2,}#.*$/, ''), output: step.slice(end + 1) }
    })

/** What is not run as it stands, and why. */
const otherwise: readonly { readonly line: RegExp; readonly why: string }[] = [
  {
    line: /^npm ci && npm install --global/,
    why: 'installs for the whole machine: test/getting/pack.test.ts does it in a folder',
  },
  {
    line: /^sops keyservice /,
    why: 'ends when it is told to, and asks at a terminal: runs beside the next line, without --prompt',
  },
  { line: /^EDITOR=vim /, why: 'needs a person: a vim that changes nothing stands for the editor' },
]

const blocks = [...readme.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map((found) => ({
  kind: found[1]!,
  text: found[2]!,
  /** Until Install, one who tries it; then one who reads on. */
  isTrial: found.index < readme.indexOf('\n## Install\n'),
}))

describe.skipIf(process.platform === 'win32')(
  'every line behind $ runs as written, and shows what is written below it',
  () => {
    let box: Sandbox
    let env: Record<string, string>
    const ending: (() => void)[] = []

    beforeEach(async () => {
      box = sandbox({})
      const bin = box.path('bin/sops')
      mkdirSync(dirname(bin))
      writeFileSync(bin, `#!/bin/sh\nexec ${programLine} "$@"\n`, { mode: 0o755 })
      writeFileSync(box.path('bin/vim'), '#!/bin/sh\n', { mode: 0o755 })
      mkdirSync(box.path('shop'))
      env = { PATH: `${box.path('bin')}:${process.env['PATH']}`, HOME: box.dir, SOPS_DISABLE_VERSION_CHECK: '1' }
      await runProcess('git', ['init', '-q', '.'], { cwd: box.path('shop'), env })
    })
    afterEach(() => {
      for (const end of ending.splice(0)) end()
      box.remove()
    })

    /** Returns when the key service listens. */
    async function serve(command: string): Promise<void> {
      const child = spawn('sh', ['-c', `exec ${command}`], { cwd: box.path('shop'), env, stdio: 'ignore' })
      ending.push(() => child.kill())
      while (!existsSync(box.path('sops.sock'))) {
        expect(child.exitCode).toBe(null)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }

    async function take({ command, output }: Step): Promise<string> {
      const place = box.path('shop')
      const own = command.replaceAll('/run/user/1000', box.dir)
      if (command.startsWith('npm ')) return ''
      if (command.startsWith('sops keyservice ')) {
        await serve(own.replace(' --prompt', ''))
        return ''
      }
      // The first look at a file is where its text stands.
      const shown = /^cat (\S+)$/.exec(command)?.[1]
      if (shown && !existsSync(join(place, shown))) writeFileSync(join(place, shown), output)
      const { exit, stdout, stderr } = await runProcess('sh', ['-c', own], { cwd: place, env })
      const isEdit = command.includes('sops edit')
      expect([command, exit, isEdit || exit === 0 || stderr.toString()]).toEqual([command, isEdit ? 200 : 0, true])
      const said = isEdit ? '' : `${stderr}${stdout}`
      // A value comes without a line end.
      expect([command, masked(said, box.dir)]).toEqual([command, expect.stringMatching(shownAs(output))])
      return said
    }

    test.each([
      ['the first screen', true, 6],
      ['the rest', false, 12],
    ])('%s', async (_, isTrial, least) => {
      let recipient = ''
      let ran = 0
      for (const { kind, text } of blocks.filter((block) => block.isTrial === isTrial)) {
        if (kind === 'yaml' && text.startsWith('creation_rules:'))
          writeFileSync(box.path('shop/.sops.yaml'), text.replace(/age1[a-z0-9]{58}/, recipient))
        for (const step of kind === '' ? stepsOf(text) : []) {
          const said = await take(step)
          recipient ||= /age1[a-z0-9]{58}/.exec(said)?.[0] ?? ''
          ran++
        }
      }
      expect(ran).toBeGreaterThan(least - 1)
    })
  },
)

test('no command stands outside of what is run, and every exception is needed', () => {
  const lines = blocks.filter(({ kind }) => kind === '').flatMap(({ text }) => text.split('\n'))
  expect(lines.filter((line) => /^(?:sops|npm|docker|cat|echo) /.test(line))).toEqual([])
  const commands = blocks.flatMap(({ kind, text }) => (kind === '' ? stepsOf(text) : [])).map(({ command }) => command)
  for (const { line, why } of otherwise) {
    console.info(`not as it stands: ${line.source}: ${why}`)
    expect(commands.some((command) => line.test(command))).toBe(true)
  }
})

/** Named as words that are refused. */
const noCommands = ['init']

/** `sops COMMAND …` wherever it stands as code: in blocks of any kind, tables and sentences, without what is quoted. */
const spelled = [
  ...blocks.flatMap(({ kind, text }) => (kind === '' ? stepsOf(text).map(({ command }) => command) : [text])),
  ...[...readme.replace(/^```.*?^```$/gms, '').matchAll(/`([^`\n]+)`/g)].map(([, text]) => text!),
]
  .flatMap((text) => [
    ...text.replace(/'[^'\n]*'|#.*/g, '').matchAll(/\bsops ((?:git |groups )?[a-z][a-z-]+)([^\n|;&]*)/g),
  ])
  .map(([line, command, words]) => ({ line, command: command!, flags: words!.match(/(?<= )--[a-z][\w-]*/g) ?? [] }))
  .filter(({ command }) => !noCommands.includes(command))

test('every command and flag that it names is one that help knows', async () => {
  const helps = new Map<string, string>()
  for (const { command } of spelled)
    if (!helps.has(command)) helps.set(command, (await runCli(['help', ...command.split(' ')])).stdout.toString())
  expect(helps.size).toBeGreaterThan(10)
  const unknown = spelled.flatMap(({ line, command, flags }) => {
    const help = helps.get(command)!
    if (help === '') return [line]
    return flags.filter((flag) => !help.includes(flag)).map((flag) => `${line}: ${flag}`)
  })
  expect(unknown).toEqual([])
})

describe.skipIf(process.platform === 'win32')('recipes', () => {
  let box: Sandbox
  let env: Record<string, string>
  beforeAll(async () => {
    box = await encryptedBox({
      'secrets.enc.env': 'DB_PASSWORD=two words\nCODE=$(touch ran)`touch ran`\nQUOTES=it\'s "so"\nLINES=a\\nb\n',
      'app.enc.env': 'DB_PASSWORD=two words\n',
      'good.enc.yaml': 'a: 1\n',
    })
    writeFileSync(box.path('plain.enc.yaml'), 'a: 1\n')
    const program = (name: string, text: string): void =>
      writeFileSync(box.path(`tmp/${name}`), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
    program('sops', `exec ${programLine} "$@"`)
    // Shows what it was called with: the variable that -e names, or the file.
    program('docker', 'if [ "$2" = -e ]; then eval "echo \\$$3"; else cat "$3"; fi; echo "$4"')
    program('watch_file', ':')
    env = { ...environmentIn(box), PATH: `${box.path('tmp')}:${process.env['PATH']}` }
  })
  afterAll(() => box?.remove())

  const shell = async (
    program: string,
    text: string,
    ...args: string[]
  ): Promise<readonly [number | string, string]> => {
    const { exit, stdout, stderr } = await runProcess(program, ['-c', text, '--', ...args], { cwd: box.dir, env })
    return [exit, stdout.toString() + stderr.toString()]
  }

  test('direnv', async () => {
    const text = `${blockBelow('### direnv')}\nprintf '%s|' "$DB_PASSWORD" "$CODE" "$QUOTES" "$LINES"; ls ran`
    const [, output] = await shell('bash', text)
    expect(output).toMatch(/^two words\|\$\(touch ran\)`touch ran`\|it's "so"\|a\nb\|/)
    expect(output).toMatch(/No such file/)
  })

  test('Docker', async () => {
    expect(await shell('sh', blockBelow('### Docker'))).toEqual([0, 'DB_PASSWORD=two words\napp\ntwo words\napp\n'])
  })

  test('pre-commit', () => {
    const [{ hooks }] = parse(blockBelow('### pre-commit')) as [{ hooks: readonly { entry: string }[] }]
    const ours = parse(readFileSync(new URL('../.pre-commit-hooks.yaml', import.meta.url), 'utf8')) as typeof hooks
    expect(ours.map(({ entry }) => entry)).toContain(hooks[0]!.entry)
  })
})
