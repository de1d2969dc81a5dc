// The driver and the filter together: merges in a work tree where files are in clear.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Desk, makeFiltered, makeOffice, type Office } from './filter-support.ts'

let office: Office
beforeAll(() => {
  office = makeOffice()
})
afterAll(() => office.remove())

/** A commit on `feature` and one on `main`, which is checked out. */
function branches(desk: Desk, ours: string, theirs: string): void {
  desk.git('checkout', '-q', '-b', 'feature')
  desk.write('a.enc.yaml', theirs)
  desk.git('commit', '-qam', 'theirs')
  desk.git('checkout', '-q', 'main')
  desk.write('a.enc.yaml', ours)
  desk.git('commit', '-qam', 'ours')
}

test('a clean merge is in clear, and so is the status', () => {
  const desk = makeFiltered(office, 'clean')
  branches(desk, 'a: 1\nb: two\n', 'a: one\nb: 2\n')
  desk.git('merge', '-q', '-m', 'm', 'feature')
  expect(desk.read('a.enc.yaml')).toBe('a: 1\nb: 2\n')
  expect(desk.status()).toBe('')
  expect(desk.blob('HEAD:a.enc.yaml')).toMatch(/^a: ENC\[.*\nb: ENC\[/)
}, 60_000)

test('a conflict is in clear, is not added as long as markers are there, and is encrypted once it is settled', () => {
  const desk = makeFiltered(office, 'conflict')
  branches(desk, 'a: ours\nb: two\n', 'a: theirs\nb: 2\n')
  expect(desk.tryGit('merge', 'feature').code).toBe(1)
  expect(desk.read('a.enc.yaml')).toBe(
    '<<<<<<< ours (main)\na: ours\n=======\na: theirs\n>>>>>>> theirs (feature)\nb: 2\n',
  )
  expect(desk.tryGit('add', 'a.enc.yaml').code).not.toBe(0)
  desk.write('a.enc.yaml', 'a: both\nb: 2\n')
  desk.git('add', 'a.enc.yaml')
  desk.git('commit', '-qm', 'settled')
  expect(desk.status()).toBe('')
  expect(desk.blob('HEAD:a.enc.yaml')).not.toMatch(/both|<<<</)
  desk.git('checkout', '-q', 'feature')
  desk.git('checkout', '-q', 'main')
  expect(desk.read('a.enc.yaml')).toBe('a: both\nb: 2\n')
}, 60_000)

test('sops merge settles it too', () => {
  const desk = makeFiltered(office, 'resolver')
  branches(desk, 'a: ours\nb: two\n', 'a: theirs\nb: 2\n')
  desk.tryGit('merge', 'feature')
  const { code, stderr } = desk.sops('merge', '--theirs', 'a.enc.yaml')
  expect([code, stderr]).toEqual([0, expect.stringContaining('staged')])
  expect(desk.read('a.enc.yaml')).toBe('a: theirs\nb: 2\n')
  desk.git('commit', '-qm', 'settled')
  expect(desk.status()).toBe('')
  expect(desk.blob('HEAD:a.enc.yaml')).toMatch(/^a: ENC\[/)
}, 60_000)
