// One call over many files: rotate -i and updatekeys.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeProject, type Person, type Project } from '../support/project.ts'

const names = Array.from({ length: 12 }, (_, i) => `f${i}.yaml`)

let project: Project
let alice: Person
let bob: Person

const rule = (...people: readonly Person[]): string =>
  `creation_rules:\n  - age: ${people.map(({ recipient }) => recipient).join(',')}\n`

beforeEach(async () => {
  project = makeProject(Object.fromEntries(names.map((name, i) => [name, `n: ${i}\n`])))
  alice = project.person('one')
  bob = project.person('two')
  project.write('.sops.yaml', rule(alice))
  for (const name of names) await alice.sops(['encrypt', '-i', name])
})
afterEach(() => project.remove())

describe('rotate -i', () => {
  test('gives every file a new data key', async () => {
    const before = names.map((name) => project.read(name))
    expect(await alice.sops(['rotate', '-i', '--add-age', bob.recipient, ...names])).toMatchObject({
      code: 0,
      stderr: '',
    })
    for (const [i, name] of names.entries()) {
      expect(project.read(name)).not.toBe(before[i])
      expect(await bob.sops(['decrypt', name])).toMatchObject({ code: 0, stdout: `n: ${i}\n` })
    }
  })

  test('writes nothing when a file fails', async () => {
    project.write('f3.yaml', 'n: not encrypted\n')
    const before = names.map((name) => project.read(name))
    const result = await alice.sops(['rotate', '-i', '--add-age', bob.recipient, ...names])
    expect(result.code).toBe(1)
    expect(result.stderr).toContain('f3.yaml: sops metadata not found')
    expect(result.stderr).toContain('rotated 0, unchanged 11, failed 1: nothing was written')
    expect(names.map((name) => project.read(name))).toEqual(before)
  })

  test('writes the others with --keep-going', async () => {
    project.write('f3.yaml', 'n: not encrypted\n')
    const result = await alice.sops(['rotate', '-i', '--keep-going', '--add-age', bob.recipient, ...names])
    expect(result.code).toBe(1)
    expect(result.stderr).toContain('rotated 11, unchanged 0, failed 1')
    expect(project.read('f3.yaml')).toBe('n: not encrypted\n')
    expect(await bob.sops(['decrypt', 'f4.yaml'])).toMatchObject({ code: 0 })
  })
})

describe('updatekeys', () => {
  test('keeps what is wrapped for recipients that stay, and the values, the MAC and the date', async () => {
    project.write('.sops.yaml', rule(alice, bob))
    const before = names.map((name) => project.read(name).split('\n'))
    expect(await alice.sops(['updatekeys', '--yes', ...names])).toMatchObject({ code: 0 })
    for (const [i, name] of names.entries()) {
      const after = new Set(project.read(name).split('\n'))
      expect(before[i]!.filter((line) => !after.has(line))).toEqual([])
      expect(await bob.sops(['decrypt', name])).toMatchObject({ code: 0, stdout: `n: ${i}\n` })
    }
  })

  test('says per file what it does, asks once per file, and leaves those that are up to date alone', async () => {
    project.write('.sops.yaml', rule(alice, bob))
    const first = await alice.sops(['updatekeys', 'f0.yaml', 'f1.yaml'], { stdin: 'y\nn\n' })
    expect(first.code).toBe(0)
    expect(first.stdout).toContain(`+++ ${bob.recipient}`)
    expect(first.stderr).toMatch(/f0\.yaml synced with new keys\n/)
    expect(first.stderr).toMatch(/f1\.yaml left unchanged\n/)
    const before = project.read('f0.yaml')
    const second = await alice.sops(['updatekeys', '-y', 'f0.yaml'])
    expect(second.stderr).toMatch(/f0\.yaml already up to date\n/)
    expect(project.read('f0.yaml')).toBe(before)
  })
})
