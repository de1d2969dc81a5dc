// `x-sops-ts.recipients`: what the configuration calls the recipients of files.
import { describe, expect, it } from 'vitest'
import { recipientNames } from '../../src/config/index.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { configOf, messageOfRejection } from './support.ts'

const one = 'age1y9ff66k7cr0zgmwu3vcw8tcxycnk50ncwzlca0axt28yw0tyxujsxh4de5'
const two = 'age1mg5v280fnkyk53ucszfkzte7nulcutspl4rqkyv9qg0dulevps6sed8ku0'
const fingerprint = 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4'

const age = (recipient: string): MasterKey => ({ type: 'age', fields: { recipient }, enc: '' })
const named = (...lines: readonly string[]): string =>
  `x-sops-ts:\n  recipients:\n${lines.map((line) => `    ${line}\n`).join('')}`

describe('names', () => {
  it.each<[string, string, MasterKey, string | undefined]>([
    ['a key', `alice: ${one}`, age(one), 'alice'],
    ['a map', `alice: {key: ${one}, expires: 2031-01-31}`, age(one), 'alice'],
    ['another key', `alice: ${two}`, age(one), undefined],
    ['a fingerprint in another spelling', `bob: "0x${fingerprint.toLowerCase()}"`, pgp(fingerprint), 'bob'],
    ['a key of another type', `bob: ${fingerprint}`, age(one), undefined],
    ['the name of a property of all objects', `__proto__: ${one}`, age(one), '__proto__'],
  ])('%s', async (_, line, key, name) => {
    const { config, ctx } = await configOf(named(line))
    expect(await recipientNames(config, ctx)(key)).toBe(name)
  })

  it('the first of two counts', async () => {
    const { config, ctx } = await configOf(named(`alice: ${one}`, `bob: ${one}`))
    expect(await recipientNames(config, ctx)(age(one))).toBe('alice')
  })

  it('there are none without a configuration', async () => {
    const { ctx } = await configOf('')
    expect(await recipientNames(undefined, ctx)(age(one))).toBeUndefined()
  })
})

function pgp(fp: string): MasterKey {
  return { type: 'pgp', fields: { fp }, enc: '' }
}

it('are data of the configuration', async () => {
  const { config } = await configOf(named(`alice: ${one}`, `ci: {key: ${two}, expires: "2031-12-31"}`))
  expect(config.own).toEqual({ recipients: { alice: { key: one }, ci: { key: two, expires: '2031-12-31' } } })
})

describe('what does not fit', () => {
  it.each<[string, string, string]>([
    [
      'an unknown field',
      'x-sops-ts: {recipents: {}}',
      'line 1: unknown field "recipents" in x-sops-ts: did you mean recipients?',
    ],
    ['one like none', 'x-sops-ts: {zzzzzz: {}}', 'unknown field "zzzzzz" in x-sops-ts: fields there are check,'],
    [
      'an unknown field of a recipient',
      named(`a: {key: ${one}, until: 2031-01-01}`),
      'unknown field "until" in x-sops-ts.recipients.a',
    ],
    ['a recipient without a key', named('a: {expires: 2031-01-01}'), 'line 3: x-sops-ts.recipients.a has no key'],
    ['a name without a recipient', named('a:'), 'line 3: x-sops-ts.recipients.a: a text or a map is wanted here'],
    ['a list', named(`a: [${one}]`), 'line 3: a text or a map is wanted here, not a list'],
    [
      'a day that is none',
      named(`a: {key: ${one}, expires: 2031-02-30}`),
      'line 3: a day like 2027-01-31 is wanted here',
    ],
    ['a list of recipients', `x-sops-ts: {recipients: [${one}]}`, 'line 1: a map is wanted here, not a list'],
    ['a name twice', named(`a: ${one}`, `a: ${two}`), 'line 4: mapping key "a" already defined at line 3'],
  ])('%s', async (_, text, said) => {
    expect(await messageOfRejection(configOf(text))).toContain(said)
  })
})
