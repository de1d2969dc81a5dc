import { describe, expect, test } from 'vitest'
import { parseAddress } from '../../src/keyservice/address.ts'

describe('addresses of key services', () => {
  test.each([
    ['tcp://127.0.0.1:5000', 'dns:127.0.0.1:5000'],
    ['tcp://example.org:5000', 'dns:example.org:5000'],
    ['tcp://example.org', 'dns:example.org:443'],
    ['tcp://example.org:', 'dns:example.org:443'],
    ['TCP4://127.0.0.1:1', 'dns:127.0.0.1:1'],
    ['tcp6://[::1]:5000', 'dns:[::1]:5000'],
    ['tcp://[::1]', 'dns:[::1]:443'],
    ['tcp://user@host:1/path?query#fragment', 'dns:host:1'],
    ['unix:///run/sops.sock', 'unix:///run/sops.sock'],
    ['unix:/run/sops.sock', 'unix:///run/sops.sock'],
    ['unix:////run/sops.sock', 'unix:///run/sops.sock'],
    ['unix:///tmp/a b/c:d.sock', 'unix:///tmp/a b/c:d.sock'],
    ['unix:///tmp/a%20b.sock', 'unix:///tmp/a b.sock'],
  ])('%s', (uri, target) => {
    expect(parseAddress(uri)).toMatchObject({ target })
  })

  test.each([
    '',
    'name',
    'localhost:5000',
    'udp://127.0.0.1:1',
    'unix://relative/path',
    'unix:relative',
    'unix://',
    'unix:///',
    'unix:///tmp/%00',
    'tcp://',
    'tcp://:5000',
    'tcp:5000',
    'tcp://a%2fb:1',
    'tcp://[zz]:1',
  ])('%s is accepted, and fails when it is used', (uri) => {
    expect(parseAddress(uri)).toMatchObject({ kind: 'unusable' })
  })

  test.each(['127.0.0.1:5000', ':5000', 'tcp://h\x7f', 'tcp://h\n', 'unix:///%zz', 'tcp://h:port', 'tcp://a:1:2'])(
    '%j is no address',
    (uri) => {
      expect(parseAddress(uri)).toBeUndefined()
    },
  )
})
