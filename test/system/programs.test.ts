import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findProgram } from '../../src/system/programs.ts'

let root: string
const at = (...parts: readonly string[]): string => join(root, ...parts)

/** `folder` holds a folder called tool, `plain` a file that is not executable, `one` and `two` hold programs. */
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'sops-programs-'))
  for (const path of ['folder/tool', 'plain', 'one', 'two']) mkdirSync(at(path), { recursive: true })
  writeFileSync(at('plain/tool'), '')
  for (const path of ['one/tool', 'two/tool', 'two/other']) {
    writeFileSync(at(path), '#!/bin/sh\n')
    chmodSync(at(path), 0o755)
  }
})
afterAll(() => rmSync(root, { recursive: true }))

test.each<[string, string[], string[], string | undefined]>([
  ['the first folder wins', ['tool'], ['one', 'two'], 'one/tool'],
  ['within a folder the first name', ['other', 'tool'], ['two', 'one'], 'two/other'],
  ['a folder before a name', ['other', 'tool'], ['one', 'two'], 'one/tool'],
  ['no folder of that name', ['tool'], ['folder', 'one'], 'one/tool'],
  ['no file without the right to run it', ['tool'], ['plain', 'one'], 'one/tool'],
  ['nothing', ['none'], ['one', 'two'], undefined],
])('%s', (_, names, folders, found) => {
  const path = folders.map((folder) => at(folder)).join(delimiter)
  expect(findProgram(names, path)).toBe(found && at(found))
})

test('relative folders are not searched', () => {
  const before = process.cwd()
  process.chdir(root)
  try {
    for (const path of ['one', './one', '', '.', `${delimiter}one`]) expect(findProgram(['tool'], path)).toBe(undefined)
    expect(findProgram(['tool'], undefined)).toBe(undefined)
  } finally {
    process.chdir(before)
  }
})
