// Which servers of Vault are spoken to: what the environment says, against what files name.
import { describe, expect, test } from 'vitest'
import { checkRedirect, placeAt, placeOrAgent } from '../../src/vault/place.ts'
import { fakeContext } from '../support/context.ts'

const path = 'transit/encrypt/k'
const list = (text: string) => ({ SOPS_HC_VAULT_ALLOWLIST: text })
const addr = (text: string) => ({ VAULT_ADDR: text })

type Env = Readonly<Record<string, string>>

/** The URL that is asked, or the first line of the refusal. */
function asked(address: string, env: Env, at = path, find = placeAt): string {
  try {
    const { url, socketPath } = find(address, at, fakeContext({ env }))
    return socketPath === undefined ? url.href : `${socketPath} ${url.pathname}`
  } catch (error) {
    return (error as Error).message
  }
}

describe('without a list VAULT_ADDR names the one server', () => {
  test.each([
    ['https://v.example:8200', 'https://v.example:8200', 'https://v.example:8200/v1/transit/encrypt/k'],
    ['https://V.EXAMPLE/', 'https://v.example:443', 'https://v.example/v1/transit/encrypt/k'],
    ['https://v.example/team', 'https://v.example', 'https://v.example/team/v1/transit/encrypt/k'],
    ['http://127.0.0.1:8200', 'http://127.0.0.1:8200/', 'http://127.0.0.1:8200/v1/transit/encrypt/k'],
    ['http://[::1]:8200', 'http://[::1]:8200', 'http://[::1]:8200/v1/transit/encrypt/k'],
    ['unix:///run/vault', 'unix:///run/vault', '/run/vault /v1/transit/encrypt/k'],
  ])('%s, where it is %s', (address, own, url) => {
    expect(asked(address, addr(own))).toBe(url)
  })

  test.each([
    ['https://evil.example', ''],
    ['https://evil.example', 'https://v.example'],
    ['https://v.example.evil.example', 'https://v.example'],
    ['https://v.example.', 'https://v.example'],
    ['https://v.example:8200', 'https://v.example'],
    ['http://127.0.0.1:8200', 'https://127.0.0.1:8200'],
    ['https://v.example', 'v.example'],
    ['https://v.example', 'unix:///run/vault'],
    ['https://v.example@evil.example', 'https://v.example'],
  ])('not %s, where it is %j: both lines that would allow it are named', (address, own) => {
    const { origin } = new URL(address)
    expect(asked(address, addr(own))).toBe(
      `the Vault server ${origin} is none that you named: nothing is sent there. Where it is yours, set one of\nVAULT_ADDR=${origin}\nSOPS_HC_VAULT_ALLOWLIST=${origin}`,
    )
  })

  test.each(['unix:///run/other', 'unix:///run/vault/../other', 'UNIX:///run/vault', 'unix://'])(
    'not %s',
    (address) => {
      expect(asked(address, addr('unix:///run/vault'))).toMatch(/^only VAULT_ADDR and VAULT_AGENT_ADDR may name/)
    },
  )
})

describe('a list names beginnings of addresses', () => {
  test.each([
    ['https://v.example', 'https://a.example, https://v.example'],
    ['https://v.example/team-a', 'https://v.example/team-a/'],
    ['https://v.example/team-a/x', 'https://v.example:443/team-a'],
    ['https://v.example', 'https://V.example/v1/transit'],
    ['https://u:p%40@v.example', 'https://v.example'],
    ['https://anything.example', 'all'],
  ])('%s by %s', (address, text) => {
    expect(asked(address, list(text))).toMatch(/\/v1\/transit\/encrypt\/k$/)
  })

  test.each([
    ['https://v.example/team-ab', 'https://v.example/team-a'],
    ['https://v.example', 'https://v.example/team-a'],
    ['https://v.example', 'https://v.example/v1/transit/encrypt/k2'],
    ['https://v.example.evil.example', 'https://v.example'],
    ['https://v.example:8200', 'https://v.example:820'],
    ['https://v.example@evil.example', 'https://v.example'],
    ['https://v.example:8200@evil.example', 'https://v.example:8200'],
    ['http://v.example', 'https://v.example'],
    ['https://v.example', 'https://'],
    ['https://v.example', 'v.example'],
    ['https://v.example', 'none'],
    ['https://v.example', 'https://a.example,all'],
  ])('not %s by %s', (address, text) => {
    // VAULT_ADDR adds nothing to a list.
    expect(asked(address, { ...list(text), ...addr(address) })).toMatch(/^Allowlist does not allow /)
  })

  test('a socket as it is, where VAULT_ADDR is the same', () => {
    const socket = 'unix:///run/vault'
    expect(asked(socket, { ...list(socket), ...addr(socket) })).toBe('/run/vault /v1/transit/encrypt/k')
    expect(asked(socket, { ...list('none'), ...addr(socket) })).toMatch(/^Allowlist does not allow/)
    expect(asked(socket, list(socket))).toMatch(/^only VAULT_ADDR/)
    expect(asked(socket, list('all'))).toMatch(/^only VAULT_ADDR/)
  })
})

describe('clear text to another machine', () => {
  const refusal =
    'the token would be sent in clear text to http://v.internal:8200. Where that has to be, set\nSOPS_HC_VAULT_ALLOWLIST=http://v.internal:8200'
  test.each([[addr('http://v.internal:8200')], [list('all')]])('%j does not allow it', (env) => {
    expect(asked('http://v.internal:8200', env)).toBe(refusal)
    expect(asked('https://v.example', { ...env, VAULT_AGENT_ADDR: 'http://v.internal:8200' }, path, placeOrAgent)).toBe(
      refusal,
    )
  })

  test('an entry of its own does', () => {
    expect(asked('http://v.internal:8200', list('http://v.internal:8200'))).toMatch(/^http:/)
    expect(asked('http://v.internal:82', list('http://v.internal:8200'))).toMatch(/^Allowlist does not allow/)
  })

  test('without VAULT_ADDR only the line that is enough is named', () => {
    expect(asked('http://v.internal', {})).toBe(
      'the Vault server http://v.internal is none that you named: nothing is sent there. Where it is yours, set one of\nSOPS_HC_VAULT_ALLOWLIST=http://v.internal',
    )
  })
})

describe('the agent of VAULT_AGENT_ADDR takes the place of every server', () => {
  const agent = { VAULT_AGENT_ADDR: 'http://127.0.0.1:8100' }
  test.each([
    ['https://v.example', agent, 'http://127.0.0.1:8100/v1/transit/encrypt/k'],
    ['unix:///run/other', agent, 'http://127.0.0.1:8100/v1/transit/encrypt/k'],
    ['https://v.example', { VAULT_AGENT_ADDR: 'unix:///run/agent' }, '/run/agent /v1/transit/encrypt/k'],
    ['https://v.example', { ...agent, ...list('https://v.example') }, 'http://127.0.0.1:8100/v1/transit/encrypt/k'],
    [
      'https://v.example',
      { ...agent, ...list('none') },
      'Allowlist does not allow https://v.example (SOPS_HC_VAULT_ALLOWLIST)',
    ],
    ['https://v.example', { VAULT_AGENT_ADDR: 'x' }, 'VAULT_AGENT_ADDR is not a URL of http, https or unix'],
  ])('%s, %j', (address, env, expected) => {
    expect(asked(address, env as Env, path, placeOrAgent)).toBe(expected)
  })
})

const hostile = [
  ...[
    '',
    '.',
    '..',
    '...',
    ' ',
    '..;',
    '..;x',
    '%2e%2e',
    '%2E.',
    'a%2fb',
    'a%252fb',
    '%',
    'a\\b',
    '..\\b',
    'a?b',
    'a#b',
  ],
  ...[
    'a\0b',
    'a\nb',
    'a\u007fb',
    'a\u0085b',
    'a\u2028b',
    'a\u202eb',
    '\u200b',
    '\ufeff',
    'a\ud800',
    '．．',
    '‥',
    'a／b',
    'a％2fb',
  ],
]

describe('paths', () => {
  test.each(hostile)('%j is no part of one', (part) => {
    for (const text of [part, `${part}/a`, `a/${part}`, `a/${part}/b`]) {
      expect(asked('https://v.example', list('all'), text)).toMatch(/^the Vault path .* is refused: /)
      expect(asked('https://v.example', { ...list('all'), VAULT_AGENT_ADDR: 'https://a' }, text, placeOrAgent)).toMatch(
        /^the Vault path .* is refused: /,
      )
    }
  })

  test.each([
    ['kv/data/a b/é.yaml', '/v1/kv/data/a%20b/%C3%A9.yaml'],
    ['a/..b/c..', '/v1/a/..b/c..'],
    ["a/!$&'()*+,=:@~_-", '/v1/a/%21$&%27%28%29%2A+,=:@~_-'],
  ])('%s', (text, expected) => {
    expect(new URL(asked('https://v.example', list('all'), text)).pathname).toBe(expected)
  })
})

describe('addresses', () => {
  test.each([
    ...hostile.filter((part) => !/^[ .;]*$|\?|#/.test(part)).map((part) => `https://v.example/${part}`),
    'https://v.example/team-a/../team-b',
    'https://v.example//team-b',
    'https://v.example/team-a//',
    'https://v.example?x',
    'https://v.example/?x',
    'https://v.example#x',
    'https://v.example\\@evil.example',
    'https://evil.example\\.v.example',
    'https://v.example%00',
    'https://v.exa\tmple',
    ' https://v.example',
    'https://v.example ',
    'https:v.example',
    'https:/v.example',
    'https:///v.example',
    'https://a@b@v.example',
    'https://$(id).example',
    'https://`id`.example',
    'https://a;id.example',
    'https://v.example:99999',
    'https://v.example:x',
    'https://',
    'v.example',
    'ftp://v.example',
    'file:///etc/passwd',
    'javascript:1',
    '',
  ])('%j is none', (address) => {
    expect(asked(address, { ...list('all'), ...addr('https://v.example') })).toMatch(
      /^the (path in the )?Vault address .* is refused: /,
    )
  })
})

describe('redirects', () => {
  const from = (address: string, env: Env, find = placeAt) => {
    const ctx = fakeContext({ env })
    const place = find(address, path, ctx)
    return (target: string): string => {
      try {
        checkRedirect(place, new URL(target), ctx)
        return 'followed'
      } catch (error) {
        return (error as Error).message.split('\n')[0]!
      }
    }
  }

  test('stay with the server of VAULT_ADDR', () => {
    const redirect = from('https://v.example', addr('https://v.example'))
    expect(redirect('https://v.example/v1/other')).toBe('followed')
    for (const target of ['https://evil.example/', 'https://v.example:1/', 'https://v.example@evil.example/'])
      expect(redirect(target)).toMatch(/^redirect to another server: the Vault server https:/)
  })

  test('stay within the list', () => {
    const redirect = from('https://v.example/a', list('https://v.example/a,https://w.example'))
    expect(redirect('https://w.example/v1/x')).toBe('followed')
    expect(redirect('https://v.example/a/v1/x')).toBe('followed')
    for (const target of ['https://v.example/b', 'https://v.example/a/../b', 'https://evil.example'])
      expect(redirect(target)).toMatch(/^redirect to another server: Allowlist does not allow/)
  })

  test.each([
    'https://v.example/a/..%2fb',
    'https://v.example/a/%2e%2e%2fb',
    'https://v.example/a/..%5cb',
    'https://v.example/a/%252e%252e/b',
    'https://v.example/a//b',
    'https://v.example/a/..;x/b',
    'https://v.example/a/%zz',
    'https://v.example/a/v1/x%00',
  ])('never lead to %s', (target) => {
    for (const env of [list('https://v.example/a'), list('all'), addr('https://v.example')])
      expect(from('https://v.example/a', env)(target)).toMatch(/^a redirect to the path .* is refused: /)
    expect(from('https://v.example', { VAULT_AGENT_ADDR: 'https://v.example' }, placeOrAgent)(target)).toMatch(
      /^a redirect to the path .* is refused: /,
    )
  })

  test('may have escapes in the names of a path', () => {
    expect(from('https://v.example/a', list('https://v.example/a'))('https://v.example/a/v1/b%20c/d%C3%A9')).toBe(
      'followed',
    )
  })

  test('stay with the agent', () => {
    const redirect = from('https://v.example', { VAULT_AGENT_ADDR: 'http://127.0.0.1:1' }, placeOrAgent)
    expect(redirect('http://127.0.0.1:1/x')).toBe('followed')
    expect(redirect('http://127.0.0.1:2/x')).toMatch(/^redirect to another server: /)
    expect(redirect('https://v.example/')).toMatch(/^redirect to another server: /)
  })
})
