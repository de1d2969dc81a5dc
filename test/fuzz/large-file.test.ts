// A file whose encrypted form no string can hold, through the command line and back; in `npm test` a small one that takes the same way.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { expect, test } from 'vitest'
import { runCli, sandbox } from '../support/cli.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { isLong, numbersFrom, seed, timeout } from './budget.ts'

const pieces = isLong ? 600 : 3
const large = isLong ? {} : { largeFrom: 2 ** 20 }

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(path)) hash.update(bytes)
  return hash.digest('hex')
}

test(
  `${pieces} MiB`,
  async () => {
    const folder = sandbox()
    try {
      const identity = readFileSync(join(keysFolder, 'one.age'), 'utf8')
      const options = { cwd: folder.dir, env: { SOPS_AGE_KEY: identity }, ...large }
      const random = numbersFrom(seed)
      const piece = Buffer.from(Uint8Array.from({ length: 2 ** 20 }, () => random(256)))
      const out = createWriteStream(folder.path('f.bin'))
      for (let i = 0; i < pieces; i++) {
        piece.writeUInt32LE(i, 0)
        if (!out.write(Buffer.from(piece))) await once(out, 'drain')
      }
      out.end()
      await finished(out)
      const recipient = /age1[a-z0-9]+/.exec(identity)![0]
      const sealed = await runCli(['encrypt', '--age', recipient, '--output', 'f.enc', 'f.bin'], options)
      expect(sealed).toMatchObject({ code: 0, stderr: '' })
      expect(await runCli(['decrypt', '--output', 'f.out', 'f.enc'], options)).toMatchObject({ code: 0, stderr: '' })
      expect(await digestOf(folder.path('f.out'))).toBe(await digestOf(folder.path('f.bin')))
    } finally {
      folder.remove()
    }
  },
  timeout,
)
