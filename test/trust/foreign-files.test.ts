// A file that somebody else wrote names keys and recipients: looking at it asks nobody and starts nothing (`git log -p` in a clone, `doctor`).
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { encodeBech32 } from '../../src/keys/age/bech32.ts'
import { generateIdentity } from '../../src/keys/age/keygen.ts'
import { type CliResult, runCli, type Sandbox, sandbox } from '../support/cli.ts'
import { answerOf, hostileKeyService } from '../support/key-service.ts'

const recipient = encodeBech32('age1evil', Buffer.from('recipient'))
const identity = encodeBech32('AGE-PLUGIN-EVIL-', Buffer.from('identity')).toUpperCase()
const refusal = 'git config --global sops.networkKeys true, SOPS_NETWORK_KEYS=1 or --network-keys lets them be used'

let box: Sandbox
let server: Server
let requests: string[]
let env: Record<string, string>

beforeEach(async () => {
  box = sandbox()
  requests = []
  server = createServer((request, response) => {
    requests.push(`${request.url} ${request.headers['x-vault-token']}`)
    response.statusCode = 403
    response.end('{"errors":["no"]}')
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  mkdirSync(box.path('bin'))
  writeFileSync(box.path('bin/age-plugin-evil'), `#!/bin/sh\ntouch ${box.path('started')}\nexit 1\n`)
  chmodSync(box.path('bin/age-plugin-evil'), 0o755)
  mkdirSync(box.path('clone'))
  execFileSync('git', ['init', '-q'], { cwd: box.path('clone') })
  env = {
    PATH: `${box.path('bin')}${delimiter}${process.env.PATH}`,
    HOME: box.dir,
    GIT_CONFIG_GLOBAL: box.path('gitconfig'),
    GIT_CONFIG_NOSYSTEM: '1',
    VAULT_ADDR: address(),
    VAULT_TOKEN: 'hvs.token',
  }
})
afterEach(() => {
  server.close()
  box.remove()
})

const address = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const sops = (words: readonly string[], more: Record<string, string> = {}): Promise<CliResult> =>
  runCli(words, { home: box.dir, cwd: box.path('clone'), env: { ...env, ...more } })

const git = (...words: string[]): void => {
  execFileSync('git', words, { cwd: box.path('clone'), env: { ...process.env, ...env } })
}

const armor = '-----BEGIN AGE ENCRYPTED FILE-----'

/** An encrypted file with these recipients in the place of its own. */
async function foreign(keys: string): Promise<string> {
  const { recipient: theirs } = await generateIdentity()
  writeFileSync(box.path('clone/f.yaml'), 'a: 1\n')
  const { stdout } = await sops(['encrypt', '--age', theirs, 'f.yaml'])
  const text = stdout.toString().replace(/^ {4}age:\n(?: {8}.*\n)+/m, `${keys}\n`)
  expect(text).not.toContain(armor)
  writeFileSync(box.path('clone/f.yaml'), text)
  return text
}

const dates = "created_at: '2026-01-01T00:00:00Z'"
const vaultKey = (): string =>
  `    hc_vault:\n        - vault_address: ${address()}\n          engine_path: transit\n          key_name: k\n          ${dates}\n          enc: vault:v1:AAAA`

const networkKeys: readonly (readonly [type: string, keys: string])[] = [
  ['kms', `    kms:\n        - arn: arn:aws:kms:us-east-1:1:key/1\n          ${dates}\n          enc: AAAA`],
  [
    'gcp_kms',
    `    gcp_kms:\n        - resource_id: projects/p/locations/l/keyRings/r/cryptoKeys/k\n          ${dates}\n          enc: AAAA`,
  ],
  [
    'hckms',
    `    hckms:\n        - key_id: eu-west-1:00000000-0000-0000-0000-000000000000\n          ${dates}\n          enc: AAAA`,
  ],
  [
    'azure_kv',
    `    azure_kv:\n        - vault_url: https://evil.vault.azure.net\n          name: k\n          version: v\n          ${dates}\n          enc: AAAA`,
  ],
]

describe('keys that need the network', () => {
  test.each(['git textconv', 'doctor'])('%s asks none of them', async (command) => {
    const text = await foreign(vaultKey())
    const { stdout } = await sops([...command.split(' '), 'f.yaml'])
    expect(requests).toEqual([])
    expect(stdout.toString()).toContain(refusal)
    if (command === 'git textconv') {
      expect(stdout.toString()).toMatch(/^# sops: shown encrypted: .*\n# sops: not all keys were tried: .*\n/)
      expect(stdout.toString().endsWith(text)).toBe(true)
    } else expect(stdout.toString()).toContain(`    hc_vault ${address()}/v1/transit/keys/k: not tried\n`)
  })

  test.each(networkKeys)('doctor does not try %s', async (type, keys) => {
    await foreign(keys)
    const { stdout } = await sops(['doctor', 'f.yaml'])
    expect(stdout.toString()).toMatch(new RegExp(`^ {4}${type} .*: not tried$`, 'm'))
  })

  const allowed: readonly (readonly [string, () => Promise<CliResult>])[] = [
    ['a flag', () => sops(['git', 'textconv', '--network-keys', 'f.yaml'])],
    ['a flag of doctor', () => sops(['doctor', '--network-keys', 'f.yaml'])],
    ['a variable', () => sops(['git', 'textconv', 'f.yaml'], { SOPS_NETWORK_KEYS: '1' })],
    ["a variable in git's words", () => sops(['git', 'textconv', 'f.yaml'], { SOPS_NETWORK_KEYS: 'Yes' })],
    ['a flag before a variable', () => sops(['doctor', '--network-keys', 'f.yaml'], { SOPS_NETWORK_KEYS: 'perhaps' })],
    [
      "the user's git configuration",
      () => {
        git('config', '--global', 'sops.networkKeys', 'yes')
        return sops(['git', 'textconv', 'f.yaml'])
      },
    ],
  ]
  test.each(allowed)('are asked where %s says so', async (_, run) => {
    await foreign(vaultKey())
    await run()
    expect(requests).toEqual(['/v1/transit/decrypt/k hvs.token'])
  })

  const notAllowed: readonly (readonly [string, () => Record<string, string>])[] = [
    [
      'the configuration of the repository',
      () => {
        git('config', '--local', 'sops.networkKeys', 'true')
        return {}
      },
    ],
    [
      'a file of the repository that the user includes',
      () => {
        writeFileSync(box.path('clone/included'), '[sops]\n\tnetworkKeys = true\n')
        writeFileSync(box.path('gitconfig'), `[include]\n\tpath = ${box.path('clone/included')}\n`)
        return {}
      },
    ],
    [
      "variables of git's that name a repository",
      () => {
        git('config', '--local', 'sops.networkKeys', 'true')
        const file = box.path('clone/.git/config')
        return { GIT_DIR: box.path('clone/.git'), GIT_CONFIG: file, GIT_CONFIG_PARAMETERS: "'sops.networkkeys'='true'" }
      },
    ],
    [
      "no, over the user's git configuration",
      () => {
        git('config', '--global', 'sops.networkKeys', 'true')
        return { SOPS_NETWORK_KEYS: 'false' }
      },
    ],
    [
      "no in git's words",
      () => {
        git('config', '--global', 'sops.networkKeys', 'true')
        return { SOPS_NETWORK_KEYS: 'no' }
      },
    ],
    ['a variable that is empty', () => ({ SOPS_NETWORK_KEYS: '' })],
    [
      'no, in words that are none',
      () => {
        writeFileSync(box.path('gitconfig'), '[sops]\n\tnetworkKeys = perhaps\n')
        return {}
      },
    ],
    ['nobody, where there is no git', () => ({ PATH: box.path('bin') })],
  ]
  test.each(notAllowed)('are not asked where it is %s', async (_, prepare) => {
    await foreign(vaultKey())
    await sops(['git', 'textconv', 'f.yaml'], prepare())
    expect(requests).toEqual([])
  })

  test('are not asked where the variable says neither yes nor no: a difference is shown all the same, doctor refuses', async () => {
    const text = await foreign(vaultKey())
    git('config', '--global', 'sops.networkKeys', 'true')
    const wrong = { SOPS_NETWORK_KEYS: 'perhaps' }
    const reason = 'SOPS_NETWORK_KEYS says neither yes nor no: set it to 1 or 0'
    const shown = await sops(['git', 'textconv', 'f.yaml'], wrong)
    expect(shown.code).toBe(0)
    expect(shown.stdout.toString()).toContain(`\n# sops: not all keys were tried: ${reason}\n`)
    expect(shown.stdout.toString().endsWith(text)).toBe(true)
    const examined = await sops(['doctor', 'f.yaml'], wrong)
    expect([examined.code, examined.stdout.toString()]).toEqual([1, ''])
    expect(examined.stderr).toContain(reason)
    expect(examined.stderr).not.toContain('perhaps')
    expect(requests).toEqual([])
    // Commands that do not ask the question do not mind.
    expect((await sops(['filestatus', 'f.yaml'], wrong)).code).toBe(0)
  })

  test('are not asked for the newest version that a rule of the repository leaves open', async () => {
    await foreign(vaultKey())
    const rule = `creation_rules:\n  - azure_keyvault: https://evil.vault.azure.net/keys/k\n`
    writeFileSync(box.path('clone/.sops.yaml'), rule)
    const { stdout } = await sops(['doctor', 'f.yaml'])
    const latest = 'the latest version of "https://evil.vault.azure.net/keys/k" is not asked for: '
    expect(stdout.toString()).toContain(`  creation rule: ${latest}`)
  })
})

test.each(['git textconv', 'doctor'])('%s asks no key service elsewhere', async (command) => {
  await foreign(vaultKey())
  const socket = box.path('s')
  const stop = await hostileKeyService(socket, (_call, done) => {
    requests.push('key service')
    done(null, answerOf(Buffer.alloc(32)))
  })
  const words = [...command.split(' '), 'f.yaml']
  const services = { SOPS_KEYSERVICE: `unix://${socket}`, SOPS_ENABLE_LOCAL_KEYSERVICE: 'false' }
  await sops(words, services)
  expect(requests).toEqual([])
  await sops(words, { ...services, SOPS_NETWORK_KEYS: 'true' })
  expect(requests).toEqual(['key service'])
  stop()
})

describe('age plugins', () => {
  const stanza = Buffer.from(
    `age-encryption.org/v1\n-> evil x\n${Buffer.alloc(16).toString('base64').replace(/=+$/, '')}\n--- ${Buffer.alloc(32).toString('base64').replace(/=+$/, '')}\n`,
  ).toString('base64')
  const keys = `    age:\n        - recipient: ${recipient}\n          enc: |\n            ${armor}\n${stanza.replace(/.{1,64}/g, '            $&\n')}            -----END AGE ENCRYPTED FILE-----`

  test.each(['git textconv', 'doctor'])('%s starts none, even for an identity of the user', async (command) => {
    const { recipient: theirs } = await generateIdentity()
    writeFileSync(box.path('clone/f.yaml'), 'a: 1\n')
    await sops(['encrypt', '-i', '--age', theirs, 'f.yaml'])
    const words = [...command.split(' '), 'f.yaml']
    const { stdout } = await sops(words, { SOPS_AGE_KEY: identity })
    expect(existsSync(box.path('started'))).toBe(false)
    expect(stdout.toString()).toContain(refusal)
    await sops(words, { SOPS_AGE_KEY: identity, SOPS_NETWORK_KEYS: '1' })
    expect(existsSync(box.path('started'))).toBe(true)
  })

  test('decrypt starts none that only a file names', async () => {
    const { recipient: theirs } = await generateIdentity()
    writeFileSync(box.path('clone/f.yaml'), 'a: 1\n')
    const { stdout } = await sops(['encrypt', '--age', theirs, 'f.yaml'])
    const text = stdout.toString().replace(/^ {4}age:\n(?: {8}.*\n)+/m, `${keys}\n`)
    writeFileSync(box.path('clone/f.yaml'), text)
    expect((await sops(['decrypt', 'f.yaml'])).code).toBe(128)
    expect(existsSync(box.path('started'))).toBe(false)
  })
})
