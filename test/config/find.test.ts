import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { findConfig, loadConfig } from '../../src/config/index.ts'
import { fakeContext } from '../support/context.ts'
import { folderWith, messageOfRejection } from './support.ts'

const misnamed = 'when searching for config file; the config file must be called ".sops.yaml"'

describe('findConfig', () => {
  const table: { name: string; files: string[]; cwd: string; found?: string; warning?: string }[] = [
    { name: 'in the working directory', files: ['.sops.yaml'], cwd: '.', found: '.sops.yaml' },
    { name: 'above it', files: ['.sops.yaml', 'a/b/c/x'], cwd: 'a/b/c', found: '../../../.sops.yaml' },
    { name: 'the nearest one', files: ['.sops.yaml', 'a/.sops.yaml', 'a/b/x'], cwd: 'a/b', found: '../.sops.yaml' },
    { name: 'a folder of that name is a hit', files: ['.sops.yaml', 'a/.sops.yaml/'], cwd: 'a', found: '.sops.yaml' },
    {
      name: '.sops.yml is passed over, the nearest one is named',
      files: ['.sops.yaml', 'a/.sops.yml', 'a/b/.sops.yml', 'a/b/c/x'],
      cwd: 'a/b/c',
      found: '../../../.sops.yaml',
      warning: `ignoring "../.sops.yml" ${misnamed}; using "../../../.sops.yaml" instead`,
    },
    {
      name: '.sops.yml beside .sops.yaml is not looked at',
      files: ['.sops.yaml', '.sops.yml'],
      cwd: '.',
      found: '.sops.yaml',
    },
    { name: '.sops.yml alone', files: ['.sops.yml'], cwd: '.', warning: `ignoring ".sops.yml" ${misnamed}` },
    { name: 'nothing', files: ['x'], cwd: '.' },
  ]
  it.each(table)('$name', async ({ files, cwd, found, warning }) => {
    const folder = folderWith(Object.fromEntries(files.map((name) => [name, ''])))
    const ctx = fakeContext({ cwd: path.join(folder, cwd) })
    const file = await findConfig(ctx)
    expect(file?.path).toBe(found)
    if (found) expect(file?.absolutePath).toBe(path.resolve(folder, cwd, found))
    await findConfig(ctx)
    expect(ctx.lines).toEqual(warning ? [{ level: 'warning', logger: 'CMD', message: warning }] : [])
  })

  it('looks at the working directory and 99 above it', async () => {
    const folder = folderWith({ '.sops.yaml': '' })
    const deep = (levels: number): string => {
      const below = path.join(folder, ...Array.from({ length: levels }, () => 'd'))
      mkdirSync(below, { recursive: true })
      return below
    }
    expect((await findConfig(fakeContext({ cwd: deep(99) })))?.path).toBe(`${'../'.repeat(99)}.sops.yaml`)
    expect(await findConfig(fakeContext({ cwd: deep(100) }))).toBeUndefined()
  })

  it('visits the physical parents of a linked directory and reads what it found there', async () => {
    const folder = folderWith({ 'real/.sops.yaml': 'stores: {yaml: {indent: 7}}', 'real/sub/x': '', '.sops.yaml': '' })
    symlinkSync(path.join(folder, 'real/sub'), path.join(folder, 'link'))
    const ctx = fakeContext({ cwd: path.join(folder, 'link') })
    const file = await findConfig(ctx)
    expect(file?.path).toBe('../.sops.yaml')
    expect((await loadConfig(file!, ctx)).stores).toEqual({ yaml: { indent: 7 } })
  })

  it('does not search for an explicit path, nor look at it', async () => {
    const folder = folderWith({ '.sops.yml': '' })
    const ctx = fakeContext({ cwd: folder })
    expect(await findConfig(ctx, 'c/none.yaml')).toEqual({
      path: 'c/none.yaml',
      absolutePath: path.join(folder, 'c/none.yaml'),
    })
    expect(ctx.lines).toEqual([])
    expect(await findConfig(ctx, '')).toBeUndefined()
  })
})

describe('files that cannot be read', () => {
  it.each([
    ['none.yaml', 'could not read config file: open none.yaml: no such file or directory'],
    ['file/x', 'could not read config file: open file/x: not a directory'],
    ['folder', 'could not read config file: read folder: is a directory'],
  ])('%s', async (name, message) => {
    const ctx = fakeContext({ cwd: folderWith({ file: '', 'folder/': '' }) })
    const file = await findConfig(ctx, name)
    expect(await messageOfRejection(loadConfig(file!, ctx))).toBe(message)
  })

  it.skipIf(process.getuid?.() === 0)('without permission', async () => {
    const folder = folderWith({ 'c.yaml': '' })
    chmodSync(path.join(folder, 'c.yaml'), 0)
    const ctx = fakeContext({ cwd: folder })
    const file = await findConfig(ctx, 'c.yaml')
    expect(await messageOfRejection(loadConfig(file!, ctx))).toBe(
      'could not read config file: open c.yaml: permission denied',
    )
  })
})
