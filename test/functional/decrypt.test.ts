// The decrypting cases of spec/functional-cases.md, by their numbers. The files are made here in the spellings that older versions wrote.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { makeSuite, read, type Suite } from './suite.ts'

let suite: Suite
beforeAll(() => {
  suite = makeSuite()
})
afterAll(() => suite.remove())

const commented = '# first comment\nlorem: ipsum\n# second comment\ndolor: sit\n'

/** As SOPS 3.6.1 wrote it: a list for every type of key, empty or not, and the block's last line end missing. */
async function oldFile(name: string): Promise<string> {
  const path = await suite.encrypted(name, commented)
  const text = read(path)
    .replace(/^sops:\n/m, 'sops:\n    kms: []\n    gcp_kms: []\n    azure_kv: []\n    hc_vault: []\n')
    .replace('enc: |\n', 'enc: |-\n')
    .replace(/^( *)version: .*$/m, '$1pgp: []\n$1version: 3.6.1')
  suite.file(name, text)
  return path
}

test('22: a file without a MAC', async () => {
  const path = await suite.encrypted('no_mac.yaml', 'a: secret\n')
  suite.file('no_mac.yaml', read(path).replace(/^ *mac: .*\n/m, ''))
  expect(await suite.sops(['decrypt', path])).toMatchObject({ code: 51, stdout: '' })
  expect(await suite.sops(['decrypt', '--ignore-mac', path])).toMatchObject({ code: 0, stdout: 'a: secret\n' })
})

test('23: from stdin', async () => {
  const stdin = read(await oldFile('comments.enc.yaml'))
  const { code, stdout } = await suite.sops(['decrypt', '--input-type', 'yaml', '--output-type', 'yaml'], { stdin })
  expect(code).toBe(0)
  expect(parse(stdout)).toEqual({ lorem: 'ipsum', dolor: 'sit' })
})

test('26: encrypted comments, in a file of 3.6.1', async () => {
  expect(await suite.sops(['decrypt', await oldFile('comments.enc.yaml')])).toMatchObject({
    code: 0,
    stdout: commented,
  })
})

test('27: comments in clear, in a file of 3.3.1', async () => {
  const path = await oldFile('clear.yaml')
  const comments = ['# first comment', '# second comment']
  suite.file(
    'clear.yaml',
    read(path).replaceAll(/^#ENC\[.*$/gm, () => comments.shift() ?? ''),
  )
  expect(read(path)).toContain('# second comment\n')
  expect(await suite.sops(['decrypt', path])).toMatchObject({ code: 0, stdout: commented })
})

test.each([
  ['yaml', 'foo: bar\n'],
  ['json', '{\n\t"foo": "bar"\n}\n'],
  ['env', 'foo = bar\n'],
  ['ini', '[foo]\nbar = baz\n'],
])('41: a .%s file', async (suffix, text) => {
  const path = await suite.encrypted(`format.enc.${suffix}`, text)
  expect(read(path)).not.toContain(text.includes('baz') ? 'baz' : '"bar"')
  expect(await suite.sops(['decrypt', path])).toEqual({ code: 0, stdout: text, stderr: '' })
})

test.each([
  ['real line breaks in triple quotes', (value: string) => `"""${value.replaceAll('\\n', '\n')}"""`],
  ['escaped line breaks', (value: string) => value],
])('41: INI metadata with %s', async (_, spell) => {
  const path = await suite.encrypted('format-2.enc.ini', '[foo]\nbar = baz\n')
  const text = read(path).replace(
    /^(age__list_0__map_enc *= )"?(-----BEGIN.*-----\\n)"?$/m,
    (_line, key, value) => key + spell(value),
  )
  suite.file('format-2.enc.ini', text)
  expect(await suite.sops(['decrypt', path])).toEqual({ code: 0, stdout: '[foo]\nbar = baz\n', stderr: '' })
})
