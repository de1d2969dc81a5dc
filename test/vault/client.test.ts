// What is told of an answer that quotes what was sent.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { placeAt, vaultRequest } from '../../src/vault/index.ts'
import { fakeContext } from '../support/context.ts'
import { type RawServer, rawAnswer, startRaw } from '../support/emulators/raw.ts'

let raw: RawServer
beforeAll(async () => {
  raw = await startRaw()
})
afterAll(() => raw.close())

const told = (answer: string, body: unknown): Promise<string> => {
  raw.answer = answer
  const ctx = fakeContext({ env: { VAULT_ADDR: raw.url, VAULT_MAX_RETRIES: '0' } })
  return vaultRequest(ctx, { place: placeAt(raw.url, 'secret/data/x', ctx), token: 'tok-123456', method: 'PUT', body })
    .then(() => 'no failure')
    .catch((error: Error) => error.message)
}

const failed = (text: string): string => rawAnswer(400, 'application/json', JSON.stringify({ errors: [text] }))
const plain = (text: string): string => rawAnswer(400, 'text/plain', text)

test.each([
  ['a text', { a: 'hunter2' }, 'hunter2'],
  ['an integer', { a: { pin: 48291037 } }, '48291037'],
  ['a large integer', { a: [9007199254740993n] }, '9007199254740993'],
  ['a number', { a: 2.71875 }, '2.71875'],
  ['a text of several lines', { a: 'first\nsecond' }, 'first\nsecond'],
])('%s of the body', async (_, body, secret) => {
  for (const answer of [failed(`not ${secret}, please`), plain(`not ${secret}, please`)]) {
    const text = await told(answer, body)
    expect(text).toContain('not …, please')
    expect(text).not.toContain(secret)
  }
})

test('the body as a whole, with what is too short to be told from other words', async () => {
  const body = { a: 'abc', b: 7 }
  for (const answer of [failed(`got ${JSON.stringify(body)}`), plain(`got ${JSON.stringify(body)}`)]) {
    const text = await told(answer, body)
    expect(text).toContain('got …')
    expect(text).not.toContain('abc')
  }
})

test('a text is shortened only where no secret is left in it', async () => {
  for (const answer of [failed, plain]) {
    const text = await told(answer(`${'x'.repeat(1990)}${'hunter2-'.repeat(10)}${'y'.repeat(100_000)}`), {
      a: 'hunter2-'.repeat(10),
    })
    expect(text).toContain(`${'x'.repeat(1990)}…`)
    expect(text).not.toContain('hunter2')
    expect(text.length).toBeLessThan(2500)
  }
})
