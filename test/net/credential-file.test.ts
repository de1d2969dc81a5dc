// What a file of credentials may be: anything that ends.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readCredentials, readCredentialsSync } from '../../src/net/credential-file.ts'
import { sandbox } from '../support/cli.ts'
import { fakeContext } from '../support/context.ts'

const ways: readonly (readonly [string, (path: string) => Promise<string>])[] = [
  ['readCredentials', (path) => readCredentials(path, fakeContext())],
  ['readCredentialsSync', async (path) => readCredentialsSync(path)],
]

describe.each(ways)('%s', (_, read) => {
  it('gives the text of a file', async () => {
    const box = sandbox({ token: 'not a secret\n' })
    expect(await read(box.path('token'))).toBe('not a secret\n')
    box.remove()
  })

  it.skipIf(process.platform === 'win32')('takes only so much of a device', async () => {
    await expect(read('/dev/zero')).rejects.toThrow(expect.objectContaining({ code: 'EFBIG' }))
  })
})

it('is the only way in which cloud keys read files', () => {
  const keys = join(import.meta.dirname, '../../src/keys')
  const others = readdirSync(keys, { recursive: true, encoding: 'utf8' })
    .filter((name) => /^(?:kms|gcp-kms|azure-kv|hckms|hc-vault)\b.*\.ts$/.test(name))
    .filter((name) => /\breadFile(?:Sync)?\b/.test(readFileSync(join(keys, name), 'utf8')))
  expect(others).toEqual([])
})
