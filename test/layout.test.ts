// The source text is the document: encrypting, editing and decrypting leave every byte that they need not change.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { runCli } from './support/cli.ts'
import { keysFolder } from './support/conformance/case.ts'
import { differentTree } from './support/conformance/check.ts'
import { changeOneValue, layoutFiles, missingPiece, skeleton } from './support/layout.ts'

/** Files that come back with the same values but not the same bytes, and why. */
const exceptions: Readonly<Record<string, string>> = {
  'yaml/gitlab-ci.yml': 'aliases and merge keys are expanded, because their values must be encrypted',
  'yaml/numbers-canonical.yaml':
    'the reference cannot read these spellings from an encrypted leaf, so they become canonical',
  'yaml/folded-long.yaml': 'the line breaks inside a folded text are not part of its value',
  'yaml/multiline-scalars.yaml': 'the line breaks inside plain and quoted scalars are not part of their value',
}

const recipient = 'age1y9ff66k7cr0zgmwu3vcw8tcxycnk50ncwzlca0axt28yw0tyxujsxh4de5'
const folder = mkdtempSync(join(tmpdir(), 'sops-layout-'))
const env: Readonly<Record<string, string>> = {
  PATH: process.env.PATH ?? '',
  HOME: folder,
  SOPS_AGE_KEY: readFileSync(join(keysFolder, 'one.age'), 'utf8'),
  SOPS_AGE_RECIPIENTS: recipient,
  SOPS_DISABLE_VERSION_CHECK: '1',
}

afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function sops(
  cwd: string,
  argv: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Buffer> {
  const { code, stdout, stderr } = await runCli(argv, { cwd, env: { ...env, ...more } })
  const errors = stderr.replaceAll(/^.*level=warning.*\n/gm, '')
  expect({ code, errors }, argv.join(' ')).toEqual({ code: 0, errors: '' })
  return stdout
}

const lines = (bytes: Buffer): string[] => bytes.toString().split('\n')

/** Lines of metadata that every change renews. */
const renewed = /^\s*"?(sops_)?(mac|lastmodified)"?\s*[:=]/

test('the corpus is large enough, and every exception names a file of it', () => {
  expect(layoutFiles.length).toBeGreaterThanOrEqual(60)
  const editable = layoutFiles.filter(({ format, bytes }) => changeOneValue(format, bytes.toString()) !== undefined)
  expect(editable.length).toBeGreaterThanOrEqual(40)
  expect(Object.keys(exceptions).filter((name) => !layoutFiles.some((file) => file.name === name))).toEqual([])
})

describe.each(layoutFiles)('$name', ({ name, format, bytes }) => {
  const work = join(folder, name.replaceAll('/', '-'))
  const file = basename(name)
  mkdirSync(work, { recursive: true })
  writeFileSync(join(work, file), bytes)
  const seal = async (): Promise<Buffer> => {
    const sealed = await sops(work, ['encrypt', file])
    mkdirSync(join(work, 'sealed'), { recursive: true })
    writeFileSync(join(work, 'sealed', file), sealed)
    return sealed
  }
  const sealed = seal()
  // The tests below report it.
  sealed.catch(() => {})

  test(
    name in exceptions ? `comes back with the same values (${exceptions[name]})` : 'comes back byte for byte',
    async () => {
      await sealed
      const opened = await sops(work, ['decrypt', join('sealed', file)])
      if (name in exceptions) {
        expect(opened.equals(bytes), 'this file comes back unchanged: remove the exception').toBe(false)
        expect(differentTree(format, bytes.toString(), opened.toString(), true)).toBeUndefined()
      } else expect(opened.toString()).toBe(bytes.toString())
    },
  )

  test('changes nothing outside values, comments and metadata when encrypted', async () => {
    // Expanding an alias writes new nodes, which is more than a change of values.
    if (name === 'yaml/gitlab-ci.yml') return
    expect(missingPiece(skeleton(format, (await sealed).toString()), bytes.toString())).toBeUndefined()
  })

  test('an edit of one value changes its line, the MAC and the time, and nothing else', async () => {
    const before = await sealed
    const plain = await sops(work, ['decrypt', join('sealed', file)])
    const change = changeOneValue(format, plain.toString())
    if (change === undefined) return
    writeFileSync(join(work, 'wanted'), change.text)
    mkdirSync(join(work, 'edited'), { recursive: true })
    writeFileSync(join(work, 'edited', file), before)
    await sops(work, ['edit', join('edited', file)], { EDITOR: `cp ${join(work, 'wanted')}` })
    const after = readFileSync(join(work, 'edited', file))
    const [old, now] = [lines(before), lines(after)]
    expect(now.length).toBe(old.length)
    const different = now.filter((line, at) => line !== old[at] && !renewed.test(line))
    expect(different.map((line) => line.trim().startsWith(change.line))).toEqual([true])
    expect((await sops(work, ['decrypt', join('edited', file)])).toString()).toBe(change.text)
  })
})
