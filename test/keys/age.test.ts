import { expect, test } from 'vitest'
import { age } from '../../src/keys/age.ts'
import { fakeContext } from '../support/context.ts'

const one = {
  recipient: 'age1y9ff66k7cr0zgmwu3vcw8tcxycnk50ncwzlca0axt28yw0tyxujsxh4de5',
  identity: 'AGE-SECRET-KEY-1GA6JVYWYXS8EPL4SPWUGCLSYZPMQEMCPKGAH8Y9EKRNESR0HKPUQJ4G9KP',
}
const dataKey = Buffer.alloc(32, 7)

test('wraps and unwraps', async () => {
  const ctx = fakeContext({ env: { SOPS_AGE_KEY: one.identity } })
  const [key] = await age.parse(one.recipient, ctx)
  const enc = await age.wrap(key!, dataKey, ctx)
  expect(enc).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n[^]*\n-----END AGE ENCRYPTED FILE-----\n$/)
  expect(await age.unwrap({ ...key!, enc }, ctx)).toEqual(dataKey)
})
