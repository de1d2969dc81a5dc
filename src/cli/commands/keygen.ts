// `sops keygen`: puts a new age identity where sops looks for it. Never touches an existing file.

import { dirname } from 'node:path'
import { createFile } from '../../disk/index.ts'
import { SopsError } from '../../errors.ts'
import { loadKeygen } from '../../keys/index.ts'
import { makeFolders, systemErrorText } from '../../system/index.ts'
import { quote, shellWord } from '../../text/quote.ts'
import { type Command, command } from '../command.ts'
import { bool } from '../flag.ts'
import { output as outputFlag } from '../flags.ts'
import { hintLines } from '../form.ts'
import type { Invocation, Io } from '../invocation.ts'
import { sayLines } from '../say.ts'
import { absolutePath } from '../settings.ts'

const flags = [outputFlag, bool('pq', 'make a post-quantum identity (ML-KEM-768 with X25519)')] as const

export const keygen: Command = command({
  args: '',
  flags,
  examples: ['sops keygen', 'sops keygen --pq --output ~/keys/backup.txt'],
  run,
})

/** An identity is never printed, and a file of that name would be overlooked. */
const noFile = (output: string): SopsError =>
  new SopsError('generic', output === '' ? '--output names no file' : 'an identity is not written to stdout', {
    hints: ['name a file with --output, or leave it out: sops then finds the identity by itself'],
  })

async function run(inv: Invocation<(typeof flags)[number]>, io: Io): Promise<number> {
  const { defaultIdentityFile, generateIdentity, identityFileText } = await loadKeygen()
  const [word] = inv.positionals
  if (word !== undefined) {
    throw new SopsError('usage', `keygen takes no words, got ${quote(word)}`, {
      hints: [`to write the identity into that file: sops keygen --output ${shellWord(word)}`],
    })
  }
  const output = inv.string('output')
  if (inv.given('output') && (output === '' || output === '-')) throw noFile(output)
  const path = output === '' ? defaultIdentityFile(io.ctx) : absolutePath(io.ctx, output)
  const pair = await generateIdentity({ pq: inv.bool('pq') })
  const bytes = Buffer.from(identityFileText(pair, io.ctx.now()))
  let isCreated: boolean
  try {
    await makeFolders(dirname(path), 0o700)
    isCreated = await createFile(io.host, path, bytes, { exclusive: true, mode: 0o600 })
  } catch (error) {
    const text = systemErrorText(error, 'open', path)
    throw new SopsError('cannot-write', `could not write the identity: ${text}`, { cause: error })
  } finally {
    bytes.fill(0)
  }
  if (!isCreated) {
    throw new SopsError('cannot-write', `${path} exists already; it was left as it is`, {
      hints: ['name another file with --output', 'sops doctor shows the recipients of the identities you have'],
    })
  }
  await io.tell(`identity written to ${path}; keep a copy in a safe place`)
  const hints = [
    ...(output === '' ? [] : [`sops finds it with SOPS_AGE_KEY_FILE=${path}`]),
    'sops encrypts for it with these lines in .sops.yaml:',
  ]
  await sayLines(io.host.stderr, [...hintLines(hints, io.host), 'creation_rules:', `  - age: ${pair.recipient}`])
  await io.say(pair.recipient)
  return 0
}
