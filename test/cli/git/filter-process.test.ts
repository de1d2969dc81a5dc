// The protocol of Git's long-running filters, as the program speaks it.
import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { content, lines, PacketReader } from '../../../src/cli/git/packets.ts'
import { type CliResult, runCli, type Sandbox, sandbox } from '../../support/cli.ts'
import { answerOf, hostileKeyService } from '../../support/key-service.ts'

/** The bytes in pieces that end anywhere. */
async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

test('packets come back as they were, however the bytes arrive', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 50 }), async (data, size) => {
      const reader = new PacketReader(pieces(Buffer.concat([lines(['a=b', 'c']), content(data), lines([])]), size))
      expect((await reader.list())?.map(String)).toEqual(['a=b\n', 'c\n'])
      expect(Buffer.concat((await reader.list())!)).toEqual(Buffer.from(data))
      expect([await reader.list(), await reader.list()]).toEqual([[], undefined])
    }),
  )
  const large = Buffer.alloc(200_000, 7)
  expect(Buffer.concat((await new PacketReader(pieces(content(large), 4096)).list())!)).toEqual(large)
})

test.each(['00', '0009ab', 'zzzz', '0003', '000ea=b\n'])('%j is no message', async (text) => {
  await expect(new PacketReader(pieces(Buffer.from(text), 3)).list()).rejects.toThrow('git broke off')
})

const greeting = [
  lines(['git-filter-client', 'version=2']),
  lines(['capability=clean', 'capability=smudge', 'capability=delay']),
]
const greeted = [lines(['git-filter-server', 'version=2']), lines(['capability=clean', 'capability=smudge'])]
const asked = (command: string, path: string, bytes: Uint8Array): readonly Uint8Array[] => [
  lines([`command=${command}`, `pathname=${path}`]),
  content(bytes),
]
const answered = (bytes: Uint8Array): readonly Uint8Array[] => [lines(['status=success']), content(bytes), lines([])]

describe('a session', () => {
  let box: Sandbox
  beforeEach(() => {
    box = sandbox()
  })
  afterEach(() => box.remove())

  const serve = (stdin: readonly Uint8Array[], ...words: string[]): Promise<CliResult> =>
    runCli(['git', 'filter-process', ...words], {
      cwd: box.dir,
      env: { PATH: process.env['PATH'] },
      stdin: Buffer.concat(stdin),
    })

  test('passes plain and empty files on, and says what it does not know', async () => {
    const odd = Buffer.from('no secret\0')
    const { code, stdout, stderr } = await serve([
      ...greeting,
      ...asked('smudge', 'a b "ä".enc.yaml', odd),
      ...asked('clean', 'empty.enc.yaml', Buffer.alloc(0)),
      ...asked('polish', 'c', odd),
      ...asked('smudge', 'd', odd),
    ])
    const wanted = [
      ...greeted,
      ...answered(odd),
      ...answered(Buffer.alloc(0)),
      lines(['status=error']),
      ...answered(odd),
    ]
    expect([code, stdout.toString(), stderr]).toEqual([
      0,
      Buffer.concat(wanted).toString(),
      'error: c: git asks the filter for "polish", which it does not know\n',
    ])
  })

  test('that somebody types is refused', async () => {
    const { code, stdout, stderr } = await serve([Buffer.from('hello\n')])
    expect([code, stdout.length, stderr]).toEqual([1, 0, expect.stringContaining('git starts it')])
  })

  test('opens one wrapped data key once, for any number of files', async () => {
    let dataKey = Buffer.alloc(0)
    let opened = 0
    const stop = await hostileKeyService(`${box.dir}/s`, (call, done) => {
      const isWrap = call.getPath() === '/KeyService/Encrypt'
      // The last field of the request is the data key.
      if (isWrap) dataKey = Buffer.from(call.request.subarray(-32))
      else opened++
      done(null, answerOf(isWrap ? Buffer.from('wrapped') : dataKey))
    })
    try {
      writeFileSync(box.path('f.yaml'), 'a: 1\n')
      const service = ['--enable-local-keyservice=false', '--keyservice', `unix://${box.dir}/s`]
      const recipient = 'age1y9ff66k7cr0zgmwu3vcw8tcxycnk50ncwzlca0axt28yw0tyxujsxh4de5'
      await runCli(['encrypt', '-i', ...service, '--age', recipient, 'f.yaml'], { cwd: box.dir })
      const sealed = readFileSync(box.path('f.yaml'))
      expect(sealed.toString()).toMatch(/^a: ENC/)
      const files = Array.from({ length: 200 }, (_, i) => asked('smudge', `f${i}.yaml`, sealed)).flat()
      const { stdout, stderr } = await serve([...greeting, ...files], ...service, '--network-keys')
      const plain = Array.from({ length: 200 }, () => answered(Buffer.from('a: 1\n'))).flat()
      expect([stderr, opened]).toEqual(['', 1])
      expect(stdout.equals(Buffer.concat([...greeted, ...plain]))).toBe(true)
    } finally {
      stop()
    }
  })
})
