// What SOPS cannot read of a text is written so that it can, in every command, and said: the table in docs/ is executed here.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FormatId, SelectionOptions } from '../src/index.ts'
import { SopsError } from '../src/index.ts'
import { orReported, seal, unseal } from './fuzz/sealed.ts'
import { root } from './support/build.ts'
import { makeProject, type Person, type Project } from './support/project.ts'
import { refusedByReference } from './support/reference-grammar.ts'

interface Row {
  readonly construct: string
  readonly example: string
  /** What the encrypted file says, or that there is none. */
  readonly here: string | 'kept' | 'refused'
}

interface Part {
  readonly format: FormatId
  readonly selection: SelectionOptions
  readonly says: (comment: string) => boolean
  readonly rows: readonly Row[]
}

const text = (cell: string): string =>
  (JSON.parse(cell.replace(/^`+|`+$/g, '')) as string).replace(/(.)…/gu, (_, c: string) => c + c.repeat(1024))

const parts: readonly Part[] = readFileSync(join(root, 'docs/reference-grammar.md'), 'utf8')
  .split('\n## ')
  .slice(1)
  .map((part) => {
    const [title = '', ...lines] = part.split('\n')
    const word = /`(\w+)`/.exec(title)?.[1]
    return {
      format: title.split(',')[0]!.toLowerCase() as FormatId,
      selection: word ? { encryptedCommentRegex: word } : { unencryptedRegex: '.*' },
      says: (comment) => word !== undefined && comment.includes(word),
      rows: lines
        .filter((line) => line.startsWith('|'))
        .slice(2)
        .map((line) => {
          const [construct, example, , here] = line.slice(2, -2).split(' | ') as [string, string, string, string]
          return { construct, example: text(example), here: here.startsWith('`') ? text(here) : here }
        }),
    }
  })

/** The encrypted file without what encrypting adds at its end. */
function data(encrypted: string, format: FormatId): string {
  if (format === 'json') return encrypted.replace(/,?\s*"sops":[\s\S]*/, '}')
  if (/^sops:\n +\{/m.test(encrypted)) return encrypted.replace(/,?\nsops:\n +\{[\s\S]*/, '}\n')
  return encrypted.replace(/\n*^(?:sops:|\[sops\]|sops_)[\s\S]*/m, '\n')
}

const added = { json: /\s+/g } as const

describe.each(parts)('$format, $selection', ({ format, selection, says, rows }) => {
  test.each(rows)('$construct: $here', async ({ example, here }) => {
    const sealed = await orReported(() => seal(example, { format, ...selection }))
    if (here === 'refused') {
      expect(sealed).toBeInstanceOf(SopsError)
      return
    }
    const written = Buffer.from(sealed as Uint8Array).toString()
    const squeezed = (some: string): string => (format === 'json' ? some.replace(added.json, '') : some)
    expect(squeezed(data(written, format))).toBe(squeezed(here === 'kept' ? example : here))
    expect(refusedByReference(format, written, says)).toEqual([])
    // The check that generated documents go through sees the example as what it is.
    expect(refusedByReference(format, example, says).length > 0).toBe(here !== 'kept')
    expect(await unseal(sealed as Uint8Array, format)).toBeInstanceOf(Uint8Array)
  })
})

describe('commands', () => {
  let project: Project
  let alice: Person
  beforeEach(() => {
    project = makeProject()
    alice = project.person('one')
  })
  afterEach(() => project.remove())

  const refused = 'x_unencrypted: ["\\/", http://h/p?q=1]\ny: 1\nz: {"k"\n  : 1}\n'
  const encrypt = (): Promise<unknown> => alice.sops(['encrypt', '-i', '--age', alice.recipient, 'f.yaml'])

  test('encrypt says what is written in another way, and where', async () => {
    project.write('f.yaml', refused)
    const { stderr, code } = await alice.sops(['encrypt', '-i', '--age', alice.recipient, 'f.yaml'])
    expect(code).toBe(0)
    expect(stderr).toContain(
      'SOPS cannot read "\\/" in double quotes, so it is written as "/": line 1 of the encrypted file',
    )
    expect(stderr).toContain(
      'a text with "?" and without quotes in a flow collection, so it is written as a text in quotes: line 1 ',
    )
    expect(stderr).toContain('so it is written as a key with "? " before it: line 3 ')
    expect(project.read('f.yaml')).toMatch(/^x_unencrypted: \["\/", 'http:\/\/h\/p\?q=1'\]\n.*\nz: \{\? "k"\n {2}: /)
    expect((await alice.sops(['decrypt', 'f.yaml'])).stdout).toBe(
      'x_unencrypted: ["/", \'http://h/p?q=1\']\ny: 1\nz: {? "k"\n  : 1}\n',
    )
  })

  test('a value that is encrypted is not named, and comes back as it was', async () => {
    project.write('f.yaml', 'y: ["\\/", http://h/p?q=1]\n')
    const { stderr } = await alice.sops(['encrypt', '-i', '--age', alice.recipient, 'f.yaml'])
    expect(stderr).not.toContain('SOPS cannot read')
    expect((await alice.sops(['decrypt', 'f.yaml'])).stdout).toBe('y: ["/", http://h/p?q=1]\n')
  })

  /** A file as it was written by a version that kept everything. */
  async function oldFile(): Promise<void> {
    project.write('f.yaml', 'x_unencrypted: [aQb]\ny: 1\n')
    await encrypt()
    project.write('f.yaml', project.read('f.yaml').replace('[aQb]', '["a\\x51b"]'))
    expect(await alice.sops(['decrypt', 'f.yaml'])).toMatchObject({ code: 0 })
    project.write('f.yaml', project.read('f.yaml').replace('["a\\x51b"]', '[aQb, "\\/"]'))
  }

  test.each([
    ['set', ['set', '--ignore-mac', 'f.yaml', '["y"]', '2']],
    ['unset', ['unset', '--ignore-mac', 'f.yaml', '["y"]']],
    ['updatekeys', ['updatekeys', '--ignore-mac', '--yes', 'f.yaml']],
  ])('%s makes an old file readable, and says so', async (_, argv) => {
    await oldFile()
    project.write('.sops.yaml', `creation_rules:\n  - age: ${alice.recipient},${project.person('two').recipient}\n`)
    const { stderr, code } = await alice.sops(argv)
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('SOPS cannot read') })
    expect(project.read('f.yaml')).toContain('[aQb, "/"]')
  })

  test('a new text in a clear flow collection gets quotes where it needs them, without a word', async () => {
    project.write('f.yaml', 'x_unencrypted: [a]\ny: 1\n')
    await encrypt()
    const set = (path: string, value: string): Promise<{ stderr: string }> => alice.sops(['set', 'f.yaml', path, value])
    expect((await set('["x_unencrypted"][0]', '"b?"')).stderr).toBe('')
    expect((await set('["x_unencrypted"][1]', '{"c?": "d?"}')).stderr).toBe('')
    expect(project.read('f.yaml')).toMatch(/^x_unencrypted: \['b\?', \{"c\?": 'd\?'\}\]\n/)
  })
})
