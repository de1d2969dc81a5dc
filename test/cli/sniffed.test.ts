// Encrypted YAML of unusual forms under names that say nothing: every command that reads a file tells the format from the content.
import { afterAll, describe, expect, test } from 'vitest'
import { makeProject } from '../support/project.ts'

const project = makeProject({ '.sops.yaml': '' })
afterAll(() => project.remove())
const alice = project.person('one')

/** The whole text as far in as its first line is. */
const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, '  ')

describe.each<[string, string, (sealed: string) => string, string]>([
  ['an indented root', 'a: 1\nb: x\n', indented, '  a: 1\n  b: x\n'],
  ['braces with a quoted key first', '{"a": x, b: 1}\n', (text) => text, '{"a": x, b: 1}\n'],
  ['braces with single quotes', `{"a": 'x', 'b': 1}\n`, (text) => text, `{"a": x, 'b': 1}\n`],
])('%s', (_, plain, as, shown) => {
  const file = 'f.enc'
  const write = async (): Promise<void> => {
    project.write('plain.yaml', plain)
    const { code, stdout, stderr } = await alice.sops(['encrypt', '--age', alice.recipient, 'plain.yaml'])
    expect(code, stderr).toBe(0)
    project.write(file, as(stdout))
  }

  test.each([
    ['decrypt', file],
    ['git', 'textconv', file],
  ])('%s %s', async (...argv) => {
    await write()
    expect(await alice.sops(argv)).toMatchObject({ code: 0, stdout: shown })
  })

  test('filestatus', async () => {
    await write()
    expect(await alice.sops(['filestatus', file])).toMatchObject({ code: 0, stdout: '{"encrypted":true}\n' })
  })

  test('doctor', async () => {
    await write()
    const { stdout } = await alice.sops(['doctor', file])
    expect(stdout).toMatch(/yaml/)
  })

  test('set', async () => {
    await write()
    expect(await alice.sops(['set', file, '["b"]', '2'])).toMatchObject({ code: 0 })
    expect((await alice.sops(['decrypt', '--extract', '["b"]', file])).stdout).toBe('2\n')
  })
})
