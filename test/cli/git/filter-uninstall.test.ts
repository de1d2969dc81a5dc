// `sops git uninstall` where the filter has decrypted files: nothing is lost, and nothing of them is committed in clear afterwards.
import { rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeFiltered, makeOffice, type Office } from './filter-support.ts'

let office: Office
beforeAll(() => {
  office = makeOffice()
})
afterAll(() => office.remove())

test('ciphertext takes the place of plaintext, in every work tree', () => {
  const one = makeFiltered(office, 'all')
  one.git('worktree', 'add', '-q', '../all-tree')
  one.write('a.enc.yaml', 'a: staged\nb: two\n')
  one.git('add', '-u')
  const { code, stdout, stderr } = one.sops('git', 'uninstall')
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^2 files encrypted again; /)
  expect(one.read('a.enc.yaml')).toBe(one.blob('a.enc.yaml'))
  expect(one.read('../all-tree/a.enc.yaml')).toBe(one.blob('HEAD:a.enc.yaml'))
  // The attributes were committed: their removal is a change like another.
  expect(one.status()).toBe(' D .gitattributes\nM  a.enc.yaml\n')
  one.git('add', '-A')
  expect(one.sops('check', '--staged').code).toBe(0)
  expect(one.sops('decrypt', 'a.enc.yaml').stdout).toBe('a: staged\nb: two\n')
})

test.each<[string, string]>([
  ['a change that is not added', 'a.enc.yaml'],
  ['a new file', 'new.enc.yaml'],
])('%s: it refuses, and nothing changes', (_, name) => {
  const one = makeFiltered(office, `refused-${name}`)
  one.write('b.enc.yaml', 'b: 1\n')
  one.git('add', 'b.enc.yaml')
  one.write(name, 'a: changed\n')
  const before = [one.read('.git/config'), one.read('.gitattributes')]
  const { code, stderr } = one.sops('git', 'uninstall')
  expect([code, stderr]).toEqual([1, expect.stringContaining(`in clear, with changes that are not added: ${name}`)])
  expect([one.read('.git/config'), one.read('.gitattributes')]).toEqual(before)
  expect(one.read(name)).toBe('a: changed\n')
  expect(one.read('b.enc.yaml')).toBe('b: 1\n')
  one.git('add', name)
  expect(one.sops('git', 'uninstall').code).toBe(0)
  expect(one.read(name)).toMatch(/^a: ENC/)
})

test('without a key it refuses as well, since it cannot tell', () => {
  const one = makeFiltered(office, 'keyless')
  rmSync(`${one.home}/.config/sops/age/keys.txt`)
  expect(one.sops('git', 'uninstall')).toMatchObject({ code: 1 })
  expect(one.read('a.enc.yaml')).toBe('a: one\nb: two\n')
})
