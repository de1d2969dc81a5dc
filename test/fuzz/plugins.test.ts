// Plugins that talk nonsense, die at each point, or never stop talking: an error on one line, soon, and in little memory.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeBech32 } from '../../src/keys/age/bech32.ts'
import type { Stanza } from '../../src/keys/age/format/stanza.ts'
import { pluginIdentity, pluginRecipient } from '../../src/keys/age/plugin/plugin.ts'
import { fakeContext } from '../support/context.ts'
import { isLong, numbersFrom, runs, seed, timeout } from './budget.ts'
import { mutated } from './corpus.ts'
import { makeTally } from './tally.ts'

if (process.platform === 'win32') console.warn('skipped: the plugins of this test are shell scripts')

const identity = encodeBech32('AGE-PLUGIN-DEMO-', Buffer.from('identity')).toUpperCase()
const recipient = { text: encodeBech32('age1demo', Buffer.from('recipient')), name: 'demo' }
const stanza: Stanza = { args: ['demo', 'x'], body: Buffer.alloc(16, 7) }
const fileKey = Buffer.alloc(16, 9)
const body = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '')

/** What a good plugin says, whatever it is answered. */
const talks = {
  identity: `-> msg\n${body(Buffer.from('touch it'))}\n-> file-key 0\n${body(fileKey)}\n-> done\n\n`,
  recipient: `-> labels a\n\n-> recipient-stanza 0 demo x\n${body(Buffer.alloc(48, 1))}\n\n-> done\n\n`,
} as const

let dir: string
let made = 0
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sops-plugins-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** A plugin that says those bytes and then does what the script says. */
function folder(says: Uint8Array | string, script: string): string {
  const path = join(dir, String(made++))
  mkdirSync(path)
  writeFileSync(join(path, 'says'), says)
  writeFileSync(join(path, 'age-plugin-demo'), `#!/bin/sh\ncat ${join(path, 'says')}\n${script}\n`)
  chmodSync(join(path, 'age-plugin-demo'), 0o755)
  return path
}

type Side = keyof typeof talks

async function converse(side: Side, says: Uint8Array | string, script: string): Promise<'answer' | 'error'> {
  const path = folder(says, script)
  const prompt = Array.from({ length: 50 }, () => '1')
  const ctx = fakeContext({ home: dir, cwd: dir, env: { PATH: `${path}:/usr/bin:/bin` }, prompt })
  try {
    if (side === 'recipient') {
      const stanzas = await pluginRecipient(recipient, ctx).wrapFileKey(fileKey)
      expect(stanzas.length).toBeGreaterThan(0)
    } else {
      const file = { stanzas: [stanza] } as unknown as Parameters<ReturnType<typeof pluginIdentity>['unwrap']>[0]
      const found = await pluginIdentity(identity, ctx).unwrap(file)
      if (found) expect(found.length).toBe(16)
    }
    return 'answer'
  } catch (error) {
    expect((error as Error).constructor, String(error)).toBe(Error)
    expect((error as Error).message).toMatch(/^demo plugin: [^\p{C}]{1,1200}$/u)
    return 'error'
  } finally {
    for (const line of ctx.lines) expect(line.message).toMatch(/^[^\p{C}]{0,1200}$/u)
    rmSync(path, { recursive: true })
  }
}

const sides = Object.keys(talks) as Side[]
const waits = 'exec cat > /dev/null'

test.skipIf(process.platform === 'win32').each(sides)(
  '%s: what it says with bytes changed',
  async (side) => {
    expect(await converse(side, talks[side], waits)).toBe('answer')
    const below = numbersFrom(seed)
    const tally = makeTally()
    const count = runs(30).numRuns ?? 0
    for (let i = 0; i < count; i++) tally.add(await converse(side, mutated(Buffer.from(talks[side]), below), 'exit 0'))
    if (isLong) console.log(`plugin ${side}: ${tally.text()}`)
    expect(tally.of('error')).toBeGreaterThan(count / 10)
  },
  timeout,
)

test.skipIf(process.platform === 'win32').each(sides)(
  '%s: it dies behind each byte',
  async (side) => {
    const full = Buffer.from(talks[side])
    for (let at = 0; at < full.length - 1; at += isLong ? 1 : 9)
      for (const end of at % 2 === 0 || isLong ? ['kill -9 $$', 'exec <&-; exit 3'] : ['exit 0'])
        expect(await converse(side, full.subarray(0, at), end), full.toString('latin1', 0, at)).toBe('error')
  },
  timeout,
)

const filler = 'A'.repeat(64)
const endless: readonly (readonly [name: string, script: string])[] = [
  ['zeros', 'exec cat /dev/zero'],
  ['line ends', "exec yes ''"],
  ['lines of a body', `printf -- '-> msg\\n'; exec yes ${filler}`],
  ['messages', "exec yes '-> msg\nAAAA'"],
  ['questions', "exec yes '-> request-secret\nAAAA'"],
  ['commands that nobody knows', "exec yes '-> x\n'"],
  ['stanzas', "exec yes '-> recipient-stanza 0 demo x\nAAAA'"],
  ['words', `printf -- '->'; exec yes ' x' | tr -d '\\n'`],
]

test.skipIf(process.platform === 'win32').each(endless)(
  'it never stops sending %s',
  async (_, script) => {
    const before = process.memoryUsage().rss
    for (const side of sides) expect(await converse(side, '', script)).toBe('error')
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20)
  },
  timeout,
)

test.skipIf(process.platform === 'win32')(
  'it ends, and what it started holds its output open',
  async () => {
    expect(await converse('identity', '', 'sleep 30 &\nexit 0')).toBe('error')
  },
  timeout,
)
