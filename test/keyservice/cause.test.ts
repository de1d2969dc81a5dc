import { expect, test } from 'vitest'
import { withCause } from '../../src/keyservice/cause.ts'
import { listen } from '../support/emulators/listen.ts'

const said = (cause: string): string => `No connection established. Last error: ${cause}. Resolution note: `

test.each([
  ['127.0.0.1:1', /^connect ECONNREFUSED 127\.0\.0\.1:1$/],
  ['[::1]:1', /^connect E\w+ ::1:1\b/],
  ['/nonexistent/socket', /^connect ENOENT \/nonexistent\/socket$/],
])('the cause that was lost is found out: %s', async (host, cause) => {
  const details = await withCause(said('null'), host)
  expect(details.slice('No connection established. Last error: '.length, -'. Resolution note: '.length)).toMatch(cause)
})

test('a server that is there again is told apart', async () => {
  const server = await listen((_, response) => response.end())
  expect(await withCause(said('null'), `127.0.0.1:${server.port}`)).toBe(said('the connection was lost'))
  await server.close()
})

test('a cause that is known stays, and so do other words', async () => {
  for (const details of [said('connect ECONNREFUSED 127.0.0.1:1'), 'Last error: null.', 'denied'])
    expect(await withCause(details, '127.0.0.1:1')).toBe(details)
})
