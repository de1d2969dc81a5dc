import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseSharedFile, profileName, setting, sharedConfig } from '../../src/aws/shared-config.ts'
import { loadOptional } from '../../src/net/optional.ts'
import { decodeBase64, encodeBase64 } from '../../src/text/base64.ts'
import { file } from '../keys/kms-support.ts'
import { fakeContext } from '../support/context.ts'

const plain = (text: string): unknown =>
  Object.fromEntries(
    [...parseSharedFile(text)].map(([name, section]) => [
      name,
      Object.fromEntries(
        [...section].map(([key, value]) => [key, value instanceof Map ? Object.fromEntries(value) : value]),
      ),
    ]),
  )

test.each([
  ['', {}],
  ['a = 1\n[x]\nB = 2\r\n', { x: { b: '2' } }],
  ['[x]\n# no\n; no\na = b # c\nd = e#f ;g\n', { x: { a: 'b', d: 'e#f' } }],
  ['[ x ]\na=\n  b = 1\n  c=2\nd = 3\n  e = 4\n', { x: { a: { b: '1', c: '2' }, d: '3', e: '4' } }],
  ['[x]\na = 1\n[y]\n[x]\nb = 2', { x: { a: '1', b: '2' }, y: {} }],
  ['[x]\nnothing\n= 1\na = b = c', { x: { a: 'b = c' } }],
])('%j', (text, expected) => {
  expect(plain(text)).toEqual(expected)
})

test('both files say something of a profile; that of credentials wins', () => {
  const config = file(
    '[default]\na = 1\n[profile "my own"]\nb = 1\nc = 1\n[other]\nd = 1\n[services s]\nkms =\n  e = 1\n',
  )
  const credentials = file('[my own]\nb = 2\n[third]\nf = 1\n')
  const ctx = fakeContext({ env: { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: credentials } })
  const { profiles, services } = sharedConfig(ctx)
  expect([...profiles.keys()]).toEqual(['default', 'my own', 'third'])
  expect(Object.fromEntries(profiles.get('my own')!)).toEqual({ b: '2', c: '1' })
  expect(services.get('s')?.get('kms')).toEqual(new Map([['e', '1']]))
  expect(setting(profiles.get('absent'), 'a')).toBe('')
})

test('files that are not there say nothing', () => {
  const { profiles, configPath } = sharedConfig(fakeContext({ home: '/nonexistent/home' }))
  expect(profiles.size).toBe(0)
  expect(configPath).toBe('/nonexistent/home/.aws/config')
  expect(sharedConfig(fakeContext({ home: '/h', env: { AWS_CONFIG_FILE: '~/c' } })).configPath).toBe('/h/c')
})

test.each([
  ['own', { AWS_PROFILE: 'a' }, 'own'],
  ['', { AWS_PROFILE: 'a', AWS_DEFAULT_PROFILE: 'b' }, 'a'],
  ['', { AWS_DEFAULT_PROFILE: 'b' }, 'b'],
  ['', {}, 'default'],
])('profile of %j with %j', (own, env, expected) => {
  expect(profileName(own, fakeContext({ env }))).toBe(expected)
})

test('any text is a shared file', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('[', ']', '=', ' ', '\n', 'a', '#', '"') }), (text) => {
      expect(parseSharedFile(text).size).toBeLessThanOrEqual(text.split('[').length)
    }),
  )
})

test('base64 survives line breaks and nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(), (bytes, at) => {
      const text = encodeBase64(bytes)
      const place = at % (text.length + 1)
      expect([...decodeBase64(`${text.slice(0, place)}\r\n${text.slice(place)}`)]).toEqual([...bytes])
      expect(() => decodeBase64(`${text.slice(0, place)} ${text.slice(place)}`)).toThrow('illegal base64')
    }),
  )
})

test('a package that is not installed is named, with what to do', async () => {
  const absent = '@aws-sdk/not-there'
  await expect(loadOptional(absent, () => import(absent))).rejects.toThrow(
    expect.objectContaining({
      code: 'missing-dependency',
      message: 'missing package @aws-sdk/not-there: npm i -g @aws-sdk/not-there',
    }),
  )
})
