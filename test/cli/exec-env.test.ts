import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { environmentOf } from '../../src/cli/exec/environment.ts'
import type { MapNode, Value } from '../../src/tree/tree.ts'
import { programLine } from '../support/build.ts'
import type { Sandbox } from '../support/cli.ts'
import { encryptedBox, runSops, start } from './exec-support.ts'

const document = (...entries: (readonly [string, Value])[]): MapNode => ({
  kind: 'map',
  items: entries.map(([key, value]) => ({ kind: 'entry', key, value: { kind: 'leaf', value } })),
})

describe('variables of a document', () => {
  test.each<[string, Value]>([
    ['text', 'text'],
    ['', ''],
    ['two\nlines', 'two\nlines'],
    ['5', 5n],
    ['-9223372036854775808', -9223372036854775808n],
    ['1.0', 1],
    ['1.5', 1.5],
    ['1E+30', 1e30],
    ['true', true],
    ['false', false],
    ['<nil>', null],
    ['2026-01-02T03:04:05Z', { rfc3339: '2026-01-02T03:04:05Z' }],
    ['bytes', Buffer.from('bytes')],
  ])('a value that becomes %j', (text, value) => {
    expect(environmentOf(document(['KEY', value]), 'linux')).toEqual({ KEY: text })
  })

  test.each<[string, MapNode, string]>([
    [
      'a map',
      { kind: 'map', items: [{ kind: 'entry', key: 'DB', value: { kind: 'map', items: [] } }] },
      'cannot use complex value in environment; offending key DB',
    ],
    [
      'a list',
      { kind: 'map', items: [{ kind: 'entry', key: 'L', value: { kind: 'list', items: [] } }] },
      'cannot use complex value in environment; offending key L',
    ],
    ['an equals sign', document(['A=B', 'hidden']), "cannot use keys with '=' in environment: A=B"],
    ['a NUL in a value', document(['KEY', 'hid\0den']), 'exec: environment variable contains NUL: "KEY"'],
    ['a NUL in a key', document(['K\0', 'hidden']), 'exec: environment variable contains NUL: "K\\x00"'],
    [
      'bytes that are no text, on Windows',
      document(['data', Uint8Array.of(0xff, 0xfe)]),
      'cannot use a value that is not text (UTF-8) in environment: data',
    ],
  ])('refuses %s and does not tell the value', (_, map, message) => {
    expect(() => environmentOf(map, 'win32')).toThrow(message)
    expect(() => environmentOf(map, 'win32')).not.toThrow(/hid/)
  })

  test('comments are left out, and of equal entries one is taken', () => {
    const { items } = document(['A', '3'], ['B', '2'], ['A', '3'])
    expect(
      environmentOf({ kind: 'map', items: [{ kind: 'comment', text: 'note', inline: false }, ...items] }, 'linux'),
    ).toEqual({ A: '3', B: '2' })
  })

  test('a key with different values is refused, since readers differ in which they take', () => {
    const map = document(['A', 'hidden-1'], ['B', '2'], ['A', 'hidden-3'])
    expect(() => environmentOf(map, 'linux')).toThrow('["A"] is there twice with different values')
    expect(() => environmentOf(map, 'linux')).not.toThrow(/hidden/)
  })

  test('any text without NUL arrives as it is, whatever its key', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((one) => !one.includes('\0'))
    const key = fc.oneof(
      fc.constantFrom('__proto__', 'constructor', 'toString'),
      text.filter((one) => !one.includes('=')),
    )
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(key, text), { selector: ([name]) => name }), (pairs) => {
        const variables = environmentOf(document(...pairs), 'linux')
        expect(new Map(Object.entries(variables))).toEqual(new Map(pairs))
      }),
    )
  })
})

describe('as a process', () => {
  let box: Sandbox
  beforeAll(async () => {
    box = await encryptedBox({
      's.yaml': 'FOO: bar\nMULTI: |\n    one\n    two\n',
      'empty.json': '{}',
      'big.json': JSON.stringify({ BIG: 'x'.repeat(200_000) }),
      'nul.json': '{"KEY": "hid\\u0000den"}',
      'home.yaml': 'HOME: /from/file\n',
    })
  })
  afterAll(() => box.remove())

  test.each<[string, string, number, string]>([
    ['success', 'true', 0, ''],
    ['a status', 'exit 42', 42, 'exit status 42\n'],
    ['a signal', 'kill -KILL $$', 255, 'signal: killed\n'],
    ['another signal', 'kill -TERM $$', 255, 'signal: terminated\n'],
  ])('%s of the command', async (_, command, code, stderr) => {
    expect(await runSops(box, ['exec-env', 's.yaml', command])).toMatchObject({ code, signal: null, stderr })
  })

  test.skipIf(process.platform === 'win32')(
    'its status where SIGCHLD was ignored, and the status of what it starts',
    async () => {
      const ignoring = { program: 'bash', env: { COMMAND: 'true; (exit 3); exit $?' } }
      const line = `trap '' CHLD; exec ${programLine} exec-env s.yaml "$COMMAND"`
      expect(await runSops(box, ['-c', line], ignoring)).toMatchObject({
        code: 3,
        signal: null,
        stderr: 'exit status 3\n',
      })
    },
  )

  test('a value never stands on a command line', async () => {
    const command = 'for p in $$ $PPID; do tr "\\0" " " < /proc/$p/cmdline; done; echo; echo "$FOO"'
    const { stdout } = await runSops(box, ['exec-env', 's.yaml', command])
    const lines = stdout.trimEnd().split('\n')
    expect(lines.at(-1)).toBe('bar')
    expect(lines.slice(0, -1).join('\n')).not.toMatch(/\bbar\b/)
  })

  test('--pristine gives the values and nothing else', async () => {
    const argv = ['exec-env', '--pristine', 's.yaml', '/usr/bin/env | sed "s/=.*//" | sort']
    const names = (await runSops(box, argv)).stdout.trim().split('\n')
    expect(names).toEqual(expect.arrayContaining(['FOO', 'MULTI']))
    // The shell itself adds these.
    expect(names.filter((name) => !['FOO', 'MULTI', 'two', 'PWD', 'SHLVL', '_', 'OLDPWD'].includes(name))).toEqual([])
    const empty = ['exec-env', '--pristine', 'empty.json', 'echo "[$HOME$SOPS_AGE_KEY]"']
    expect((await runSops(box, empty)).stdout).toBe('[]\n')
  })

  test('more than an environment can hold', async () => {
    expect(await runSops(box, ['exec-env', 'big.json', 'echo ran'])).toEqual({
      code: 1,
      signal: null,
      stdout: '',
      stderr:
        'error: big.json: fork/exec /bin/sh: argument list too long\nhint: the values do not fit into the environment of a process; exec-file has no such limit\n',
    })
  })

  test('a value with NUL is refused by the name of its key', async () => {
    const { code, stdout, stderr } = await runSops(box, ['exec-env', 'nul.json', 'echo ran'])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain('exec: environment variable contains NUL: "KEY"')
    expect(stderr).not.toContain('hid')
  })

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const)(
    '%s goes to the command',
    async (name) => {
      const trap = `trap 'echo got it; exit 9' ${name.slice(3)}; echo ready; while :; do sleep 0.05; done`
      const running = start(box, ['exec-env', 's.yaml', trap])
      await running.says('ready')
      running.child.kill(name)
      expect(await running.ended).toEqual({
        code: 9,
        signal: null,
        stdout: 'ready\ngot it\n',
        stderr: 'exit status 9\n',
      })
    },
  )

  test('a command that ignores a signal goes on', async () => {
    const command = 'trap "" TERM; echo ready; while [ ! -e go ]; do sleep 0.05; done; echo done'
    const running = start(box, ['exec-env', 's.yaml', command])
    await running.says('ready')
    running.child.kill('SIGTERM')
    writeFileSync(box.path('go'), '')
    expect(await running.ended).toMatchObject({ code: 0, stdout: 'ready\ndone\n' })
  })

  test('--same-process ends as the command does', async () => {
    const same = ['exec-env', '--same-process', 's.yaml']
    expect(await runSops(box, [...same, 'echo "$FOO"; exit 5'])).toEqual({
      code: 5,
      signal: null,
      stdout: 'bar\n',
      stderr: '',
    })
    const running = start(box, [...same, 'echo ready; exec sleep 20'])
    await running.says('ready')
    running.child.kill('SIGTERM')
    expect(await running.ended).toMatchObject({ code: null, signal: 'SIGTERM', stderr: '' })
  })

  test('a reader that goes away ends a command of --same-process like any other', async () => {
    const argv = ['exec-env', '--same-process', 's.yaml', '(yes; echo "status $?" >&2) | head -1']
    expect(await runSops(box, argv)).toMatchObject({ stdout: 'y\n', stderr: 'status 141\n' })
  })

  test('--background leaves the command to itself, without standard streams', async () => {
    const command = 'echo lost; printf "%s" "$FOO" > bg.tmp && mv bg.tmp bg; exit 3'
    const { code, stdout, stderr } = await runSops(box, ['exec-env', '--background', 's.yaml', command])
    expect([code, stdout]).toEqual([0, ''])
    expect(stderr).toContain("exec-env's --background option is deprecated and will be removed")
    while (!existsSync(box.path('bg'))) await sleep(50)
    expect(readFileSync(box.path('bg'), 'utf8')).toBe('bar')
  })

  const hasScript = existsSync('/usr/bin/script')
  test.skipIf(!hasScript)('Ctrl+C on a terminal reaches the command once', async () => {
    // A shell would take two signals in short order for one.
    const counter = `
      let count = 0
      const waiting = setInterval(() => {}, 1000)
      const tell = () => {
        console.log('got ' + count)
        clearInterval(waiting)
      }
      process.on('SIGINT', () => count++ === 0 && setTimeout(tell, 300))
      console.log('ready')`
    writeFileSync(box.path('count.cjs'), counter)
    const line = `exec ${programLine} exec-env s.yaml "exec '${process.execPath}' count.cjs"`
    // What is piped into script(1) is typed on its terminal.
    const running = start(box, ['-qec', line, '/dev/null'], { program: 'script', stdin: false })
    await running.says('ready')
    running.child.stdin?.write('\x03')
    await running.says('got 1')
    running.child.stdin?.end()
    expect(await running.ended).toMatchObject({ code: 0 })
  })

  const isRoot = process.getuid?.() === 0
  describe('--user', () => {
    test('an unknown user', async () => {
      const { code, stdout, stderr } = await runSops(box, ['exec-env', '--user', 'no-such-user', 's.yaml', 'echo ran'])
      expect([code, stdout]).toEqual([1, ''])
      expect(stderr).toBe('error: s.yaml: user: unknown user no-such-user\n')
    })

    test.skipIf(!isRoot)('is the user with all its groups and variables, for good', async () => {
      execFileSync('chmod', ['755', box.dir])
      const argv = ['exec-env', '--pristine', '--user', 'daemon', 's.yaml', 'id; echo "$HOME $USER $LOGNAME $FOO"']
      const { stdout } = await runSops(box, argv)
      expect(stdout).toBe(`${execFileSync('id', ['daemon'])}/usr/sbin daemon daemon bar\n`)
    })

    test.skipIf(!isRoot)('a value of the file wins over the user', async () => {
      const argv = ['exec-env', '--user', 'daemon', 'home.yaml', 'echo "$HOME $USER"']
      expect((await runSops(box, argv)).stdout).toBe('/from/file daemon\n')
    })

    test.skipIf(!isRoot)('without the right to it', async () => {
      const inner = `${programLine} exec-env --user root s.yaml "echo ran"`
      const argv = ['exec-env', '--user', 'daemon', 's.yaml', inner]
      const { code, stdout, stderr } = await runSops(box, argv)
      expect([code, stdout]).toEqual([1, ''])
      expect(stderr).toContain('error: s.yaml: cannot become user root: operation not permitted\n')
    })
  })
})
