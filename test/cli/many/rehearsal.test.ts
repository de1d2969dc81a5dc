// --dry-run and --check ask for nothing: what needs no key is told without one, and what does is opened with keys that lie ready.
import { Encrypter } from 'age-encryption'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { identity, makeWork, recipient, secondRecipient, type Work } from './support.ts'

let work: Work
let questions: string[]
beforeEach(async () => {
  questions = []
  work = await makeWork({ 'a.enc.yaml': 'a: 1\n', 'b.enc.yaml': 'a: 2\n' })
  const encrypter = new Encrypter()
  encrypter.setPassphrase('correct horse')
  encrypter.setScryptWorkFactor(10)
  work.write({ '../key.age': await encrypter.encrypt(`${identity}\n`) })
})
afterEach(() => work.remove())

/** With nothing but an identity that a passphrase locks. */
const locked = (...argv: string[]): ReturnType<Work['sops']> =>
  work.sops(argv, {
    env: { SOPS_AGE_KEY: '', SOPS_AGE_KEY_FILE: work.path('../key.age') },
    prompt: (text) => {
      questions.push(text)
      return 'correct horse'
    },
  })

test('the commands themselves ask, once for all', async () => {
  expect(await locked('set', '--all', '["a"]', '3')).toMatchObject({ code: 0 })
  expect(questions).toHaveLength(1)
})

describe.each(['--dry-run', '--check'])('%s', (how) => {
  test('rotate changes every file, which is known without a key', async () => {
    const { code, stdout } = await locked('rotate', '-i', '--all', how)
    expect([code, stdout]).toEqual([how === '--check' ? 1 : 0, 'would rotate a.enc.yaml\nwould rotate b.enc.yaml\n'])
    expect(questions).toEqual([])
  })

  test.each([
    ['who is not there', ['--rm-age', secondRecipient], 'no such recipient'],
    ['all there are', ['--rm-age', recipient], 'empty key group'],
  ])('rotate cannot remove %s', async (_, flags, said) => {
    const { code, stderr } = await locked('rotate', '-i', '--all', how, ...flags)
    expect([code, stderr]).toEqual([1, expect.stringContaining(said)])
    expect(questions).toEqual([])
  })

  test.each([
    [
      ['set', '--all'],
      ['["a"]', '3'],
    ],
    [['unset', '--all'], ['["a"]']],
    [['decrypt', '-i', '--all'], []],
  ])('%j fails where it would have to ask, since nobody can tell', async (argv, words) => {
    const before = work.contents()
    const { code, stderr } = await locked(...argv, how, ...words)
    expect([code, questions]).toEqual([128, []])
    expect(stderr).toContain('ask for nothing')
    expect(work.contents()).toEqual(before)
  })

  test('set tells with a key that lies ready', async () => {
    const { code, stdout } = await work.sops(['set', '--idempotent', how, '--all', '["a"]', '2'])
    expect([code, stdout]).toEqual([how === '--check' ? 1 : 0, 'would set it in a.enc.yaml\n'])
  })
})
