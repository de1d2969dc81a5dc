// What encrypting loses of a file's spelling is said, by path and without values.
import { expect, test } from 'vitest'
import { makeProject } from '../support/project.ts'

const encryptedWith = async (text: string): Promise<{ stderr: string; plain: string }> => {
  const project = makeProject({ 'f.yaml': text })
  try {
    const alice = project.person('one')
    const { stderr } = await alice.sops(['encrypt', '-i', '--age', alice.recipient, 'f.yaml'])
    return { stderr, plain: (await alice.sops(['decrypt', 'f.yaml'])).stdout }
  } finally {
    project.remove()
  }
}

test('a spelling the encrypted form cannot hold is named', async () => {
  const { stderr, plain } = await encryptedWith('a:\n  mask: 0x1F\n  ratio: 1.50\nb: plain\n')
  expect(stderr).toContain('note: f.yaml: the spelling of ["a"]["mask"] cannot be kept')
  expect(stderr).not.toContain('0x1F')
  expect(plain).toBe('a:\n  mask: 31\n  ratio: 1.50\nb: plain\n')
})

test('digits with underscores and dates in other spellings are named, plain dates are kept', async () => {
  const { stderr, plain } = await encryptedWith('a: 1_000\nb: 2024-01-01\nc: 2024-01-01T10:00:00.50Z\n')
  expect(stderr).toContain('note: f.yaml: the spelling of ["a"]')
  expect(plain).toContain('a: 1000\nb: 2024-01-01\n')
})

test('texts whose lines, escapes or tag have no room in the encrypted form are named', async () => {
  const { stderr, plain } = await encryptedWith('a: x\n  y\nb: "\\x41"\nc: !!binary aGk=\nd: >-\n  e\n  f\n')
  expect(stderr).toContain('note: f.yaml: the spelling of ["a"], ["b"], ["c"] and 1 more cannot be kept')
  expect(plain).toBe('a: x y\nb: "A"\nc: hi\nd: >-\n  e f\n')
})

test('aliases of encrypted values are counted', async () => {
  const { stderr } = await encryptedWith('a: &x secret\nb: *x\nc: [*x]\n')
  expect(stderr).toContain('2 aliases were replaced by a copy')
})

test('a file without losses is encrypted silently', async () => {
  expect(await encryptedWith('a: "x"\nb: 1.50\nc: [1, +7]\nd: true\ne: !!float 1\nf: |+\n\n')).toEqual({
    stderr: '',
    plain: 'a: "x"\nb: 1.50\nc: [1, +7]\nd: true\ne: !!float 1\nf: |+\n\n',
  })
})
