// What merely shows how encrypted files look is none: documentation, sources of tests. What is one by its name or its rule stays one.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Checked, makeChecked, short } from './support.ts'

let repo: Checked
beforeEach(() => {
  repo = makeChecked()
})
afterEach(() => repo.remove())

const block = `pw: ENC[AES256_GCM,data:abcd,iv:xx,tag:yy,type:str]
sops:
    age:
        - recipient: age1…
          enc: …
    lastmodified: "2026-01-01T00:00:00Z"
    mac: ENC[AES256_GCM,data:abcd,iv:xx,tag:yy,type:str]
`
const fenced = `# Secrets\n\`\`\`yaml\n${block}\`\`\`\n`
const merge = `# Conflicts\n<<<<<<< HEAD\n${block}=======\n${block}>>>>>>> other\n`

const found = async (): Promise<readonly string[]> => {
  repo.git('add', '-A')
  return short((await repo.check('--rule', 'unused-rule=off')).found)
}

describe('is no encrypted file', () => {
  test.each([
    ['docs/a.md', fenced],
    ['README', fenced],
    ['docs/a.rst', fenced],
    ['docs/a.txt', block],
    ['docs/a.txt', `Example:\n${block}`],
    ['docs/a.html', `<pre>\n${block}</pre>\n`],
    ['docs/conflicts.md', merge],
    ['src/a_test.go', `package a\n\nvar in = \`\n${block}\`\n`],
    ['src/test.py', `text = """\n${block}"""\n`],
    [
      'docs/env.md',
      'In short:\n\nA=ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]\nsops_mac=ENC[x]\nsops_lastmodified=2026\n',
    ],
  ])('%s', async (name, text) => {
    repo.write(name, text)
    expect(await found()).toEqual([])
  })
})

describe('is one that is damaged', () => {
  test.each([
    ['other/a.yaml', 'broken-metadata'],
    ['other/a.yaml.enc', 'broken-metadata'],
    ['other/a.enc', 'broken-metadata'],
    ['secrets/a.go', 'broken-metadata'],
  ])('%s', async (name, rule) => {
    repo.write(name, `\`\n${block}`)
    expect(await found()).toEqual([`${rule} ${name} error`])
  })
  test('an encrypted text in the middle of a merge', async () => {
    await repo.seal({ 'secrets/a.txt': 'some text\n' })
    const sealed = repo.read('secrets/a.txt')
    for (const name of ['secrets/a.txt', 'notes.txt'])
      repo.write(name, sealed.replace(/^.*"data".*$/m, '<<<<<<< HEAD\n$&\n=======\n$&\n>>>>>>> other'))
    expect(await found()).toEqual(['conflict-markers notes.txt error', 'conflict-markers secrets/a.txt error'])
  })
})
