// The toolchain of the executable: none but the pinned one is used, and nothing that npm installs brings it.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fileIn, integrityOf, thisPlatform, toolchain } from '../../scripts/toolchain.mjs'
import { root } from '../support/build.ts'
import { runProcess } from '../support/process.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sops-toolchain-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('what is pinned', () => {
  test.each(Object.entries(toolchain.platforms))('%s', (platform, { package: name, target, integrity }) => {
    expect(integrity).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/)
    const [os = '', cpu = '', libc] = platform.split('-')
    const words = [
      { win32: 'windows' }[os] ?? os,
      { arm64: 'aarch64' }[cpu] ?? cpu,
      ...(libc === undefined ? [] : [libc]),
      // Without -baseline the runtime may take instructions that older processors do not have.
      ...(cpu === 'x64' ? ['baseline'] : []),
    ]
    expect(name).toBe(`@oven/bun-${words.join('-')}`)
    expect(target.split('-').sort()).toEqual(['bun', ...words.slice(0, 1), cpu, ...words.slice(2)].sort())
  })

  test('one version, exactly', () => expect(toolchain.version).toMatch(/^\d+\.\d+\.\d+$/))

  test('no package of ours brings it along', () => {
    const lock: { packages: Record<string, unknown> } = JSON.parse(
      readFileSync(join(root, 'package-lock.json'), 'utf8'),
    )
    expect(Object.keys(lock.packages).filter((place) => /(^|\/)(bun|@oven\/.*)$/.test(place))).toEqual([])
  })
})

describe('an archive that is not the pinned one', () => {
  test.each([
    ['of other content', Buffer.from('not what was pinned')],
    ['that is empty', Buffer.alloc(0)],
  ])('%s is refused, named and not kept; nothing is made', async (_, content) => {
    const { package: name, integrity } = toolchain.platforms[thisPlatform()]!
    const cache = join(folder, 'caches/sops-ts-toolchain')
    mkdirSync(cache, { recursive: true })
    const archive = join(cache, `${name.slice(1).replace('/', '-')}-${toolchain.version}.tgz`)
    writeFileSync(archive, content)
    const out = join(folder, 'out')
    const run = await runProcess(process.execPath, [join(root, 'scripts/package.mjs'), '--out', out], {
      cwd: folder,
      env: { PATH: '', HOME: folder, XDG_CACHE_HOME: join(folder, 'caches'), TMPDIR: folder },
    })
    expect([run.exit, run.stdout.toString()]).toEqual([1, ''])
    expect(run.stderr.toString()).toBe(
      `${name}@${toolchain.version} is not what toolchain.json pins: ${integrityOf(content)}, not ${integrity}\n`,
    )
    expect([existsSync(archive), existsSync(out)]).toEqual([false, false])
  })
})

describe('a file of an archive', () => {
  const tar = (names: readonly string[]): Buffer =>
    execFileSync('tar', ['--format', 'ustar', '-c', ...names], { cwd: folder, maxBuffer: 2 ** 24 })

  test.each([0, 1, 511, 512, 513, 70_000])('of %i bytes, between others', (size) => {
    const content = Buffer.alloc(size, 'content')
    for (const name of ['a', 'b', 'c']) writeFileSync(join(folder, name), name === 'b' ? content : name)
    expect(fileIn(tar(['a', 'b', 'c']), 'b').equals(content)).toBe(true)
  })

  test('is missed when it is not there', () => {
    writeFileSync(join(folder, 'a'), 'package/bin/bun')
    expect(() => fileIn(tar(['a']), 'package/bin/bun')).toThrow('the archive has no package/bin/bun')
    expect(() => fileIn(Buffer.alloc(0), 'a')).toThrow('the archive has no a')
  })
})
