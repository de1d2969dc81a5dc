// `x-sops-ts`, what only this program reads: nothing in it is passed over.
import { describe, expect, it } from 'vitest'
import { configOf, messageOfRejection } from './support.ts'

const own = (text: string): string => `x-sops-ts:\n${text.replaceAll(/^/gm, '  ')}\n`

it('is data of the configuration; a text stands for a list of one', async () => {
  const { config } = await configOf(
    own(`check:
  rules: {clear-secret: off, git-setup: error}
  require: 'prod/**'
  exclude: [docs/**, '*.tpl']
  kinds: [SealedThing]
  ignore:
    - rule: plaintext-file
      files: old/*
      keys: ['["a"]', 'pass*']
      until: 2031-01-31
      why: moved next week
groups: {env: ['env/*.enc.yaml']}
policy:
  - files: prod/**
    min_recipients: 2
    required_recipients: ops
    data_key_max_age: 90d
    value_max_age: 365d
    keys: token
revoked: [{who: carol, at: 2026-01-31}]
revoke_grace: 14d
filter: {without_key: fresh}`),
  )
  expect(config.own).toEqual({
    filter: { without_key: 'fresh' },
    check: {
      rules: { 'clear-secret': 'off', 'git-setup': 'error' },
      require: ['prod/**'],
      exclude: ['docs/**', '*.tpl'],
      kinds: ['SealedThing'],
      ignore: [
        {
          rule: 'plaintext-file',
          files: ['old/*'],
          keys: ['["a"]', 'pass*'],
          until: '2031-01-31',
          why: 'moved next week',
        },
      ],
    },
    groups: { env: ['env/*.enc.yaml'] },
    policy: [
      {
        files: ['prod/**'],
        min_recipients: 2,
        required_recipients: ['ops'],
        data_key_max_age: 90,
        value_max_age: 365,
        keys: ['token'],
      },
    ],
    revoked: [{ who: 'carol', at: '2026-01-31' }],
    revoke_grace: 14,
  })
})

describe('what does not fit', () => {
  it.each<[string, string, string]>([
    ['a misspelt field', 'check: {ignored: []}', 'unknown field "ignored" in x-sops-ts.check: did you mean ignore?'],
    ['a level that is none', 'check: {rules: {mac: loud}}', 'off, info, warn, error is wanted here, not'],
    ['a map in place of patterns', 'check: {require: {a: b}}', 'a text or a list is wanted here, not a map'],
    ['a day that is none', 'check: {ignore: [{rule: mac, until: soon}]}', 'a day like 2027-01-31 is wanted here'],
    ['an ignored finding without its rule', 'check: {ignore: [{files: a}]}', 'x-sops-ts.check.ignore[0] has no rule'],
    ['a span without its unit', 'policy: [{files: a, value_max_age: 90}]', 'a number of days like 90d is wanted here'],
    ['a policy for no files', 'policy: [{min_recipients: 2}]', 'x-sops-ts.policy[0] has no files'],
    ['a revoked recipient without a day', 'revoked: [{who: carol}]', 'x-sops-ts.revoked[0] has no at'],
  ])('%s', async (_, text, said) => {
    expect(await messageOfRejection(configOf(own(text)))).toContain(said)
  })
})
