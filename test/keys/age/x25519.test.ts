// Ephemeral X25519 keys: their point is that of their scalar, and making one never waits for itself.
import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ephemeralKey, publicPoint, scalarKey, sharedSecret } from '../../../src/keys/age/x25519.ts'

test('the share is the public point', () => {
  for (let i = 0; i < 50; i++) {
    const { privateKey, share } = ephemeralKey()
    const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
    expect(share).toEqual(der.subarray(-32))
  }
})

test('the base point gives what is exported', () => {
  const key = scalarKey(Buffer.alloc(32, 0x77))
  expect(sharedSecret(key, Uint8Array.of(9, ...new Uint8Array(31)))).toEqual(publicPoint(key))
})

// The lock of a generated key is held while its JWK is made (Node 20): whoever exports one may wait for itself when memory is collected.
test('no generated key is exported', () => {
  const source = readFileSync(join(import.meta.dirname, '../../../src/keys/age/x25519.ts'), 'utf8')
  const made = source.slice(source.indexOf('export function ephemeralKey'))
  expect(made.slice(0, made.indexOf('\n}\n'))).not.toContain('export(')
})
