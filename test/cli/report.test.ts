import { describe, expect, test } from 'vitest'
import { makeLog, progressLine } from '../../src/cli/log.ts'
import { reportError } from '../../src/cli/report.ts'
import { SopsError, type SopsErrorOptions, setIn } from '../../src/errors.ts'
import { editDistance, nearest } from '../../src/text/suggest.ts'
import { bufferHost, type CliOptions } from '../support/cli.ts'

async function reported(error: unknown, options: CliOptions = {}): Promise<[status: number, stderr: string]> {
  const host = bufferHost(options)
  const status = await reportError(error, host)
  expect(host.written.stdout).toEqual([])
  return [status, Buffer.concat(host.written.stderr).toString()]
}

describe('our errors', () => {
  test.each<[string, SopsErrorOptions, string]>([
    ['sops metadata not found', {}, 'error: sops metadata not found\n'],
    ['no', { hints: ['try this', 'or that'] }, 'error: no\nhint: try this\nhint: or that\n'],
    ['bad', { position: { line: 3, column: 7 } }, 'error: bad (line 3, column 7)\n'],
    ['bad at line 3', { position: { line: 3, column: 7 } }, 'error: bad at line 3 (column 7)\n'],
    ['line 3, column 7: bad', { position: { line: 3, column: 7 } }, 'error: line 3, column 7: bad\n'],
    ['bad at line 31', { position: { line: 3, column: 7 } }, 'error: bad at line 31 (line 3, column 7)\n'],
    ['bad value', { path: ['a', 'b c'] }, 'error: bad value (at ["a"]["b c"])\n'],
    ['offending key port', { path: ['db', 'port'] }, 'error: offending key port\n'],
    ['bad', { path: ['a'], position: { line: 1, column: 2 } }, 'error: bad (line 1, column 2, at ["a"])\n'],
    ['two\nlines', {}, 'error: two\\nlines\n'],
  ])('%j %j', async (message, details, text) => {
    expect(await reported(new SopsError('generic', message, details))).toEqual([1, text])
  })

  test('a report of several lines stands for itself, also where another message introduces it', async () => {
    const report = new SopsError('generic', ['two', 'lines'], { path: ['a'] })
    expect((await reported(report))[1]).toBe('error: two\nlines\n')
    const around = new SopsError('generic', `headline: ${report.message}`, { cause: report })
    expect((await reported(around))[1]).toBe('error: headline: two\nlines\n')
  })

  test('key material that goes over several lines is taken out as a whole', async () => {
    const pem = ['-----BEGIN OPENSSH PRIVATE KEY-----', 'b3BlbnNzaC1rZXk', '-----END OPENSSH PRIVATE KEY-----']
    for (const message of [pem, setIn(pem.join('\n')), pem.join('\n')])
      expect((await reported(new SopsError('generic', message)))[1]).not.toContain('b3Blbn')
  })

  test('a report of as many lines as a file has recipients is shown', async () => {
    const lines = Array.from({ length: 200_000 }, (_, i) => `recipient ${i}: FAILED`)
    const [status, text] = await reported(new SopsError('no-data-key', lines))
    expect([status, text.split('\n').length]).toEqual([128, lines.length + 1])
  })

  test('the status is that of the code', async () => {
    expect((await reported(new SopsError('mac-mismatch', 'x')))[0]).toBe(51)
    expect((await reported(new SopsError('no-data-key', 'x')))[0]).toBe(128)
  })

  test('usage errors have the form of all errors', async () => {
    const [status, text] = await reported(new SopsError('usage', 'bad words', { hints: ['help'] }))
    expect(status).toBe(1)
    expect(text).toBe('error: bad words\nhint: help\n')
  })

  test('names from a file cannot steer a terminal, whatever stderr is', async () => {
    const error = new SopsError('generic', 'key \x1b[31mred\x07\u202e', { hints: ['\x1b]0;x\x07'] })
    for (const options of [{}, { tty: ['stderr' as const], env: { NO_COLOR: '1' } }])
      expect(await reported(error, options)).toEqual([1, 'error: key \\x1b[31mred\\a\\u202e\nhint: \\x1b]0;x\\a\n'])
  })

  test('key failures are coloured when stdout is a terminal', async () => {
    const error = new SopsError('no-data-key', ['Failed', '', 'Group 0: FAILED', '  k: FAILED', '', 'Group 1: SUCCESS'])
    const [, coloured] = await reported(error, { tty: ['stdout'] })
    expect(coloured).toContain('Group 0: \x1b[31mFAILED\x1b[0m\n')
    expect(coloured).toContain('Group 1: \x1b[32mSUCCESS\x1b[0m\n')
    for (const options of [{}, { tty: ['stdout' as const], env: { NO_COLOR: '1' } }]) {
      expect((await reported(error, options))[1]).not.toContain('\x1b')
    }
    expect((await reported(error, { tty: ['stdout'], env: { TERM: 'dumb' } }))[1]).not.toContain('\x1b')
  })
})

describe('other errors', () => {
  const secret = 'hunter2'
  test.each([
    ['a syntax error', () => JSON.parse(`{"password": ${secret}}`)],
    ['a defect', () => (undefined as unknown as Record<string, string>)[secret]],
    [
      'a thrown text',
      () => {
        throw secret
      },
    ],
  ])('%s does not show its text', async (_, fail) => {
    let thrown: unknown
    try {
      fail()
    } catch (error) {
      thrown = error
    }
    for (const env of [{}, { SOPS_DEBUG: '1' }]) {
      const [status, text] = await reported(thrown, { env })
      expect(status).toBe(1)
      expect(text).not.toContain(secret)
      expect(text).not.toBe('')
    }
  })

  test('the stack is shown only on demand', async () => {
    expect((await reported(new Error('x')))[1]).not.toContain('\n    at ')
    expect((await reported(new Error('x'), { env: { SOPS_DEBUG: '1' } }))[1]).toContain('\n    at ')
  })

  test('failed system calls say what failed', async () => {
    const error = Object.assign(new Error("ENOENT: no such file or directory, open '/x'"), {
      syscall: 'open',
      code: 'ENOENT',
      path: '/x',
    })
    expect((await reported(error))[1]).toContain('open /x: no such file or directory')
  })
})

describe('log lines', () => {
  const now = new Date('2026-01-02T03:04:05Z')
  const logged = (options: CliOptions, verbose = false): [ReturnType<typeof makeLog>, () => string] => {
    const host = bufferHost({ now, ...options })
    return [makeLog(host, verbose, { file: 'f.yaml' }), () => Buffer.concat(host.written.stderr).toString()]
  }

  test('in a file', () => {
    const [log, text] = logged({})
    log({
      level: 'warning',
      logger: 'CMD',
      message: 'two words',
      fields: { uri: 'tcp://x', b: 'plain-1.2/@^+_', a: 'say "x"\n' },
    })
    expect(text()).toBe(`warning: f.yaml: two words a="say \\"x\\"\\n" b=plain-1.2/@^+_ uri="tcp://x"\n`)
  })

  test('on a terminal', () => {
    const [log, text] = logged({ tty: ['stderr'], env: { TERM: 'xterm' } })
    log({ level: 'error', logger: 'SOPS', message: 'text', fields: { error: 'x' } })
    expect(text()).toBe('\x1b[31merror:\x1b[0m f.yaml: text error=x\n')
  })

  test('the prefix of a detail is bold when stdout is a terminal', () => {
    const [log, text] = logged({ tty: ['stdout'] }, true)
    log({ level: 'info', logger: 'AGE', message: 'x' })
    expect(text()).toMatch(/^\x1b\[1m\[AGE\]\x1b\[0m\t time=/)
  })

  test('debug and info only when verbose', () => {
    const [quiet, nothing] = logged({})
    const [loud, something] = logged({}, true)
    for (const log of [quiet, loud]) log({ level: 'info', logger: 'CMD', message: 'x' })
    expect(nothing()).toBe('')
    expect(something()).toContain('level=info')
  })

  test('progress of updatekeys', () => {
    expect(progressLine(new Date(2026, 0, 2, 3, 4, 5), 'Syncing keys')).toBe('2026/01/02 03:04:05 Syncing keys')
  })
})

describe('text', () => {
  test.each([
    ['decrpt', 'decrypt', 1],
    ['decyrpt', 'decrypt', 1],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['same', 'same', 0],
    ['kitten', 'sitting', 3],
  ])('distance %s %s', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance)
    expect(editDistance(b, a)).toBe(distance)
  })

  test.each([
    ['decrpt', 'decrypt'],
    ['encyrpt', 'encrypt'],
    ['rotat', 'rotate'],
    ['edti', 'edit'],
    ['secrets', undefined],
    ['notes', undefined],
    ['de', undefined],
    ['x'.repeat(100_000), undefined],
  ])('nearest %s', (word, name) => {
    expect(nearest(word, ['decrypt', 'encrypt', 'rotate', 'edit', 'set', 'h'])).toBe(name)
  })
})
