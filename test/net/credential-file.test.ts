// What a file of credentials may be: anything that ends.
import { execFileSync, spawn } from 'node:child_process'
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { messageOf } from '../../src/errors.ts'
import { readCredentials, readCredentialsSync } from '../../src/net/credential-file.ts'
import { sandbox } from '../support/cli.ts'
import { fakeContext } from '../support/context.ts'

const box = sandbox({ token: 'not a secret\n', 'folder/x': '' })
afterAll(() => box.remove())

const ways: readonly (readonly [string, (path: string) => Promise<string>])[] = [
  ['readCredentials', (path) => readCredentials(path, fakeContext())],
  ['readCredentialsSync', async (path) => readCredentialsSync(path)],
]

describe.each(ways)('%s', (_, read) => {
  const refusal = (path: string): Promise<string> =>
    read(path).then(
      () => 'no failure',
      (error) => messageOf(error),
    )

  it('gives the text of a file', async () => {
    expect(await read(box.path('token'))).toBe('not a secret\n')
  })

  it('names what cannot be read', async () => {
    expect(await refusal(box.path('nowhere'))).toBe(`open ${box.path('nowhere')}: no such file or directory`)
    expect(await refusal(box.path('folder'))).toMatch(/folder: (?:is a directory|permission denied)$/)
    writeFileSync(box.path('long'), '')
    truncateSync(box.path('long'), 20 * 1024 * 1024)
    expect(await refusal(box.path('long'))).toBe(`read ${box.path('long')}: file too large`)
  })

  describe.skipIf(process.platform === 'win32')('what is no file', () => {
    const pipe = (): string => {
      const path = box.path(`pipe${Math.random()}`)
      execFileSync('mkfifo', [path])
      return path
    }

    it('takes only so much of a device', async () => {
      expect(await refusal('/dev/zero')).toBe('read /dev/zero: file too large')
    })

    it('waits for the writer of a pipe, and for all that it writes', async () => {
      const path = pipe()
      const writer = spawn('sh', ['-c', 'exec >"$0"; sleep 0.2; echo one; sleep 0.2; echo two', path])
      expect(await read(path)).toBe('one\ntwo\n')
      expect(writer.pid).toBeDefined()
    })

    it('takes what a writer left that has nothing to say', async () => {
      const path = pipe()
      spawn('sh', ['-c', 'exec >"$0"; sleep 0.2', path])
      expect(await read(path)).toBe('')
    })

    it('refuses a pipe that nobody writes to', async () => {
      const path = pipe()
      expect(await refusal(path)).toBe(`${path} is a named pipe that nothing writes to`)
    })
  })
})

it('is the only way in which cloud keys read files', () => {
  const keys = join(import.meta.dirname, '../../src/keys')
  const others = readdirSync(keys, { recursive: true, encoding: 'utf8' })
    .filter((name) => /^(?:kms|gcp-kms|azure-kv|hckms|hc-vault)\b.*\.ts$/.test(name))
    .filter((name) => /\breadFile(?:Sync)?\b/.test(readFileSync(join(keys, name), 'utf8')))
  expect(others).toEqual([])
})
