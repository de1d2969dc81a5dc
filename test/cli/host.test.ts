import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sandbox } from '../support/cli.ts'

/** A program over the real host; its first argument says what it does. */
const program = `
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { startKeeping } from ${JSON.stringify(fileURLToPath(new URL('../../src/system/start.ts', import.meta.url)))}
import { processHost } from ${JSON.stringify(fileURLToPath(new URL('../../src/cli/process-host.ts', import.meta.url)))}
const host = processHost()
const [, , mode] = process.argv
if (mode === 'flood') for (;;) await host.stdout.write(Buffer.from('x'.repeat(1000) + '\\n'))
if (mode === 'wait' || mode === 'handle') {
  host.onCleanup(() => process.stdout.write('cleaned\\n'))
  if (mode === 'handle') host.onSignal((signal) => host.stdout.write(Buffer.from(signal + '\\n')).then(() => host.exit(7)))
  setInterval(() => {}, 1000)
  await host.stdout.write(Buffer.from('ready\\n'))
}
if (mode === 'cwd') await host.stdout.write(Buffer.from(host.cwd))
if (mode === 'stdin') await host.stdout.write(Buffer.from(String((await host.stdin.readAll()).length)))
if (mode === 'ask' || mode === 'ask-secret') {
  const secret = mode === 'ask-secret'
  const answers = await Promise.all([host.prompt('One: ', { secret }), host.prompt('Two: ', { secret })])
  await host.stdout.write(Buffer.from('GOT ' + JSON.stringify(answers)))
}
if (mode === 'ask-key') {
  const answers = [await host.prompt('One: ', { key: true }), await host.prompt('Two: ', { key: true }), await host.prompt('Three: ')]
  await host.stdout.write(Buffer.from('GOT ' + JSON.stringify(answers)))
}
const say = (text) => host.stdout.write(Buffer.from(text + '\\n'))
/** Until something was typed. */
const pause = async () => {
  await say('busy')
  while (!existsSync('typed')) await sleep(10)
}
if (mode.startsWith('between')) {
  const next = mode.slice('between-'.length)
  const first = await host.prompt('One: ', { secret: true })
  await pause()
  if (next === 'program') {
    startKeeping(undefined)('stty', ['-a'], { stdio: ['inherit', 'inherit', 'inherit'], env: process.env }).on('exit', () => host.exit(0))
    await new Promise(() => {})
  }
  if (next === 'stdin') {
    const line = host.stdin[Symbol.asyncIterator]().next()
    await host.stdout.write(Buffer.from('Two: '))
    await say('GOT ' + JSON.stringify([first, String((await line).value)]))
    host.exit(0)
  }
  const second = await host.prompt('Two: ', { secret: next !== 'plain' })
  await say('GOT ' + JSON.stringify([first, second]))
}
if (mode !== 'wait' && mode !== 'handle') host.exit(0)
`

const box = sandbox({ 'entry.ts': program, 'real/x': '' })
const script = box.path('host.mjs')
beforeAll(() => {
  buildSync({
    entryPoints: [box.path('entry.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: script,
    logLevel: 'error',
  })
})
afterAll(box.remove)

test('a reader that goes away ends the program like SIGPIPE, silently', () => {
  const { stdout, stderr } = spawnSync('bash', [
    '-c',
    `"${process.execPath}" "${script}" flood | head -c 1; echo " \${PIPESTATUS[0]}"`,
  ])
  expect([stdout.toString(), stderr.toString()]).toEqual(['x 141\n', ''])
})

describe('signals', () => {
  const killed = (
    mode: string,
    signal: NodeJS.Signals,
  ): Promise<{ code: number | null; signal: string | null; out: string }> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [script, mode], { stdio: ['ignore', 'pipe', 'inherit'] })
      let out = ''
      child.stdout.on('data', (chunk) => {
        if (out === '') child.kill(signal)
        out += chunk
      })
      child.on('close', (code, by) => resolve({ code, signal: by, out }))
    })

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s: clean up, then die of it', async (signal) => {
    expect(await killed('wait', signal)).toEqual({ code: null, signal, out: 'ready\ncleaned\n' })
  })

  test('a handler decides instead', async () => {
    expect(await killed('handle', 'SIGTERM')).toEqual({ code: 7, signal: null, out: 'ready\nSIGTERM\ncleaned\n' })
  })

  test('SIGUSR1 ends the program like any other and starts no inspector', async () => {
    expect(await killed('wait', 'SIGUSR1')).toEqual({ code: 138, signal: null, out: 'ready\ncleaned\n' })
  })
})

describe('the working directory', () => {
  const cwdWith = (pwd: string | undefined): string =>
    execFileSync(process.execPath, [script, 'cwd'], {
      cwd: box.path('real'),
      env: { ...process.env, PWD: pwd },
      encoding: 'utf8',
    })

  test('is $PWD when that is the same place, else the physical one', () => {
    execFileSync('ln', ['-s', 'real', box.path('link')])
    const physical = execFileSync('pwd', ['-P'], { cwd: box.path('real'), encoding: 'utf8' }).trim()
    expect(cwdWith(box.path('link'))).toBe(box.path('link'))
    for (const pwd of ['/', 'link', '', '/nonexistent', undefined]) expect(cwdWith(pwd)).toBe(physical)
  })
})

test('stdin is read whole', () => {
  expect(execFileSync(process.execPath, [script, 'stdin'], { input: Buffer.alloc(300_000), encoding: 'utf8' })).toBe(
    '300000',
  )
  expect(spawnSync('bash', ['-c', `"${process.execPath}" "${script}" stdin < /`]).status).not.toBe(0)
})

describe('questions', () => {
  const python = spawnSync('python3', ['-c', 'import pty']).status === 0
  writeFileSync(
    box.path('terminal.py'),
    `
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:4])
answers, seen, at = eval(sys.argv[4]), b'', 0
try:
    while True:
        seen += os.read(fd, 4096)
        while answers and answers[0][0] in seen[at:]:
            marker, typed = answers.pop(0)
            at = seen.index(marker, at) + len(marker)
            os.write(fd, typed)
            if marker == b'busy':
                open('typed', 'w').close()
except OSError:
    pass
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 255)
`,
  )
  /** `typed` is Python: a list of what to wait for, and what to type then. */
  const onTerminal = (mode: string, typed: string): { status: number | null; seen: string } => {
    const words = [box.path('terminal.py'), process.execPath, script, mode, typed]
    const { status, stdout, stderr } = spawnSync('python3', words, { cwd: box.dir, timeout: 60_000 })
    rmSync(box.path('typed'), { force: true })
    expect(stderr.toString()).toBe('')
    return { status, seen: stdout.toString() }
  }

  test.runIf(python)('one after the other, echoed', () => {
    const { seen } = onTerminal('ask', "[(b': ', b'first\\nsecond\\n')]")
    expect(seen).toContain('GOT ["first","second"]')
  })

  test.runIf(python)('secret: no echo, erase works', () => {
    const { seen } = onTerminal('ask-secret', "[(b': ', b'firsX\\x7ft\\nse\\xc3\\xb6cond\\n')]")
    expect(seen).toBe('One: \r\nTwo: \r\nGOT ["first","seöcond"]')
  })

  test.runIf(python)('a key: with or without Enter, and shown', () => {
    const { seen } = onTerminal('ask-key', "[(b'One: ', b'\\no\\r'), (b'Two: ', b't'), (b'Three: ', b'line\\n')]")
    expect(seen).toMatch(/^One: o\r\nTwo: t\r\nThree: line\r\n/)
    expect(seen).toContain('GOT ["o","t","line"]')
  })

  test.runIf(python)('Ctrl+C at a question for a key ends the program', () => {
    const { status, seen } = onTerminal('ask-key', "[(b'One: ', b'o'), (b'Two: ', b'\\x03')]")
    expect([status, seen]).toEqual([-2 & 255, 'One: o\r\nTwo: \r\n'])
  })

  test.runIf(python)('Ctrl+C at a secret question ends the program', () => {
    const { status, seen } = onTerminal('ask-secret', "[(b': ', b'x\\x03')]")
    expect([status, seen]).toEqual([-2 & 255, 'One: \r\n'])
  })

  describe.runIf(python)('what is typed between two questions is not shown', () => {
    const between = (next: string, more: string): { status: number | null; seen: string } =>
      onTerminal(`between-${next}`, `[(b'One: ', b'wrong\\n'), (b'busy', ${more}]`)

    test('and answers the second, if that is for a secret too', () => {
      const { seen } = between('secret', "b'ri'), (b'Two: ', b'ght\\n')")
      expect(seen).toBe('One: \r\nbusy\r\nTwo: \r\nGOT ["wrong","right"]\r\n')
    })

    test('even as a whole line', () => {
      const { seen } = between('secret', "b'right\\n')")
      expect(seen).toBe('One: \r\nbusy\r\nTwo: \r\nGOT ["wrong","right"]\r\n')
    })

    test.each(['plain', 'stdin'])('and answers nothing else (%s), which is echoed again', (next) => {
      const { seen } = between(next, "b'hidden\\n'), (b'Two: ', b'open\\n')")
      expect(seen).not.toContain('hidden')
      expect(seen).toContain('Two: open\r\n')
    })

    test('and Ctrl+C ends the program', () => {
      const { status, seen } = between('secret', "b'x\\x03')")
      expect(status).toBe(-2 & 255)
      expect(seen).toMatch(/^One: \r\nbusy\r\n(?:Two: \r\n)?$/)
    })

    test('and a program that is started finds the terminal as it was', () => {
      const { seen } = between('program', "b'hidden')")
      expect(seen).toMatch(/ icanon /)
      expect(seen).toMatch(/ echo /)
      expect(seen).not.toContain('hidden')
    })
  })

  test('no terminal, no answer', () => {
    const { stdout } = spawnSync('setsid', [process.execPath, script, 'ask'], { input: 'x\ny\n' })
    expect(stdout.toString()).toBe('GOT [null,null]')
  })
})
