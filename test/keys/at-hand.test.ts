// What lies ready is used, and nothing else is asked: no passphrase, no command, no plugin.
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { localKeyService } from '../../src/groups/data-key.ts'
import { encodeBech32 } from '../../src/keys/age/bech32.ts'
import { keyTypes } from '../../src/keys/key-types.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { type Sandbox, sandbox } from '../support/cli.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { fakeContext } from '../support/context.ts'

const identity = readFileSync(join(keysFolder, 'one.age'), 'utf8')
const recipient = /age1[a-z0-9]+/.exec(identity)![0]
const dataKey = Buffer.alloc(32, 7)

let box: Sandbox | undefined
afterEach(() => box?.remove())

async function wrapped(): Promise<MasterKey> {
  const ctx = fakeContext()
  const key: MasterKey = { type: 'age', fields: { recipient }, enc: '' }
  return { ...key, enc: await keyTypes.age.wrap(key, dataKey, ctx) }
}

test('an identity in a variable opens', async () => {
  const ctx = fakeContext({ cwd: '/', env: { SOPS_AGE_KEY: identity } })
  expect(await localKeyService(ctx).unwrap(await wrapped(), { atHand: true })).toEqual(dataKey)
})

test('a command that gives identities is not run, and is still run when it is asked for', async () => {
  box = sandbox({ 'give.sh': `#!/bin/sh\ntouch "$0.ran"\ncat <<'X'\n${identity}\nX\n` })
  chmodSync(box.path('give.sh'), 0o755)
  const ctx = fakeContext({ cwd: '/', env: { SOPS_AGE_KEY_CMD: box.path('give.sh'), PATH: process.env['PATH'] } })
  const service = localKeyService(ctx)
  expect(await service.unwrap(await wrapped(), { atHand: true })).toMatchObject({ unavailable: expect.any(String) })
  expect(existsSync(box.path('give.sh.ran'))).toBe(false)
  expect(await service.unwrap(await wrapped())).toEqual(dataKey)
})

test('a plugin is not started', async () => {
  box = sandbox({ 'age-plugin-x': '#!/bin/sh\ntouch "$0.ran"\n' })
  chmodSync(box.path('age-plugin-x'), 0o755)
  const plugin = encodeBech32('age-plugin-x-', Buffer.alloc(4)).toUpperCase()
  const ctx = fakeContext({ cwd: '/', env: { SOPS_AGE_KEY: plugin, PATH: `${box.dir}:${process.env['PATH']}` } })
  const service = localKeyService(ctx)
  expect(await service.unwrap(await wrapped(), { atHand: true })).toMatchObject({ unavailable: expect.any(String) })
  expect(existsSync(box.path('age-plugin-x.ran'))).toBe(false)
  await service.unwrap(await wrapped()).catch(() => undefined)
  expect(existsSync(box.path('age-plugin-x.ran'))).toBe(true)
})
