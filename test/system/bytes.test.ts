// Bytes that are no UTF-8 in strings, and their way back.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesOf, hasBytes, LOST, nativePath, replaced, shown, textOf } from '../../src/system/bytes.ts'
import { environmentAsGiven, wordsAsGiven } from '../../src/system/given.ts'
import { handedOver, lostVariables, start } from '../../src/system/start.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('bytes and text', () => {
  test('all bytes come back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(bytesOf(textOf(bytes))).toEqual(Buffer.from(bytes))
      }),
      { seed: 1 },
    )
  })

  test('text comes back, and nothing in it counts as bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(textOf(Buffer.from(text))).toBe(text)
        expect(hasBytes(text)).toBe(false)
      }),
      { seed: 1 },
    )
  })

  test.each<[string, string, string]>([
    ['Latin-1', '636166e9', 'caf\\xe9'],
    ['a character cut short', 'e282', '\\xe2\\x82'],
    ['one cut short before another', 'e282 e282ac', '\\xe2\\x82€'],
    ['an overlong slash', 'c0af', '\\xc0\\xaf'],
    ['half of a surrogate pair', 'eda080', '\\xed\\xa0\\x80'],
    ['beyond Unicode', 'f4908080', '\\xf4\\x90\\x80\\x80'],
    ['a replacement character', 'efbfbd', '\ufffd'],
    ['a pair whose low half looks like a byte', 'f09f92a9', '💩'],
  ])('%s is shown', (_, bytes, text) => {
    expect(shown(textOf(hex(bytes)))).toBe(text)
  })

  test('expressions see one U+FFFD for each byte', () => {
    expect(replaced(textOf(hex('61 e282 62')))).toBe('a\ufffd\ufffdb')
  })

  test('paths are bytes only where they must be', () => {
    expect(nativePath('/a/é')).toBe('/a/é')
    expect(nativePath(textOf(hex('2f e9')))).toEqual(hex('2fe9'))
    expect(() => nativePath(`/a${LOST}`)).toThrow(
      '/a\ufffd: bytes that are no UTF-8 cannot be read from the system here',
    )
  })
})

describe('what the system gave', () => {
  test('is not looked at where Node has replaced nothing', () => {
    const env = { A: 'é' }
    expect(environmentAsGiven(env, 'linux')).toBe(env)
    const words = ['é']
    expect(wordsAsGiven(words, 'linux')).toBe(words)
  })

  test('is marked as lost where the system does not tell it, but not on Windows, where text is text', () => {
    const words = Array.from({ length: 10_000 }, () => '\ufffd')
    expect(wordsAsGiven(words, 'darwin')[0]).toBe(LOST)
    expect(wordsAsGiven(words, 'win32')[0]).toBe('\ufffd')
  })
})

// A shell that gets the bytes through a pipe.
describe.skipIf(process.platform === 'win32')('programs', () => {
  const output = async (child: ReturnType<typeof start>): Promise<Buffer> => {
    const chunks: Buffer[] = []
    for await (const chunk of child.stdout!) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks)
  }
  const every = Buffer.from(Array.from({ length: 255 }, (_, i) => i + 1))

  test.each([
    ['a value with every byte', every],
    ['line ends last', Buffer.concat([hex('e9'), Buffer.from('\n\n')])],
    ['quotes and substitutions', Buffer.concat([hex('ff'), Buffer.from(`'$(echo x)\`echo y\`"\\'`)])],
    ['a long one', Buffer.alloc(100_000, 0xe9)],
  ])('get %s, in variables and words', async (_, bytes) => {
    const env = { PATH: process.env['PATH'], X: textOf(bytes), s: 'kept' }
    const one = start('/bin/sh', ['-c', 'printf %s. "$X$s"'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    expect((await output(one)).equals(Buffer.concat([bytes, Buffer.from('kept.')]))).toBe(true)
    const two = start('printf', ['%s.', textOf(bytes)], {
      env: { PATH: env.PATH },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    expect((await output(two)).equals(Buffer.concat([bytes, Buffer.from('.')]))).toBe(true)
  })

  test('keep their input, and have no other descriptor and no variable of the shell that started them', async () => {
    const env = { PATH: process.env['PATH'], X: textOf(hex('e9')), 'a.b': textOf(hex('e9')) }
    const child = start('/bin/sh', ['-c', 'cat; (: <&3) 2>/dev/null || echo closed; env | grep -a -c sops'], { env })
    child.stdin!.end('input ')
    expect((await output(child)).toString()).toBe('input closed\n0\n')
  })

  test.skipIf(process.platform !== 'linux')('have no value in the words of a process', async () => {
    const env = { PATH: process.env['PATH'], X: textOf(Buffer.concat([Buffer.from('hidden'), hex('e9')])) }
    const child = start('/bin/sh', ['-c', 'echo up; read -r line'], { env })
    const words = (): string => readFileSync(`/proc/${child.pid}/cmdline`, 'latin1')
    expect(words()).not.toContain('hidden')
    await handedOver(child)
    expect(words()).not.toContain('hidden')
    child.stdin!.end('\n')
    expect((await output(child)).toString()).toBe('up\n')
  })

  test('are started without variables whose bytes are lost', async () => {
    const env = { PATH: process.env['PATH'], X: LOST }
    expect(lostVariables(env)).toEqual(['X'])
    const child = start('/bin/sh', ['-c', 'echo "[$X]"'], { env })
    expect((await output(child)).toString()).toBe('[]\n')
  })
})
