// What every command that writes a file has to say: a new one that forgets it is found here.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const cli = join(import.meta.dirname, '../../src/cli')
const sources = readdirSync(cli, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => [name.replaceAll('\\', '/'), readFileSync(join(cli, name), 'utf8')] as const)

/** Names of the files that call one of `functions`. */
const callers = (...functions: readonly string[]): readonly string[] => {
  const call = new RegExp(`(?<!function )\\b(?:${functions.join('|')})\\(`)
  return sources.filter(([, text]) => call.test(text)).map(([name]) => name)
}

test.each([
  ['what SOPS reads otherwise', ['sealFile', 'sealNew', 'sealDraft', 'changeRecipients'], 'warnOfRespelling'],
  ['what is stored in clear against the rule', ['sealFile', 'sealDraft'], 'checkClear'],
  ['that nothing was encrypted', ['sealNew', 'sealDraft'], 'warnOfCleartext'],
  ['for whom else the data key is wrapped', ['wrapDataKey', 'changeRecipients'], 'warnOfRecipients'],
])('whoever writes says %s', (_, writes, says) => {
  const writers = callers(...writes)
  expect(writers.length).toBeGreaterThan(0)
  // Settings that stay as they are make nothing clear: sealing refuses it.
  const unchanged = says === 'checkClear' ? ['check/mend-value.ts'] : []
  // What an editor leaves of a merge is sealed in the room of merges, as every merge is: on the text of ours, and never with less encrypted.
  const ofMerges = writes.includes('sealDraft') ? ['merge/draft.ts'] : []
  expect(writers.filter((name) => !callers(says).includes(name))).toEqual([...unchanged, ...ofMerges])
})
