// Whatever single value of an encrypted file is made plaintext gives exactly one finding, in every format, under every selection.
import { afterEach, expect, test } from 'vitest'
import { type Checked, makeChecked, rulesFor, short } from './support.ts'

let repo: Checked
afterEach(() => repo.remove())

const yaml = `# top
user: ann
password: p4ss
deep:
  list:
    # inner
    - one
    - two: 2
      three: true
  empty: ""
  none: null
  token: 1.5
---
second:
  user: bob
`
const json = JSON.stringify(
  { user: 'ann', deep: { list: ['one', { two: 2 }], token: false }, key: 3.25 },
  undefined,
  '\t',
)
const env = '# note\nUSER=ann\nvar=1\nTOKEN=abc\nEMPTY=\n'
const ini = '; note\ntop = 1\n[one]\n; note\nuser = ann\n[two]\nuser = bob\ntoken = x\n'

const selections: readonly (readonly [name: string, setting: string])[] = [
  ['everything', ''],
  ['encrypted_regex', 'encrypted_regex: ^(user|token|USER|TOKEN)$'],
  ['unencrypted_regex', 'unencrypted_regex: ^password$'],
  ['encrypted_suffix', 'encrypted_suffix: r'],
  ['encrypted_comment_regex', 'encrypted_comment_regex: note|top|inner'],
  ['mac_only_encrypted', 'mac_only_encrypted: true'],
]
const files: readonly (readonly [name: string, text: string])[] = [
  ['secrets/a.yaml', yaml],
  ['secrets/a.json', json],
  ['secrets/a.env', env],
  ['secrets/a.ini', ini],
  ['secrets/a.bin', 'some bytes'],
]

test.each(selections.flatMap(([name, setting]) => files.map(([file, text]) => [file, name, setting, text] as const)))(
  '%s under %s',
  async (file, _, setting, text) => {
    repo = makeChecked(rulesFor().replace('age:', `${setting === '' ? '' : `${setting}\n    `}age:`))
    await repo.seal({ [file]: text })
    const sealed = repo.read(file)
    const own = [...sealed.matchAll(/(")?ENC\[AES256_GCM,[^\]]*type:(\w+)\]"?/g)].filter(
      ({ index, 2: type }) => type !== 'comment' && !isInBlock(sealed, index),
    )
    // Comments of these two say nothing of values.
    if (!/json|ini/.test(file) || !setting.includes('comment')) expect(own.length).toBeGreaterThan(0)
    for (const { 0: token, index, 1: quote = '' } of own) {
      repo.write(file, `${sealed.slice(0, index)}${quote}clear${quote}${sealed.slice(index + token.length)}`)
      const { found } = await repo.check(file)
      const line = sealed.slice(0, index).split('\n').length
      expect(short(found.filter(({ keyPath, level }) => keyPath !== null && level === 'error'))).toEqual([
        expect.stringMatching(/^plaintext-value \S+ \[.*\] error$/),
      ])
      expect(found.filter(({ level }) => level === 'error')).toMatchObject([{ rule: 'plaintext-value', line }])
    }
  },
  60_000,
)

/** Within the metadata: of its document in YAML, and at the end elsewhere. */
function isInBlock(text: string, at: number): boolean {
  const before = text.slice(0, at)
  const block = Math.max(
    before.lastIndexOf('\nsops:'),
    before.lastIndexOf('\n\t"sops"'),
    before.lastIndexOf('\nsops_'),
    before.lastIndexOf('\n[sops]'),
  )
  return block >= 0 && before.lastIndexOf('\n---') < block
}
