// `--licenses`: what the program is made of, in the words of those who made it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packagesIn } from '../../scripts/licences.mjs'
import { root } from '../support/build.ts'
import { runProgram } from '../support/process.ts'

const sops = (...args: string[]) => runProgram(args, { cwd: '/', env: { PATH: '', HOME: '/nonexistent' } })

test('our own licence first, then that of every package that is bundled', async () => {
  const { exit, stdout, stderr } = await sops('--licenses')
  expect([exit, stderr.toString()]).toEqual([0, ''])
  const text = stdout.toString()
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const own = readFileSync(join(root, 'LICENSE'), 'utf8').trim()
  expect(text.startsWith(`${name} ${version} (MIT)\n\n${own}\n`)).toBe(true)
  const packages = packagesIn(JSON.parse(readFileSync(join(root, 'dist/cli/meta.json'), 'utf8')))
  expect(packages.length).toBeGreaterThan(100)
  const missing = packages.filter((folder) => !text.includes(`\n\n${folder.replace(/^.*node_modules\//, '')} `))
  expect(missing).toEqual([])
})

test.each([
  [['--licenses', 'decrypt', 'missing.yaml'], /^sops-ts /],
  [['--licenses', '--version'], /^sops 3/],
  [['--licenses', '--help'], /^NAME:/],
])('%j', async (args, wanted) => {
  const { exit, stdout } = await sops(...args)
  expect([exit, stdout.toString()]).toEqual([0, expect.stringMatching(wanted)])
})
