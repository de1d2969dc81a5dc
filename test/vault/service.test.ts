// VAULT_SRV_LOOKUP: the server that a domain names, and that clear text does not leave the machine on its word.
import { Socket } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { hcVault } from '../../src/keys/hc-vault.ts'
import { fakeContext } from '../support/context.ts'

const names: string[] = []
vi.mock('node:dns/promises', () => ({
  resolveSrv: async (name: string) => {
    names.push(name)
    return [
      { name: 'second.example', port: 8202, priority: 2, weight: 1 },
      { name: 'first.example', port: 8201, priority: 1, weight: 1 },
    ]
  },
}))
afterEach(() => {
  vi.restoreAllMocks()
})

test.each([
  ['https://v.example', ['_http._tcp.v.example'], ['first.example:8201'], /cannot reach first\.example:8201/],
  ['http://localhost', ['_http._tcp.localhost'], [], /sent in clear text to http:\/\/first\.example:8201/],
  ['https://v.example:8200', [], ['v.example:8200'], /cannot reach v\.example:8200/],
])('%s', async (address, looked, asked, text) => {
  names.length = 0
  const hosts: string[] = []
  vi.spyOn(Socket.prototype, 'connect').mockImplementation(function (this: Socket, ...args: unknown[]) {
    const [first] = args
    const { host, port } = (Array.isArray(first) ? first[0] : first) as Record<string, unknown>
    hosts.push(`${host}:${port}`)
    process.nextTick(() => this.destroy(new Error('no connection is made in this test')))
    return this
  })
  const env = { VAULT_ADDR: address, VAULT_TOKEN: 'test-token', VAULT_SRV_LOOKUP: 'true' }
  const fields = { vault_address: address, engine_path: 'transit', key_name: 'k' }
  const wrapping = hcVault.wrap({ type: 'hc_vault', fields, enc: '' }, new Uint8Array(32), fakeContext({ env }))
  await expect(wrapping).rejects.toThrow(text)
  expect([names, hosts]).toEqual([looked, asked])
})
